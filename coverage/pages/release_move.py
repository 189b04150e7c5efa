"""The view of the Mapping health page that leads to another ATT&CK release: what the move changes, which
rules it touches, and the patch.

Who: an engineer before a move, or a manager whose percentage moved. Next: open a rule that a change touches,
or download the patch.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.catalogue import CatalogueError, Release, shelf
from coverage.changes.impact import impact
from coverage.charts.impact import impact_bars
from coverage.pages import migrate_panel
from coverage.pages import release_tables as tables
from coverage.reading import newest_other_release
from coverage.scope import View
from coverage.session import address
from coverage.tables import TableError
from coverage.text import plain

GRAINS = {"techniques": "Techniques", "subtechniques": "Sub-techniques", "placements": "Matrix cells"}


def show(now: View, head: DeltaGenerator) -> None:
    """The patch, then what the release changes. `head`: the place of the page's title and answer."""
    mine = now.catalogue.release
    installed = [str(entry.release) for entry in shelf.installed_releases()]

    if newest_other_release(mine) is None:
        with head:
            session.page_head(
                "Mapping health",
                f"{mine.title} is the only installed release of its domain: there is nothing to compare it "
                "with.",
                now,
            )
        st.info(
            "Get a second one: **Get another ATT&CK release** in the sidebar downloads MITRE's, and "
            "`python -m coverage.cli attack import FILE` reads a bundle that you have. Installed: "
            f"{', '.join(installed)}."
        )
        return

    migrate_panel.show(now)
    st.subheader("What the release changes", anchor=False)
    choices = [release for release in installed if Release.parse(release).domain == mine.domain]
    row = st.columns([2, 2, 4], vertical_alignment="bottom")
    to = address.selectbox(row[1], "To", choices, "release_to", index=None, placeholder=str(mine)) or str(
        mine
    )
    usual = str(newest_other_release(Release.parse(to)))
    start = address.selectbox(row[0], "From", choices, "release_from", index=None, placeholder=usual) or usual
    grain = address.segmented_control(
        row[2], "Count", GRAINS, "release_grain", default="techniques", format_func=GRAINS.__getitem__
    )
    if start == to:
        with head:
            session.page_head(
                "Mapping health", f"{Release.parse(to).title} is on both sides, so nothing differs.", now
            )
        st.info("Choose two different releases under From and To.")
        return
    try:
        found = impact(session.view(start), session.view(to))
    except (CatalogueError, TableError) as error:
        st.error(plain(str(error)))
        return

    changes, ledger = found.changes, found.ledger[found.ledger["grain"] == grain]
    touching = changes[changes["rules"].map(len) > 0].sort_values(
        "rules_in_scope", ascending=False, kind="stable"
    )
    with head:
        session.page_head("Mapping health", plain(found.sentence()), found.after)
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
            f"Every {GRAINS[grain].lower()[:-1]} that counts differently. The lines add up to the "
            "differences "
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
            changes,
            found,
            "release_all",
            "release_changes",
            columns,
            "Nothing changed between these releases.",
        )

    if rule is not None:
        session.open_rule(found.rule_changes.iloc[rule]["rule_key"])
    for chosen, frame in ((touched, touching), (unit, ledger), (any_change, changes)):
        if chosen is not None and not frame.iloc[chosen]["attack_id"].startswith("TA"):
            session.open_technique(frame.iloc[chosen]["attack_id"])
