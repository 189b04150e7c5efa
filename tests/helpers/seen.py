"""What a reader sees of a page, for tests that compare words and cells."""

from __future__ import annotations

import json
import re
from typing import Any

from streamlit.testing.v1 import AppTest

from coverage.charts.matrix import CELL


def as_seen(markdown: str) -> str:
    """The Markdown without what `coverage.text.plain` puts into it: its backslashes, and directives around
    nothing.
    """
    return re.sub(r"\\(.)", r"\1", markdown.replace(":small[]", ""))


def matrix_of(page: AppTest) -> dict[str, Any]:
    """What the matrix on the page was given to draw."""
    (found,) = (
        one.proto for one in page.get("bidi_component") if one.proto.component_name == "coverage_matrix"
    )
    return json.loads(found.json)["matrix"]


def cells_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of a matrix by the names of their values."""
    return [dict(zip(CELL, cell, strict=True)) for cell in data["cells"]]


def with_open_sidebar(app: AppTest) -> AppTest:
    """The app as after a click on each expander of the sidebar: what is in one is made when it is open."""
    for key in ("advanced_open", "upload_open", "colours_open", "fetch_open"):
        app.session_state[key] = True
    return app
