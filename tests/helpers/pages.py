"""A page run through `app.py`, and what it answers."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from coverage.tables import PROJECT
from tests.helpers.seen import as_seen


def on(app: AppTest, file: str) -> AppTest:
    """The page of this file; `COMPARE` is a view of the Matrix page."""
    if file == COMPARE:
        file, app.query_params["show"] = "matrix.py", "compare"
    if file == DATA:
        app.run()  # before its first run AppTest finds a page by its address alone
    if file != FIRST:
        app.switch_page(f"coverage/pages/{file}")
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


FIRST = "overview.py"  # the page of the app's own address
DATA = "log_data.py"  # whose address is not its name: coverage.py has a module data
COMPARE = "compare"  # the view of the Matrix page


PATHS = [f"{name}={PROJECT / 'rules' / name}" for name in ("windows", "linux", "macos")]


def rerun(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception, page.exception[0].message
    return page


def answer(page: AppTest) -> str:
    """The page's answer in one sentence."""
    return as_seen(next(item.value for item in page.markdown if item.value.startswith("#### "))[5:])
