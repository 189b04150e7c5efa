"""Download buttons of the exports, for any page: made when clicked, from the view that the page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from coverage import session
from coverage.catalogue import CatalogueError
from coverage.changes.threat_state import ThreatChange, threat_state
from coverage.exports.briefing import changes_since
from coverage.exports.bundle import EXPORTS, Wishes
from coverage.exports.content import Content
from coverage.exports.navigator import gaps_layer, layer_file, threat_layer
from coverage.exports.plan import plan_csv, plan_markdown, work_plan
from coverage.measures.cell import FILE_MEASURES
from coverage.scope import View
from coverage.text import plain
from coverage.threats.threat import Threat
from coverage.words import amount


def content_of(now: View, threat: Threat | None = None) -> Content:
    """What the exports of a page's view are made from; the page's own settings and accepted gaps count.
    `threat`: against whom, for the reports.
    """
    return Content(session.reading(), now, session.settings()[0], session.accepted(now), threat)


def export_button(
    kind: str, content: Content, key: str, wishes: Wishes | None = None, label: str | None = None
) -> None:
    """A download of one of EXPORTS."""
    export, chosen = EXPORTS[kind], wishes or Wishes()
    file_button(
        label or export.title,
        lambda: export.make(content, chosen),
        export.stem,
        export.suffix,
        export.media,
        content.view,
        key,
    )


def file_button(
    label: str, make: Callable[[], bytes], stem: str, suffix: str, media: str, now: View, key: str
) -> None:
    """A download that is made when it is clicked, named after the release and the day."""
    st.download_button(
        label,
        make,
        session.file_name(stem, now, suffix),
        media,
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )


def changes_wanted(content: Content) -> Mapping | None:
    """What changed since a snapshot that the reader gives, for the reports; shown on the page, or the reason
    why it cannot be compared.
    """
    now = content.view
    file = st.file_uploader(
        "Changes since a snapshot",
        type=["jsonl", "gz"],
        key="export_baseline",
        help="A file that the button *Snapshot* or the command `snapshot` wrote. Both reports then list what "
        "changed, and why, and the Overview compares with it. Without one, `[check] baseline` in "
        "coverage.toml "
        "is used.",
    )
    if file is not None:
        st.session_state[session.BASELINE] = (file.name, file.getvalue())
    baseline = session.baseline()
    if baseline is None:
        return None
    name, data = baseline
    try:
        found = session.difference_since(now, data, name)
        threat = ThreatChange(found.base.snapshot.threat, threat_state(now, content.against))
    except (CatalogueError, ValueError) as error:
        st.error(plain(str(error)))
        return None
    st.caption(plain(" ".join([found.sentence(), threat.sentence(), *threat.differences()])))
    return changes_since(found, session.accepted(now), threat if content.threat is not None else None)


def matrix_buttons(now: View, shade: str) -> None:
    """Beside the matrix: the layer and the picture, coloured as the page is where a file can be."""
    wishes, content = Wishes((shade if shade in FILE_MEASURES else "rules",)), content_of(now)
    with st.container(horizontal=True):
        export_button("layer", content, "matrix_layer", wishes, "Navigator layer")
        export_button("svg", content, "matrix_svg", wishes, "Picture for A3 (SVG)")
        export_button("png", content, "matrix_png", wishes, "Picture for A3 (PNG)")


def gap_buttons(found: pd.DataFrame, now: View) -> None:
    """Beside the gap list: a Navigator layer of exactly the rows shown. `found`: rows of ACCEPTED_GAPS."""
    label = f"Navigator layer of these gaps ({amount(len(found), 'row')})"
    rows = found.drop_duplicates("attack_id")  # an ID that is fragile and on few platforms is one entry
    file_button(
        label,
        lambda: layer_file([gaps_layer(now, rows)]),
        "navigator_gaps",
        "json",
        "application/json",
        now,
        "gaps_layer",
    )


def threat_layer_button(label: str, now: View, threat: Threat, stem: str) -> None:
    """A Navigator layer of what a profile needs over what is covered."""
    file_button(
        label,
        lambda: layer_file([threat_layer(now, threat)]),
        stem,
        "json",
        "application/json",
        now,
        "threat_layer",
    )


def plan_buttons(chosen: pd.DataFrame, now: View, others: View | None) -> None:
    """The plan for chosen rows of ACCEPTED_GAPS, as Markdown and as CSV."""
    count = f" ({amount(len(chosen), 'gap')})" if len(chosen) else ""
    forms = (("Markdown", plan_markdown, "md", "text/markdown"), ("CSV", plan_csv, "csv", "text/csv"))
    for title, form, suffix, media in forms:
        st.download_button(
            f"Plan as {title}{count}",
            lambda form=form: form(work_plan(chosen, now, others), now.scope),
            session.file_name("plan", now, suffix),
            media,
            icon=":material/download:",
            on_click="ignore",
            key=f"plan_{suffix}",
            disabled=chosen.empty,
            help="What to do, why, with which rule, needed data and owner, for a ticket: of the chosen rows.",
        )
