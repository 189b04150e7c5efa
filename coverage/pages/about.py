"""About. Who: anybody. Question: what do the numbers mean, and where do the facts come from?"""

import streamlit as st

from coverage import session
from coverage.catalogue import shelf
from coverage.tables import DATA, PROJECT, depth_weights
from coverage.text import plain
from coverage.vocabulary import GAP_TYPES, READ_STATUSES, ROLLUPS, TACTIC_STATUSES

session.waiting.end()
st.set_page_config(page_title="About · ATT&CK coverage")
st.title("About", anchor=False)
st.markdown(
    "Every number counts **rules mapped** to ATT&CK: what a rule claims to detect, not proof that it does."
)

with st.expander("What the numbers mean", expanded=True):
    st.markdown((PROJECT / "docs" / "numbers.md").read_text(encoding="utf-8"))
with st.expander("Words"):
    for title, table in (
        ("What counts as covered", ROLLUPS),
        ("Gaps and their next step", GAP_TYPES),
        ("How a mapping is read", READ_STATUSES),
        ("How a tactic is read", TACTIC_STATUSES),
    ):
        st.markdown(f"**{title}**")
        st.table({"word": list(table), "meaning": list(table.values())})
    st.markdown("**Weights of the rule classes** (`data/weights.csv`)")
    st.table({"class": list(depth_weights()), "weight": list(depth_weights().values())})
with st.expander("Installed ATT&CK releases", expanded=True):
    default = session.default_release()
    st.dataframe(
        [
            {
                "release": str(entry.release),
                "default": str(entry.release) == default,
                "source": entry.source,
                "SHA-256": entry.sha256,
            }
            for entry in shelf.installed_releases()
        ],
        hide_index=True,
    )
    st.caption(f"Rule paths: {plain(', '.join(str(source.path) for source in session.sources()))}")
with st.expander("MITRE ATT&CK: copyright and licence", expanded=True):
    st.markdown((DATA / "README.md").read_text(encoding="utf-8").partition("## MITRE ATT&CK")[2])
