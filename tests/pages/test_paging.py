"""Long tables page by page: one page is sent, all rows are sorted and searched."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.pages.paging import PAGE_ROWS, contains, sorted_places

NAMES = ["beta", "Alpha", None, "gamma", "alpha"]


@pytest.mark.parametrize(
    ("values", "rising", "falling"),
    [
        (NAMES, [1, 4, 0, 3, 2], [3, 0, 1, 4, 2]),
        ([("T2",), (), ("T1", "T3"), ("T1",)], [3, 2, 0, 1], [0, 2, 3, 1]),
        ([10.0, 9.0, None, 100.0], [1, 0, 3, 2], [3, 0, 1, 2]),
        (list(pd.to_datetime(["2026-02-01", None, "2025-12-31"])), [2, 0, 1], [0, 2, 1]),
        ([True, None, False], [2, 0, 1], [0, 2, 1]),
        ([], [], []),
    ],
)
def test_rows_are_sorted_with_empty_ones_last(values, rising, falling):
    column = pd.Series(values, index=range(7, 7 + len(values)))
    assert sorted_places(column).tolist() == rising
    assert sorted_places(column, falling=True).tolist() == falling


def test_rows_are_searched_in_every_column():
    frame = pd.DataFrame(
        {"name": NAMES, "ids": [("T1059",), (), (), ("T1003", "T1059"), ()], "risk": [7, 47, 1, 2, 3]}
    )
    assert contains(frame, "alpha").tolist() == [False, True, False, False, True]
    assert contains(frame, "t1059").tolist() == [True, False, False, True, False]
    assert contains(frame, "47").tolist() == [False, True, False, False, False]
    assert contains(frame.head(0), "a").tolist() == []


def long_table(rows: int) -> None:
    """A table as a page shows it; its names fall while the numbers rise."""
    import pandas as pd
    import streamlit as st

    from coverage.pages import parts

    frame = pd.DataFrame(
        {
            "key": [f"k{n}" for n in range(rows)],
            "name": [f"rule {rows - n:05}" for n in range(rows)],
            "number": range(rows),
        }
    )
    config = {"name": st.column_config.TextColumn("Rule"), "number": "Number"}
    parts.chosen_row(frame, "made", config, order=list(config))


def made(rows: int) -> AppTest:
    page = AppTest.from_function(long_table, args=(rows,), default_timeout=60).run()
    assert not page.exception
    return page


def table(page: AppTest) -> pd.DataFrame:
    assert not page.exception
    return page.dataframe[0].value


def test_a_short_table_is_sent_whole_and_only_what_is_shown_of_it():
    page = made(PAGE_ROWS)
    assert table(page).shape == (PAGE_ROWS, 2) and list(table(page)) == ["name", "number"]
    assert not page.number_input and not page.text_input and not page.caption


def test_of_a_long_table_one_page_is_sent_and_the_total_is_said():
    page = made(2 * PAGE_ROWS + 345)
    assert page.caption[0].value == "Showing 1–1,000 of 2,345 rows"
    assert table(page)["number"].tolist() == list(range(1000))
    page.number_input[0].set_value(3).run()
    assert table(page)["number"].tolist() == list(range(2000, 2345))
    assert page.caption[0].value == "Showing 2,001–2,345 of 2,345 rows"


def test_sorting_and_searching_go_over_all_rows():
    page = made(2345)
    page.number_input[0].set_value(2).run()
    page.selectbox(key="made_sort").set_value("name").run()
    assert table(page)["number"].tolist() == list(range(2344, 1344, -1))  # from the first page again
    assert page.selectbox(key="made_sort").options == ["Rule", "Number"]
    page.toggle(key="made_falling").set_value(True).run()
    assert table(page)["number"].tolist() == list(range(1000, 2000))  # as listed: its second page was open
    page.text_input(key="made_words").set_value("RULE 0000").run()
    assert table(page)["number"].tolist() == list(range(2336, 2345))
    assert page.caption[0].value == "Showing 1–9 of 9 found in 2,345 rows"
    page.text_input(key="made_words").set_value("no such rule").run()
    assert table(page).empty and page.caption[0].value == "Showing 0–0 of 0 found in 2,345 rows"
