"""The first view of the Mapping health page: findings by cause, and mappings as written beside as read."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage import session
from coverage.charts.findings import cause_bars
from coverage.measures import mappings_side_by_side
from coverage.measures.written_for import release_sentence, releases_by_corpus, releases_of
from coverage.pages import finding_counts, mapping_sides
from coverage.pages import mapping_parts as tables
from coverage.scope import View
from coverage.text import plain
from coverage.vocabulary import PROBLEM_SEVERITIES
from coverage.words import amount


def show(now: View, head: DeltaGenerator) -> None:
    """All of the view. `head`: the place of the page's title and answer."""
    reading = session.reading()
    found = session.findings()
    counted = found[found["silenced"].isna()]
    work = counted[counted["severity"].isin(PROBLEM_SEVERITIES[:2]) & counted["position"].notna()]
    shares = releases_by_corpus(session.written_for(), releases_of(reading))
    written_for = release_sentence(shares.assign(corpus=[plain(name) for name in shares["corpus"]]))

    with head:
        session.page_head(
            "Mapping health",
            f"{len(work[['rule_key', 'position']].drop_duplicates()):,} of "
            f"{amount(len(reading.mappings), 'mapping needs', 'mappings need')} work for "
            f"{now.scope.attack.title}.",
            now,
            *([f"By release: {written_for}."] if written_for else []),
        )

    left, right = st.columns([3, 2])
    with left:
        if counted.empty:
            st.success("No check finds anything in these rules.")
        else:
            st.plotly_chart(
                cause_bars(finding_counts.causes(counted), session.theme(), "Findings by cause"),
                theme=None,
                key="map_causes",
                config={"displayModeBar": False},
            )
    with right:
        st.markdown("**Which release were the rules written for?**")
        st.dataframe(
            shares.assign(
                of=[
                    f"{valid:,} of {rules:,}"
                    for valid, rules in zip(shares["valid"], shares["rules"], strict=True)
                ]
            ),
            hide_index=True,
            column_order=["corpus", "release", "share", "of"],
            column_config={
                "corpus": "Rule set",
                "release": "Release",
                "share": st.column_config.ProgressColumn(
                    "Valid in it", min_value=0, max_value=1, format="percent", width="small"
                ),
                "of": st.column_config.TextColumn(
                    "Rules",
                    help="Rules whose IDs, names and tactics are all right in the release, of those with a "
                    "mapping.",
                ),
            },
        )
        st.markdown("**Findings by rule set**")
        st.dataframe(
            finding_counts.by_corpus(counted, now.all_rules),
            hide_index=True,
            column_config={
                "corpus": "Rule set",
                **{
                    name: st.column_config.NumberColumn(
                        name.capitalize() + ("" if name == "rules" else "s"), format="localized"
                    )
                    for name in ("rules", *PROBLEM_SEVERITIES)
                },
            },
        )

    findings_tab, silenced_tab, side_tab = st.tabs(
        [
            f"Findings ({len(counted):,})",
            f"Silenced ({len(found) - len(counted):,})",
            f"As written → as read ({len(reading.mappings):,})",
        ]
    )
    with findings_tab:
        shown = tables.filtered(counted, now)
        st.caption(
            f"{len(shown):,} of {amount(len(counted), 'finding')} shown. Click a row to open the rule."
        )
        if shown.empty:
            st.info(
                "No finding matches these filters. Clear one of them to see more."
                if len(counted)
                else "There is nothing to list."
            )
        else:
            tables.finding_table(shown, "map_findings", search=False)
        tables.findings_csv_button(shown, now)
    with silenced_tab:
        silent = found[found["silenced"].notna()]
        if silent.empty:
            st.caption(
                "Nothing is silenced. A `coverage.toml` beside the rules can take a check out of the count "
                "for a "
                "path or a rule, with a reason."
            )
        else:
            tables.finding_table(silent, "map_silenced")
    with side_tab:
        mapping_sides.side_by_side(mappings_side_by_side(now), now)
