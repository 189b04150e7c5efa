"""Ways to act on a page in a real browser, and to read it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from tests.helpers.serving import settled


def visit(page, address: str, view: str) -> None:
    """Show a view of the app: in a page that shows another already as going forward does, without loading
    Streamlit's own scripts again, which takes most of the time of a view.

    A page keeps its filters while others are visited: views of one page come one after the other.
    """
    if page.url.startswith(address):
        page.evaluate(
            "to => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')) }",
            f"{address}/{view}",
        )
    else:
        page.goto(f"{address}/{view}")
    settled(page)


def cell(page, attack_id: str):
    """The first matrix cell of a technique."""
    return page.locator(f"[role=gridcell][data-id='{attack_id}']").first


def on_matrix(page, address: str, query: str = "") -> None:
    page.goto(f"{address}/matrix{query}")
    cell(page, "T1059").wait_for()
    settled(page)


def click_row(page, nth: int = 0) -> None:
    """Click a row of the page's first table."""
    table = page.locator("[data-testid=stDataFrame]").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 200, box["y"] + 53 + 35 * nth)


def answer_of(page) -> tuple[str, str]:
    """The page's answer, and how many rows its filters leave."""
    return page.inner_text("h4"), page.get_by_text("rows shown, most used first").first.inner_text()


def query(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def place(page) -> str:
    return urlsplit(page.url).path.strip("/")
