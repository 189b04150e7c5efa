"""What every page has: its colours, its head, a guard for when there is nothing to show, ways to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from coverage.catalogue import CatalogueError
from coverage.charts.theme import THEMES, Theme
from coverage.scope import View
from coverage.session import address, waiting
from coverage.session.values import loaded, view
from coverage.tables import TableError
from coverage.text import plain

_UNBROKEN = "\N{NON-BREAKING HYPHEN}"


def theme() -> Theme:
    """The colours that go with the reader's light or dark appearance."""
    return THEMES.get(getattr(st.context.theme, "type", None) or "light", THEMES["light"])


def page_head(title: str, answer: str, now: View, *more: str) -> None:
    """Title, the page's answer in one sentence with its denominator, `more` sentences, and the scope's stamp.

    The browser's tab has the title, too. Commits and hashes of the rules are in the stamp's help.
    """
    waiting.end()
    st.set_page_config(page_title=f"{title} · ATT&CK coverage")
    st.title(plain(title), anchor=False)
    st.markdown(f"#### {answer}")
    if more:
        st.markdown("  \n".join(more))
    scope, names = plain(now.scope.sentence()), ", ".join(stamp.name for stamp in now.scope.corpora)
    day = now.scope.date.isoformat().replace("-", _UNBROKEN)
    with st.container(key="stamp"):
        st.caption(f"{scope} · {plain(names)} · {day}", help=plain(now.scope.corpora_sentence()))


def guarded_view() -> View:
    """The view, or a page that says in words why there is none and what to do next."""
    try:
        now = view()
    except (CatalogueError, TableError) as error:
        st.error(plain(str(error)))
        st.stop()
    if now.all_rules.empty:
        waiting.end()
        st.title("No rules yet", anchor=False)
        st.info(
            "No detection rule was found in the chosen folders. Add a folder under **Rule folders** in the "
            "sidebar, or start the dashboard with it: `streamlit run app.py -- path/to/rules`."
        )
        problems = loaded().problems
        if len(problems):
            st.dataframe(problems[["severity", "code", "path", "line", "message"]], hide_index=True)
        st.stop()
    return now


def file_name(stem: str, now: View, suffix: str = "csv") -> str:
    """A download's name: what it is, the release and the stamp's date."""
    return f"{stem}_{now.scope.attack}_{now.scope.date.isoformat()}.{suffix}"


# Address -> file, of the pages in the navigation. `pages.PAGES` has their titles.
FILES = {
    "": "coverage/pages/overview.py",
    "matrix": "coverage/pages/matrix.py",
    "plan": "coverage/pages/plan.py",
    "threats": "coverage/pages/threats.py",
    "data": "coverage/pages/log_data.py",
    "rules": "coverage/pages/rules.py",
    "mapping": "coverage/pages/mapping.py",
    "share": "coverage/pages/share.py",
}

# What `pages/untrusted.py` shows looks as Streamlit's own Markdown does; its headings are those of a text on
# a page.
_RULE_TEXT = """
.stHtml{line-height:1.6;overflow-wrap:anywhere}
.stHtml p{margin:0 0 0.75rem 0}
.stHtml h4{font-size:1.15rem;font-weight:600;padding:0.3rem 0}
.stHtml h5{font-size:1rem;font-weight:600;padding:0.3rem 0}
.stHtml h6{font-size:0.9rem;font-weight:600;padding:0.3rem 0}
.stHtml ul,.stHtml ol{margin:0 0 0.75rem 0;padding-left:1.5rem}
.stHtml code{font-family:"Source Code Pro",monospace;font-size:0.85em;padding:0.1em 0.3em;
border-radius:0.25rem;background:rgba(128,128,128,0.14)}
.stHtml pre{margin:0 0 0.75rem 0;padding:0.75rem;border-radius:0.5rem;overflow-x:auto;
background:rgba(128,128,128,0.1)}
.stHtml pre code{padding:0;background:none}
.stHtml table{border-collapse:collapse;margin:0 0 0.75rem 0}
.stHtml th,.stHtml td{border:1px solid rgba(128,128,128,0.3);padding:0.25rem 0.5rem;text-align:left}
.stHtml blockquote{margin:0 0 0.75rem 0;padding-left:0.75rem;border-left:3px solid rgba(128,128,128,0.4)}
"""

