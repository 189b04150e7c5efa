"""The parts of the Overview page: its sentences, cards, list of what to do next and tables. Widgets only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import pandas as pd
import streamlit as st

from coverage import session
from coverage.catalogue import CatalogueError
from coverage.changes.difference import Difference
from coverage.charts import bars
from coverage.measures import activity_by_month, coverage_by_platform, gaps, severity_mix
from coverage.measures.blind_spots import worst_first
from coverage.measures.data_states import covered_by_running
from coverage.measures.need import threat_coverage
from coverage.measures.recent import DAYS, recent_rules
from coverage.pages import parts, threat_choice
from coverage.scope import View
from coverage.tables import TableError
from coverage.text import plain
from coverage.vocabulary import PROBLEM_SEVERITIES
from coverage.words import amount, noun, number


def _percent(part: Mapping[str, float]) -> str:
    return f"{part['covered'] / part['total']:.0%}" if part["total"] else "none in scope"


# ---- sentences -----------------------------------------------------------------------------------------


def how_good(figures: Mapping) -> str:
    """How much is covered, of how much."""
    techniques = figures["techniques"]
    return (
        f"{techniques['covered']:,g} of {amount(techniques['total'], 'technique')} ({_percent(techniques)}) "
        f"{noun(techniques['total'], 'has', 'have')} at least one rule."
    )


@dataclass(frozen=True)
class Change:
    """What became of coverage since a snapshot."""

    name: str
    found: Difference

    def of(self, grain: str) -> float:
        """By how much the covered units of a grain changed."""
        row = self.found.totals.set_index("grain").loc[grain]
        return float(row["covered_after"] - row["covered_before"])

    @property
    def rules(self) -> int:
        """By how many the rules in scope changed."""
        return len(self.found.after.rules) - len(self.found.before.rules)


def change_since_baseline(now: View) -> Change | None:
    """What changed since the snapshot that pages compare with; None without one that can be used."""
    baseline = session.baseline()
    if baseline is None:
        return None
    name, data = baseline
    try:
        return Change(name, session.difference_since(now, data, name))
    except (CatalogueError, ValueError) as error:
        st.warning(f"No comparison with {plain(name)}: {plain(str(error))}")
        return None


def getting_better(now: View, since: Change | None) -> str:
    """Whether coverage grows: against a snapshot, else by the newest rules."""
    if since is not None:
        return f"Since {plain(since.name)}: {plain(since.found.sentence())}"
    recent = recent_rules(now)
    if not recent.dated:
        return (
            "Is it getting better? These rules have no dates. Keep a snapshot on the Share page, and compare "
            "with it later."
        )
    if not recent.rules:
        return f"No rule in scope was created in the last {DAYS} days."
    added = (
        f"{noun(recent.rules, 'it is', 'they are')} the first on "
        f"{amount(len(recent.techniques), 'technique')}"
        if recent.techniques
        else "the techniques they name had a rule before"
    )
    return f"{amount(recent.rules, 'rule')} in scope came in the last {DAYS} days; {added}."


# ---- cards ---------------------------------------------------------------------------------------------


def against(now: View) -> None:
    """One sentence and one figure for the threat profile that was chosen."""
    try:
        threat = threat_choice.chosen(now)
    except TableError as error:
        st.warning(plain(str(error)))
        return
    found = threat_coverage(now, threat)
    st.subheader("Against whom", anchor=False)
    with st.container(border=True):
        st.metric(
            plain(threat.profile.name),
            f"{found.weighted:.0%}" if found.needed else "–",
            help="Covered of what they need, weighted by how many of them need it.",
        )
        st.caption(
            f"{number(found.covered)} of "
            f"{amount(found.needed, 'technique or sub-technique', 'techniques and sub-techniques')} that "
            f"{amount(len(threat.members), 'adversary needs', 'adversaries need')} are covered."
        )
        if st.button("Each adversary", icon=":material/person_alert:", key="open_threats"):
            session.open_page("threats")


def cards(now: View, figures: Mapping, since: Change | None) -> None:
    """Five figures with their denominators, each with its change since the snapshot."""
    places = st.columns(5)
    rows = (
        ("Techniques covered", "techniques", "Techniques in scope that have a rule, as the scope counts it."),
        ("Sub-techniques covered", "subtechniques", "Sub-techniques in scope with a rule of their own."),
        (
            "Matrix cells covered",
            "placements",
            "A technique or sub-technique is a cell of the matrix in each of its tactics.",
        ),
        (
            "Including pre-attack",
            "techniques_with_pre",
            "Techniques covered when those that happen before a SIEM sees anything are counted, too.",
        ),
    )
    for place, (title, key, words) in zip(places, rows, strict=False):
        part = figures[key]
        change = since.of(key) if since and key != "techniques_with_pre" else None
        with place.container(border=True, height="stretch"):
            st.metric(
                title,
                f"{part['covered']:,g} of {part['total']:,}",
                delta=f"{change:+,g}" if change else None,
                help=words,
            )
            st.caption(_percent(part) + _by_running(now, key))
    rules, copies = figures["rules"], len(now.counts_as)
    unmapped = rules["unmapped"] + rules["tactic_only"] + rules["unread"]
    words = "Rules that the scope counts, of all rules read: those that the Rules page lists."
    if copies:
        words += f" {amount(copies, 'more rule is', 'more rules are')} a copy of one of these."
    with places[4].container(border=True, height="stretch"):
        st.metric(
            "Rules in scope",
            f"{rules['in_scope']:,} of {rules['read'] - copies:,}",
            delta=f"{since.rules:+,}" if since and since.rules else None,
            help=words,
        )
        st.caption(
            amount(unmapped, "maps to no technique", "map to no technique") if unmapped else "all mapped"
        )


def _by_running(now: View, grain: str) -> str:
    """How much of it is covered by rules whose data arrives, where an inventory says so."""
    if now.arrivals is None or grain == "techniques_with_pre":
        return ""
    part = covered_by_running(now, now.arrivals)[grain]
    return f"; {part['covered']:,g} ({_percent(part)}) by rules that can run"


# ---- what to do next -----------------------------------------------------------------------------------


def to_do_next(now: View, open_techniques: pd.DataFrame, accepted: int, findings: pd.DataFrame) -> None:
    """At most five things to do, each with a button that leads to the work. `accepted`: how many open
    techniques are not among them, since they are accepted or planned.
    """
    st.subheader("Five things to do next", anchor=False)
    found = list(islice(_things(now, open_techniques, findings), 5))
    if not found:
        st.success("Nothing stands out: every technique in scope has a rule, and every mapping is right.")
    for place, (words, label, page, opened) in enumerate(found):
        text, button = st.columns([5, 2], vertical_alignment="center")
        text.markdown(f"{place + 1}. {words}")
        if button.button(label, key=f"next_{place}", width="stretch"):
            if page == "technique":
                session.open_technique(opened["technique"])
            session.open_page(page, **opened)
    if accepted:
        left_out = amount(accepted, "accepted or planned gap is", "accepted or planned gaps are")
        st.caption(f"{left_out} left out.")


Thing = tuple[str, str, str, dict]  # words, label of its button, page, parameters


def _things(now: View, open_techniques: pd.DataFrame, findings: pd.DataFrame) -> Iterator[Thing]:
    """What to do, most pressing first; made one by one, since the last are rarely asked for."""
    yield from _blind_platform(now)
    yield from map(_technique, open_techniques.head(3).itertuples(index=False))
    yield from _mappings(findings)
    yield from _second_rules(now)


def _blind_platform(now: View) -> list[Thing]:
    rows = worst_first(coverage_by_platform(now))
    if rows.empty or rows.iloc[0]["share"] >= 0.9:
        return []
    worst = rows.iloc[0]
    name = str(worst["name"])
    words = (
        f"**Cover {plain(name)}**: {worst['covered']:,g} of {amount(worst['total'], 'technique')} "
        f"{noun(worst['total'], 'has', 'have')} a rule there."
    )
    return [(words, f"Gaps on {plain(name)}", "plan", {"gap_platform": [name]})]


def _technique(row) -> Thing:
    words = (
        f"**Cover {row.attack_id} {plain(row.name)}**: used by {amount(row.groups, 'group')} and "
        f"{amount(row.software, 'piece of software', 'pieces of software')}."
    )
    return words, f"Open {row.attack_id}", "technique", {"technique": row.attack_id}


def _mappings(findings: pd.DataFrame) -> list[Thing]:
    work = findings[findings["silenced"].isna() & findings["severity"].isin(PROBLEM_SEVERITIES[:2])]
    work = work[work["position"].notna()]
    if work.empty:
        return []
    ready = int(work["fix"].notna().sum())
    words = f"**Mend {amount(len(work[['rule_key', 'position']].drop_duplicates()), 'mapping')}**" + (
        f": the right value is known for {ready:,} of them." if ready else "."
    )
    return [(words, "Mapping health", "mapping", {})]


def _second_rules(now: View) -> list[Thing]:
    thin = gaps(now, ["fragile"])
    thin = thin[(thin["gap_type"] == "fragile") & ~thin["is_subtechnique"]]
    if thin.empty:
        return []
    depend = amount(len(thin), "technique depends", "techniques depend")
    words = f"**Add a second rule**: {depend} on a single rule."
    return [(words, "See which", "plan", {"gap_type": ["fragile"], "gap_grain": "techniques"})]


# ---- tables --------------------------------------------------------------------------------------------


def share_table(coverage: pd.DataFrame, kind: str, title: str) -> None:
    """Tactics or platforms as bars in a table, weakest first; a row opens its gaps in the Plan."""
    rows = worst_first(coverage)
    st.subheader(title, anchor=False)
    if rows.empty:
        st.caption("Nothing is in scope.")
        return
    shown = pd.DataFrame(
        {
            "name": rows["name"],
            "share": 100 * rows["share"],
            "covered": [
                f"{covered:,g} of {total:,}"
                for covered, total in zip(rows["covered"], rows["total"], strict=True)
            ],
        }
    )
    config = {
        "name": st.column_config.TextColumn(kind.capitalize(), width="medium"),
        "share": st.column_config.ProgressColumn("Covered", min_value=0, max_value=100, format="%.0f%%"),
        "covered": st.column_config.TextColumn("Techniques", width=96, alignment="right"),
    }
    chosen = parts.chosen_row(shown, f"overview_{kind}", config, height=38 + 35 * len(shown), search=False)
    empty = sorted(coverage.loc[coverage["total"] == 0, "name"])
    st.caption(
        "Click a row to see its gaps in the Plan."
        + (f" None in scope: {plain(', '.join(empty))}." if empty else "")
    )
    if chosen is not None:
        row = rows.iloc[chosen]
        session.open_page("plan", **{f"gap_{kind}": [str(row["tactic_id" if kind == "tactic" else "name"])]})


_LATEST = {
    "name": st.column_config.TextColumn("Rule", width="large"),
    "updated": st.column_config.DateColumn("Updated"),
    "created": st.column_config.DateColumn("Created"),
    "severity": "Severity",
    "path": st.column_config.TextColumn("File"),
}


def latest_changes(now: View) -> None:
    """Rules by severity and month, and the latest ones, folded: a manager rarely asks."""
    with st.expander("Rules by severity and month, and the latest changes"):
        left, right = st.columns(2)
        severities, months = severity_mix(now), activity_by_month(now)
        left.plotly_chart(
            bars.count_bars(severities, session.theme(), "Rules in scope by severity", "rules"),
            theme=None,
            key="severities",
            config={"displayModeBar": False},
            alt="Rules in scope by severity: "
            + ", ".join(f"{name} {count:,}" for name, count in severities.items()),
        )
        right.plotly_chart(
            bars.activity_bars(months, session.theme(), "Rules created and last updated, by month"),
            theme=None,
            key="activity",
            config={"displayModeBar": False},
            alt="Rules created and last updated in each month; the table below has the latest.",
        )
        recent = (
            now.rules.dropna(subset=["updated"])
            .sort_values(["updated", "created", "name"], ascending=[False, False, True])
            .head(15)
        )
        if recent.empty:
            st.caption("No rule in scope says when it was updated.")
        elif (row := parts.chosen_row(recent[list(_LATEST)], "overview_recent", _LATEST)) is not None:
            session.open_rule(recent.iloc[row]["rule_key"])
