"""Share. Who: whoever must hand coverage on. Question: in which form does the next person need it, and what
changed since last time?

Next: download the file, make the same one on a schedule with `python -m coverage.cli export`, or keep a
snapshot.
"""

import streamlit as st

from coverage import session
from coverage.changes.snapshot import snapshot_bytes
from coverage.changes.threat_state import threat_state
from coverage.exports.bundle import Wishes, archive, everything
from coverage.exports.columns import EVERY_FRAME
from coverage.exports.drawing import svg
from coverage.exports.parquet import FORMS
from coverage.exports.picture import matrix_drawing
from coverage.exports.tables import GAP_NAMES
from coverage.measures import coverage_by_id
from coverage.measures.cell import FILE_MEASURES
from coverage.pages import parts, threat_choice
from coverage.pages.export_buttons import changes_wanted, content_of, export_button, file_button
from coverage.session import address
from coverage.words import amount

now = session.guarded_view()
content = content_of(now, threat_choice.asked_for(now))
loaded = session.reading().loaded  # a download is made when clicked, outside of the page
ids = coverage_by_id(now)
techniques = ids[~ids["is_subtechnique"]]
session.page_head(
    "Share",
    f"{techniques['covered'].sum():,g} of {amount(len(techniques), 'technique is', 'techniques are')} "
    "covered; every file below says so, in this scope.",
    now,
)
st.caption(
    "A file is made when its button is clicked. The same rules, scope and day give the same bytes, here and "
    "on the command line."
)


def _title(name: str) -> str:
    return FILE_MEASURES[name].title


manager, later, navigator = st.columns(3)
with later.container(border=True, height="stretch"):
    st.markdown("**To compare with later**")
    st.caption(
        "Keep the state of today, and give it back another day to see what changed: here, with `diff`, and "
        "in CI with `check`."
    )
    file_button(
        "Snapshot",
        lambda: snapshot_bytes(now, loaded, True, threat_state(now, content.against)),
        "snapshot",
        "jsonl.gz",
        "application/gzip",
        now,
        "export_snapshot",
    )
    changes = changes_wanted(content)
with manager.container(border=True, height="stretch"):
    st.markdown("**For a manager**")
    st.caption(
        "What is covered, what is open and why it matters, in plain words; with a snapshot, what changed. "
        "The HTML file opens offline and prints to PDF; the Markdown fits a wiki or a pull request."
    )
    export_button("report", content, "export_report", Wishes(changes=changes))
    export_button("markdown", content, "export_markdown", Wishes(changes=changes))
with navigator.container(border=True, height="stretch"):
    st.markdown("**For the ATT&CK Navigator**")
    st.caption("Layers of format 4.5: rule names and links in each technique, the scope in the description.")
    chosen = address.multiselect(
        st,
        "Coverage by",
        FILE_MEASURES,
        "export_layers",
        default=["rules"],
        format_func=_title,
        help="Several measures make several layers in one file.",
    )
    export_button("layer", content, "export_layer", Wishes(tuple(chosen) or ("rules",)), "Coverage")
    export_button("gaps-layer", content, "export_gaps_layer", label="Gaps, by next step")
    if len(now.scope.corpora) == 2:
        export_button(
            "compare-layer", content, "export_compare_layer", label="One rule set against the other"
        )

slide, sheet, script = st.columns(3)
with slide.container(border=True, height="stretch"):
    st.markdown("**For a slide or the wall**")
    st.caption("The matrix as below, for A3 landscape: SVG stays sharp at any size, PNG goes anywhere.")
    measure = address.selectbox(
        st, "Coloured by", FILE_MEASURES, "export_measure", default="rules", format_func=_title
    )
    export_button("svg", content, "export_svg", Wishes((measure,)))
    export_button("png", content, "export_png", Wishes((measure,)))
with sheet.container(border=True, height="stretch"):
    st.markdown("**For a spreadsheet**")
    st.caption(
        "Summary, matrix, techniques, gaps, rules, mappings, findings, need and adversaries as tables with "
        "filters."
    )
    export_button("workbook", content, "export_workbook")
    parts.csv_button(content.gaps, now, "gaps", GAP_NAMES, "Gaps as CSV")
with script.container(border=True, height="stretch"):
    st.markdown("**For a script**")
    frame = address.selectbox(
        st,
        "Frame",
        EVERY_FRAME,
        "export_frame",
        default="gaps",
        help="docs/columns.md describes every column. Need and adversaries are against the "
        "profile that is chosen on the Threats page.",
    )
    st.caption(EVERY_FRAME[frame].question)
    with st.container(horizontal=True):
        for form, (make, media) in FORMS.items():
            file_button(
                form.upper() if form != "parquet" else "Parquet",
                lambda make=make: make(content, frame),
                frame,
                form,
                media,
                now,
                f"export_{form}",
            )
with st.container(border=True, horizontal=True, vertical_alignment="center"):
    st.markdown("**For the archive**", width="content")
    file_button(
        "Everything (ZIP)",
        lambda: archive(everything(content, Wishes((measure,), changes))),
        "coverage",
        "zip",
        "application/zip",
        now,
        "export_all",
    )
    st.caption(
        "Everything on this page in one file, with a list of the files and their hashes.", width="content"
    )

PICTURE = "The ATT&CK matrix as a picture; the Matrix page and every table above have its numbers."
st.subheader("The picture", anchor=False)
st.image(svg(matrix_drawing(now, measure, content.accepted)), width="stretch", alt=PICTURE)
