"""A real browser over rules that try to be markup: it asks nobody but the app, runs nothing and shows no
picture.

Needs Chromium and Playwright; skipped with a reason where they are missing.
"""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from coverage.loaders import corpus_sources, load
from coverage.pages import HIDDEN, PAGES
from tests.helpers.browsing import cell, click_row, visit
from tests.helpers.hostile import HOST, TEXTS, combinations, hostile_corpora
from tests.helpers.serving import IDLE, NEEDS_CHROMIUM, served, settled

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    return hostile_corpora(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def address(corpora, tmp_path_factory):
    cache = str(tmp_path_factory.mktemp("cache"))
    with served("app.py", corpora, COVERAGE_CACHE=cache) as url:
        yield url


@pytest.fixture
def tab(page, profile):
    """A page that records whatever it asks of anybody else, and whatever it is made to run."""
    page.set_viewport_size({"width": 1366, "height": 900})
    page.set_default_timeout(60_000)
    page.asked, page.ran = [], []
    page.on("request", lambda one: page.asked.append(one.url))
    page.on("websocket", lambda one: page.asked.append(one.url))
    page.on("dialog", lambda one: (page.ran.append(one.message), one.dismiss()))

    def opened(_) -> None:
        page.ran.append("a page was opened")

    profile.on("page", opened)
    yield page
    profile.remove_listener("page", opened)


def assert_nobody_was_asked(page, address: str) -> None:
    own = (address + "/", address.replace("http", "ws") + "/", "data:", "blob:" + address)
    assert [url for url in page.asked if not url.startswith(own)] == []
    assert page.ran == [] and page.evaluate("window.ran") is None
    assert page.locator("[data-testid=stException]").count() == 0


def assert_no_markup_of_a_rule(page) -> None:
    """No picture, no link to the rule's host but in what a rule wrote as Markdown, nothing that only a rule
    could add.
    """
    found = page.evaluate(
        """host => {
            const every = selector => [...document.querySelectorAll(selector)];
            const leads = e => (e.getAttribute('href') || '').includes(host) && !e.closest('.stHtml');
            const among_words = e => [...e.parentElement.childNodes].some(
                n => n.nodeType === 3 && n.textContent.trim());
            const runs = document.evaluate("//*[@*[starts-with(name(), 'on')]]", document, null, 7);
            return every('.stMain img, .stSidebar img, [role=dialog] img')
                .concat(every('a').filter(leads))
                .concat(every('.katex, .stMarkdownColoredText, iframe, object, embed, base, [ping]'))
                .concat(every('.stMarkdownBadge').filter(among_words))  // ours stand without other words
                .concat([...Array(runs.snapshotLength).keys()].map(n => runs.snapshotItem(n)))
                .map(e => e.outerHTML);
        }""",
        HOST,
    )
    assert found == []


def test_every_rule_is_shown_and_asks_nobody(tab, address, corpora):
    loaded = load(corpus_sources(corpora))
    assert len(loaded.rules) == 6
    for key in loaded.rules["rule_key"]:
        visit(tab, address, f"rules?rule={quote(key, safe='')}")
        tabs = tab.get_by_role("tab").all()
        assert len(tabs) >= 4
        for one in tabs:
            one.click()
            tab.wait_for_timeout(150)
            assert_no_markup_of_a_rule(tab)
        assert_nobody_was_asked(tab, address)


TICKED = "inventory=ticked&ticked=WinEventLog:Sysmon"
VIEWS = [
    "",
    *("matrix", "matrix?shade=corpora&unfold_all=true", "matrix?show=compare"),
    *("plan?gap_grain=techniques", "plan?plan=borrow", "plan?plan=accepted"),
    *("threats", "threats?adversary=G0016", "threats?threat_view=next"),
    *("data", f"data?{TICKED}", f"data?data_view=next&{TICKED}", f"data?source=WinEventLog:Sysmon&{TICKED}"),
    *("rules", "rules?technique=T1059"),
    *("mapping", "mapping?health=move", "mapping?health=problems"),
    "about",
]


def test_the_views_are_of_every_page():
    """Share offers files alone, which tests of exports read."""
    assert {view.partition("?")[0] for view in VIEWS} == {one.address for one in (*PAGES, *HIDDEN)} - {
        "share"
    }


def test_every_page_asks_nobody(tab, address):
    for number, view in enumerate(VIEWS):
        visit(tab, address, view)
        look_everywhere(tab, sidebar=number == 0)  # the same on every page
        assert_nobody_was_asked(tab, address)


def look_everywhere(tab, sidebar: bool) -> None:
    """Opens what can be opened, and reads every help."""
    assert_no_markup_of_a_rule(tab)
    tab.evaluate(
        "() => document.querySelectorAll('[data-testid=stExpander] summary').forEach(e => e.click())"
    )
    settled(tab)
    part = tab.locator("body" if sidebar else ".stMain")
    signs = part.locator("[data-testid=stTooltipIcon] [data-testid=stTooltipHoverTarget]:visible").all()
    assert signs or not sidebar
    for sign in signs:
        sign.hover(force=True)
        tab.wait_for_timeout(60)
    assert_no_markup_of_a_rule(tab)
    tab.mouse.move(700, 5)
    tab.locator("[data-testid=stTooltipContent]").first.wait_for(state="detached")
    for box in part.locator(
        "[data-testid=stMultiSelect] input:visible:enabled, [data-testid=stSelectbox] input:visible:enabled"
    ).all():
        box.click()
        tab.wait_for_timeout(100)
        assert_no_markup_of_a_rule(tab)
        tab.keyboard.press("Escape")
    assert_no_markup_of_a_rule(tab)


def test_an_accepted_gap_and_a_cell_ask_nobody(tab, address):
    """The words of gaps.toml under a chosen gap; a rule's name in what hovers over the matrix."""
    tab.goto(f"{address}/plan?gap_search=T1003&gap_grain=techniques")
    settled(tab)
    click_row(tab)
    tab.get_by_role("button", name="All gaps").wait_for()
    settled(tab)
    assert_no_markup_of_a_rule(tab)
    tab.goto(f"{address}/matrix")
    cell(tab, "T1059").hover()
    tab.wait_for_timeout(400)  # the card
    assert_no_markup_of_a_rule(tab)
    cell(tab, "T1059").click()
    tab.get_by_role("dialog").wait_for()
    settled(tab)
    assert_no_markup_of_a_rule(tab)
    assert_nobody_was_asked(tab, address)


def test_no_table_hands_out_a_live_formula(tab, address):
    """A table's own CSV and copies hold values as they are; the button below it writes harmless ones."""
    tab.goto(f"{address}/rules")
    settled(tab)
    table = tab.locator("[data-testid=stDataFrame]").first
    table.hover()
    toolbar = tab.locator("[data-testid=stElementToolbarButton] button")
    toolbar.first.wait_for()
    names = [button.get_attribute("aria-label") for button in toolbar.all()]
    assert "Search" in names and "Download as CSV" not in names
    assert tab.get_by_role("button", name="Download CSV").count() == 1


# ---- words in a sentence -------------------------------------------------------------------------------

LABELS = """
import json, sys
import streamlit as st
from coverage.text import plain

for number, text in enumerate(json.load(open(sys.argv[1], encoding="utf-8"))):
    words = plain(text)
    with st.container(key=f"text{number}"):
        st.markdown(words)
        st.caption(words)
        st.subheader(words, anchor=False)
        st.error(words)
        st.button(words, key=f"button{number}")
        st.toggle(words, key=f"toggle{number}")
        st.metric(words, "x")
        st.download_button(words, "x", key=f"download{number}")
        st.segmented_control("x", [0], format_func=lambda _, words=words: words, key=f"choice{number}")
        st.tabs([words])
        with st.expander(words):
            st.markdown(words)
st.title("done")
"""

WORDS = (
    *TEXTS,
    *(
        ":material_home: :+1: x:y:z 12:30:45 ::red[x] :help[x] :small[]x \\:smile\\: C:\\x\\y",
        "-> x",
        "a <-> b",
        "--",
    ),
    *(
        "mailto:-> x",
        ":--:x:",
        "-->@x",
        "<=> y",
        ":-> x",
        ":a:-> x",
        "# head",
        "1. one",
        "- one",
        "4) x",
        "+ x",
    ),
    *(
        "===",
        "***",
        "> q",
        "``` x",
        "[ ] task",
        "[a](http://x.example) [b][c] [^1]",
        "a *b* _c_ ~~d~~ **e** `f`",
    ),
    *(
        "&amp; &lt; &#65;",
        "a|b",
        "${x}",
        "$5 and $6",
        "http://:smile:www.x.example",
        "a@b.example@d.example",
        "...",
    ),
    *combinations(60, 7),
)


def test_words_in_a_sentence_show_as_they_were_written(tab, tmp_path):
    """`plain` in each kind of place where Streamlit reads Markdown, whatever the words are."""
    (tmp_path / "words.json").write_text(json.dumps(WORDS), encoding="utf-8")
    (tmp_path / "labels.py").write_text(LABELS, encoding="utf-8")
    with served("labels.py", ["words.json"], tmp_path) as url:
        tab.goto(url)
        tab.wait_for_selector("h1:has-text('done')")
        tab.wait_for_function(IDLE)
        tab.wait_for_timeout(500)
        every = tab.evaluate(
            """count => [...Array(count).keys()].map(number => [
                ...document.querySelector(`.st-key-text${number}`).querySelectorAll(
                    '[data-testid=stMarkdownContainer], [data-testid=stCaptionContainer],'
                    + ' [data-testid=stHeading]')
            ].map(e => [e.textContent.trim(), e.querySelectorAll(
                'a, img, .katex, [role=img], code, em, strong, del, ul, ol, h1, h2, h4, hr, blockquote,'
                + ' sup, table').length]))""",
            len(WORDS),
        )
        for text, found in zip(WORDS, every, strict=True):
            wanted = " ".join(text.split())
            shown = [(words, marks) for words, marks in found if words != "x" or wanted == "x"]
            assert len(shown) >= 8, (wanted, shown)
            for words, marks in shown:
                assert marks == 0 and len(words) == len(wanted), (wanted, words)
                assert all(a in (b, "\ufffd") for a, b in zip(words, wanted, strict=True)), (wanted, words)
        assert_nobody_was_asked(tab, url)
