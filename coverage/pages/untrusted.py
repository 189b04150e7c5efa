"""What rules wrote, shown on a page: the only place where their Markdown becomes HTML. Widgets only.

Streamlit's own Markdown knows images, directives, formulas and icons, so a rule's text never goes through it
as it is. Words of a rule within a sentence of ours go through `coverage.text.plain`.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from coverage.text import safe_html, safe_html_links, safe_html_list


def markdown(text: str) -> None:
    """A rule's Markdown: no image, no link but to the web, nothing that is run or fetched."""
    _show(safe_html(text))


def bullets(texts: Iterable[str]) -> None:
    """Several short texts of a rule as one list."""
    _show(safe_html_list(texts))


def links(texts: Iterable[str]) -> None:
    """References of a rule as one list."""
    _show(safe_html_links(texts))


def _show(html: str) -> None:
    if html.strip():
        st.html(html)
