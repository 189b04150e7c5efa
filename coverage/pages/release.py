"""Release. Who: an engineer before a move to a newer ATT&CK, or a manager whose percentage moved. Question:
what does a release change for us?

Next: open a rule that a change touches, or a technique of the ledger; download either list as the work to do.
"""

import streamlit as st

from coverage import session
from coverage.catalogue import CatalogueError, Release, shelf
from coverage.changes.impact import impact
from coverage.charts.impact import impact_bars
from coverage.pages import release_tables as tables
from coverage.reading import newest_other_release
from coverage.tables import TableError
from coverage.text import plain

GRAINS = {"techniques": "Techniques", "subtechniques": "Sub-techniques", "placements": "Placements"}
now = session.guarded_view()
mine = now.catalogue.release
at_hand = [str(entry.release) for entry in shelf.releases_at_hand()]

if newest_other_release(mine) is None:
    session.page_head(
        "Release",
        f"{mine.title} is the only release of its domain at hand: there is nothing to compare it with.",
        now,
    )
    st.info(
        "Get a second one: **Get another ATT&CK release** in the sidebar downloads MITRE's, and "
        "`python -m coverage.cli attack import FILE` reads a bundle that you have. At hand: "
        f"{', '.join(at_hand)}."
    )
    st.stop()

head = st.container()  # the answer stands above the widgets that it hangs on
choices = [release for release in at_hand if Release.parse(release).domain == mine.domain]
row = st.columns([2, 2, 4], vertical_alignment="bottom")
to = row[1].selectbox(
    "To",
    choices,
    index=None,
    key="release_to",
    bind="query-params",
    placeholder=f"{mine} (as in the sidebar)",
) or str(mine)
usual = str(newest_other_release(Release.parse(to)))
start = (
    row[0].selectbox("From", choices, index=None, key="release_from", bind="query-params", placeholder=usual)
    or usual
)
grain = row[2].segmented_control(
    "Count",
    list(GRAINS),
    default="techniques",
    required=True,
    key="release_grain",
    bind="query-params",
    format_func=GRAINS.__getitem__,
)
if start == to:
    with head:
        session.page_head(
            "Release", f"{Release.parse(to).title} stands on both sides, so none of its IDs differ.", now
        )
    st.info("Choose two different releases under From and To.")
    st.stop()
try:
    found = impact(session.view(start), session.view(to))
except (CatalogueError, TableError) as error:
    st.error(plain(str(error)))
    st.stop()

changes, ledger = found.changes, found.ledger[found.ledger["grain"] == grain]
touching = changes[changes["rules"].map(len) > 0].sort_values(
    "rules_in_scope", ascending=False, kind="stable"
)
with head:
    session.page_head("Release", plain(found.sentence()), found.after)
st.plotly_chart(
    impact_bars(
        found.totals.set_index("grain").loc[grain],
        found.by_cause[found.by_cause["grain"] == grain],
        session.theme(),
        GRAINS[grain].lower(),
    ),
    theme=None,
    key="release_chart",
    config={"displayModeBar": False},
)
tables.show_comparison(found)

tabs = st.tabs(
    [
        f"Changes that touch my rules ({len(touching):,})",
        f"Rules they touch ({found.rule_changes['rule_key'].nunique():,})",
        f"Ledger of {GRAINS[grain].lower()} ({len(ledger):,})",
        f"All changes ({len(changes):,})",
    ]
)
columns = tables.change_columns(found)
with tabs[0]:
    touched = tables.show(
        touching,
        found,
        "release_touching",
        "release_changes_touching_rules",
        columns,
        "No change touches a rule that was read.",
    )
with tabs[1]:
    rule = tables.show(
        found.rule_changes,
        found,
        "release_rules",
        "release_rules",
        tables.rule_columns(found),
        "No change touches a rule that was read.",
    )
with tabs[2]:
    st.caption(
        f"Every {GRAINS[grain].lower()[:-1]} that counts differently. The lines add up to the differences "
        "above, exactly. Click one to open the technique."
    )
    unit = tables.show(
        ledger,
        found,
        "release_ledger",
        "release_ledger",
        tables.ledger_columns(grain == "placements"),
        "Nothing counts differently here.",
    )
with tabs[3]:
    any_change = tables.show(
        changes, found, "release_all", "release_changes", columns, "Nothing changed between these releases."
    )

if rule is not None:
    session.open_rule(found.rule_changes.iloc[rule]["rule_key"])
for chosen, frame in ((touched, touching), (unit, ledger), (any_change, changes)):
    if chosen is not None and not frame.iloc[chosen]["attack_id"].startswith("TA"):
        session.open_technique(frame.iloc[chosen]["attack_id"])