# At least 4.5:1 where Streamlit's own colours have less: white on the primary colour, grey on white. In
# dialogs, too, which stand beside the app.
_CONTRAST = """
:root [data-tag],:root [data-testid='stBaseButton-primary']{background:#1f66ad;color:#fff}
:root [data-testid='stCaptionContainer'] code{color:inherit}
:root [data-testid='stMarkdownContainer'] blockquote{opacity:1}
"""


def compact_layout() -> None:
    """Streamlit's wide layout with narrower margins: a matrix of fifteen columns needs the room."""
    st.html(
        "<style>.stMainBlockContainer{padding:2.4rem 1.2rem 2rem 1.2rem}"
        "[data-testid='stHeading'] h1{font-size:1.6rem;padding:0.2rem 0}"
        "[data-testid='stHeading'] h3{font-size:1.2rem;padding:0.6rem 0 0.2rem 0}"
        "[data-testid='stMetricValue']{font-size:1.65rem}"
        # narrow columns go into another row before they cut a figure or a button
        "[data-testid='stColumn']:has([data-testid='stMetric']){min-width:12rem}"
        "[data-testid='stColumn']:has(.stButton){min-width:8.5rem}"
        "[data-testid='stColumn']:has([data-testid='stFileUploader']){min-width:16rem}"
        ":root [data-testid='stMetricLabel'],:root [data-testid='stMetricLabel'] *{white-space:normal}"
        "[data-testid='stCode'] code,[data-testid='stCode'] code span{overflow-wrap:anywhere}"
        f"{_CONTRAST}"
        f"{_code_colours()}"
        f":root [data-testid='stCaptionContainer']{{opacity:1;"
        f"color:color-mix(in srgb,{theme().text} 78%,{theme().paper})}}"
        ".st-key-stamp [data-testid='stCaptionContainer'],.st-key-stamp p"
        "{font-size:13px}"  # one line at 1,366 px
        "@media (max-width:640px){[data-testid='stColumn']:has([data-testid='stMetric']){min-width:9rem}"
        "[data-testid='stButtonGroup'] [role='radiogroup']{flex-wrap:wrap}"
        "[data-testid='stMetricValue']{font-size:1.3rem}}"  # two figures in a row of a phone
        "[data-testid='stMarkdownContainer'] h4{padding:0 0 0.2rem 0;font-size:1.15rem;font-weight:500}"
        f"{_RULE_TEXT}.stHtml a{{color:{theme().accent}}}</style>"
    )


def _code_colours() -> str:
    """Colours of code that can be read: some of Streamlit's own stand out too little."""
    if theme() is not THEMES["light"]:
        return _coloured({"#6fb1f5": ("keyword", "class-name"), "#a3a8b8": ("comment", "prolog", "doctype")})
    colours = {
        "#0b5cab": ("keyword", "boolean", "number", "function", "property", "class-name", "builtin"),
        "#0a6b2a": ("string", "char", "attr-value", "inserted", "selector"),
        "#a34700": ("operator", "atrule", "key", "tag", "attr-name", "variable", "entity", "url", "symbol"),
        "#5f5e5c": ("comment", "punctuation", "prolog", "doctype", "cdata"),
    }
    return _coloured(colours)


def _coloured(colours: Mapping[str, Sequence[str]]) -> str:
    """CSS that gives each kind of word in code its colour."""
    return "".join(
        f"{','.join(f'.stApp .stCode .token.{name}' for name in names)}{{color:{colour}}}"
        for colour, names in colours.items()
    )


def open_page(page: str, **parameters: str | Sequence[str]) -> None:
    """Go to a page by its address in one step: `open_page("plan", gap_tactic=["Discovery"])`.

    With parameters, the filters that the page had before are cleared. The scope stays.
    """
    address.open_page(FILES[page], page, **parameters)


def open_technique(attack_id: str) -> None:
    """Open a technique: one step, so that one step back leads here."""
    _open("rules", technique=attack_id)


def open_rule(rule_key: str) -> None:
    """Open a rule: one step, so that one step back leads here."""
    _open("rules", rule=rule_key)


def _open(page: str, **parameter: str) -> None:
    if st.session_state[address.PAGE] == page:
        address.step(**{"rule": None, "technique": None, **parameter})
    address.open_page(FILES[page], page, keep_filters=True, **parameter)


def open_moved(page: str, opened: Mapping[str, str]) -> None:
    """Leads from an address of an earlier version to the page that has it now, with its parameters."""
    came = {name: st.query_params.get_all(name) for name in st.query_params}
    address.replace_page(page, {**came, **{name: [value] for name, value in opened.items()}})
