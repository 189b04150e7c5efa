"""The inventories: which ones count, files for this session, ticking by hand, and what is wrong with them.
Widgets only.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.inventory.reading import Inventories, InventoryFile
from coverage.inventory.saving import data_toml
from coverage.log_sources import listed_log_sources
from coverage.measures.connections import rules_by_source
from coverage.pages import parts
from coverage.pages.uploads import uploads
from coverage.project.accepted_gaps import place_and_message
from coverage.scope import View
from coverage.session import inventory
from coverage.text import plain
from coverage.words import amount

_SUFFIXES = (".json", ".ndjson", ".jsonl", ".csv", ".tsv", ".yaml", ".yml", ".txt")
_MOST_LINES = 5
_TITLES = {
    inventory.STATED: "coverage.toml",
    inventory.FILES: "Files of this session",
    inventory.TICKED: "Ticked by hand",
}
_FILES_PLACE = (
    "A file counts in this session alone, on every page, and a link does not have it: commit it beside "
    "coverage.toml with the lines below."
)
# What to export, and how.
_EXPORTS = {
    "Elastic": ("Kibana, Dev Tools; save the answer as a `.json` file.", "GET _data_stream/_stats", "text"),
    "Splunk": (
        "Search over 24 hours or more, then *Export* as CSV.",
        "| tstats count max(_time) as lastTime where index=* by index sourcetype source",
        "text",
    ),
    "Sentinel": (
        "Log Analytics, *Logs*; then *Export to CSV*.",
        "Usage\n| where TimeGenerated > ago(30d)\n| project TimeGenerated, DataType, Quantity",
        "text",
    ),
    "DeTT&CT": (
        "The data source administration file itself (`.yaml`).",
        "file_type: data-source-administration",
        "yaml",
    ),
    "A list of your own": (
        "A `.csv` file: a log source of MITRE's or a data component a row.",
        "source,platform,state\nAWS:CloudTrail,IaaS,arrives\nWinEventLog:Sysmon,Windows,arrives\n"
        "auditd:SYSCALL,Linux,missing",
        "text",
    ),
}


# ---- what counts ---------------------------------------------------------------------------------------


def about(found: Inventories) -> str:
    """The inventories in one sentence: name, format, day, and what is not told."""
    unknown, wrong = len(found.unmatched), len(found.problems)
    beside = [
        *([f"{unknown:,} of {amount(len(found.rows), 'row')} unknown words"] if unknown else []),
        *([f"{amount(wrong, 'problem')} in the files"] if wrong else []),
    ]
    more = f" {' and '.join(beside)}: below." if beside else ""
    return "Inventory: " + "; ".join(map(_about, found.files)) + f".{more}"


def _about(file: InventoryFile) -> str:
    title = f"{file.title}, " if file.title else ""
    day = f", as of {file.as_of.isoformat()}" if file.as_of else ", without a date"
    where = f" on {', '.join(file.platforms)}" if file.platforms else ""
    told = "does not arrive" if file.complete else "is not told"
    name = file.inventory if file.inventory == file.file else f"{file.inventory} ({file.file})"
    if not file.title:
        return f"{name} could not be read"
    return f"{name}: {title}{amount(file.rows, 'row')}{day}; what it does not list{where} {told}"


def errors(found: Inventories) -> None:
    """Files, or parts of them, that could not be read."""
    serious = found.problems[found.problems["severity"] == "error"]
    if serious.empty:
        return
    lines = [plain(place_and_message(row)) for row in serious.head(_MOST_LINES).to_dict("records")]
    more = len(serious) - _MOST_LINES
    lines += [f"And {more:,} more."] if more > 0 else []
    st.warning("  \n".join(lines), icon=":material/rule:")


def problems(found: Inventories, now: View) -> None:
    """What could not be read, and words that no table knows, on request."""
    wrong, unmatched = found.problems, found.unmatched
    if not wrong.empty:
        title = f"Problems in the files ({len(wrong):,})"
        with st.expander(title, icon=":material/rule:"):
            _table(
                wrong[["severity", "path", "line", "code", "message"]],
                {"severity": 80, "path": 170, "line": 56, "code": 130, "message": 800},
            )
            parts.csv_button(wrong, now, "inventory_problems", None, "Download these problems as CSV")
    if not unmatched.empty:
        title = f"Unknown words ({len(unmatched):,} of {amount(len(found.rows), 'row')})"
        with st.expander(title, icon=":material/question_mark:"):
            st.caption(
                "`data/log_sources.csv` does not have them. A rule that writes the very word still counts as "
                "one that can run; nothing else follows from it."
            )
            _table(
                unmatched[["word", "nearest", "kind", "file", "place"]],
                {"word": 300, "nearest": 300, "kind": 140, "file": 180, "place": 90},
                {"nearest": "Nearest known word"},
            )
            parts.csv_button(unmatched, now, "unknown_words", None, "Download these words as CSV")


def _table(frame: pd.DataFrame, widths: dict[str, int], titles: dict[str, str] | None = None) -> None:
    config = {
        name: st.column_config.Column((titles or {}).get(name, name.capitalize()), width=width)
        for name, width in widths.items()
    }
    height = min(38 + 35 * len(frame), 260)
    st.dataframe(frame, hide_index=True, height=height, column_config=config, placeholder="–")


# ---- changing it ---------------------------------------------------------------------------------------


def first_inventory(now: View) -> None:
    """What there is to do without an inventory."""
    if fault := session.settings()[1]:
        st.warning(f"No inventory of coverage.toml counts: {plain(fault)}")
    if inventory.asked() == inventory.FILES:
        st.info("This link counts by files that are not in it: upload them here to see the same.")
    st.markdown(
        "An inventory is a list of the log data that arrives: an export of your SIEM, or a list of your own. "
        "With one, every rule gets a verdict (*can run*, *cannot fire*, *not told*), every technique a "
        "state, and you can ask what breaks when a log source stops."
    )
    left, right = st.columns(2)
    with left:
        st.subheader("Export one and upload it", anchor=False)
        _exports()
        _uploads(st.container())
    with right:
        st.subheader("Or tick what arrives", anchor=False)
        _ticking(now)
        st.caption(
            "To count by an inventory always, for everybody and in CI, name its file under `[[data]]` in "
            "coverage.toml."
        )


def change(now: View) -> None:
    """Another inventory: chosen, uploaded or ticked."""
    shown = st.expander(
        "Inventory: choose, upload, tick, save",
        key="inventory_open",
        icon=":material/inventory_2:",
        on_change="rerun",
    )
    if not shown.open:
        return
    with shown:
        _choice()
        left, right = st.columns(2)
        with left:
            _uploads(st.container())
            with st.popover("How to export one"):
                _exports()
        with right:
            _ticking(now)


def _choice() -> None:
    settings = session.settings()[0]
    there = inventory.kinds(settings)
    if len(there) < 2:
        return
    stated = inventory.stated(settings)
    state = st.session_state
    state["inventory_kind"] = stated.kind if stated else there[0]
    st.radio(
        "Count by",
        there,
        format_func=_TITLES.__getitem__,
        key="inventory_kind",
        horizontal=True,
        on_change=lambda: inventory.choose(state["inventory_kind"]),
    )


def _exports() -> None:
    for tab, (how, query, language) in zip(st.tabs(list(_EXPORTS)), _EXPORTS.values(), strict=True):
        with tab:
            st.caption(how)
            st.code(query, language=None if language == "text" else language, wrap_lines=True)


def _uploads(box: DeltaGenerator) -> None:
    uploads(
        box, inventory.UPLOADS, "Inventory files", _SUFFIXES, "Told by content: docs/data.md.", "data", _taken
    )
    if files := inventory.UPLOADS.held():
        box.caption(_FILES_PLACE)
        box.code(data_toml("my inventory", list(files)), language="toml")


def _taken() -> None:
    if inventory.UPLOADS.held():
        inventory.choose(inventory.FILES)


def _ticking(now: View) -> None:
    """The log sources that arrive, chosen from those that the rules want, and the list as files."""
    state, rules = st.session_state, rules_by_source(now)
    options = sorted(
        listed_log_sources().sources.values(), key=lambda name: (-len(rules.get(name, ())), name.casefold())
    )
    ticked = inventory.ticked()
    state["ticked_box"] = [name for name in options if name in ticked]
    state["ticked_all_box"] = inventory.ticked_is_all()

    def remember() -> None:
        inventory.tick(state["ticked_box"], state["ticked_all_box"])

    st.multiselect(
        "Log sources that arrive",
        options,
        key="ticked_box",
        format_func=lambda name: f"{name} ({amount(len(rules.get(name, ())), 'rule')})",
        placeholder="Those that most rules read first",
        on_change=remember,
    )
    st.checkbox(
        "That is all that arrives",
        key="ticked_all_box",
        on_change=remember,
        help="Then what is not ticked is missing. Else it is not told.",
    )
    if not ticked:
        return
    text = inventory.ticked_csv()  # a download is made when clicked, outside of the page
    lines = data_toml(inventory.TICKED_NAME, [inventory.TICKED_FILE], complete=inventory.ticked_is_all())
    st.download_button(
        f"Save this list as CSV ({amount(len(ticked), 'row')})",
        text,
        inventory.TICKED_FILE,
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="ticked_csv",
    )
    st.caption("Commit it beside coverage.toml, with these lines in that file:")
    st.code(lines, language="toml")
