"""What a reader sees of a page's Markdown, for tests that compare words."""

from __future__ import annotations

import re


def as_seen(markdown: str) -> str:
    """The Markdown without what `coverage.text.plain` puts into it: its backslashes, and directives around
    nothing.
    """
    return re.sub(r"\\(.)", r"\1", markdown.replace(":small[]", ""))
