"""One technique: its facts, its rules (its sub-techniques' marked), who uses it, what sees it."""

from __future__ import annotations

import pandas as pd

from coverage.frames import rows_of
from coverage.identity import counted, united
from coverage.measures.frames import TECHNIQUE_RULES, TECHNIQUE_USERS
from coverage.measures.gaps import gaps
from coverage.measures.next_steps import next_steps
from coverage.measures.telemetry import named_components
from coverage.scope import View, once_a_view
from coverage.threats.names import names_of
from coverage.threats.uses import attack_uses
from coverage.vocabulary import COVERED_GAP_TYPES, WAYS, attack_url

_KEPT = 100  # techniques whose details are kept with a view


@once_a_view(most=_KEPT)
def open_work(view: View, attack_id: str) -> pd.DataFrame:
    """The GAPS row of one ID with `step`, what to do next; no row where nothing is open.

    An ID that one rule alone covers, or not on every platform, has a row, too.
    """
    found = gaps(view, sorted(COVERED_GAP_TYPES))
    found = found[found["attack_id"] == attack_id].head(1)
    return found.assign(step=next_steps(found, view)["step"])


@once_a_view(most=_KEPT)
def technique_facts(view: View, attack_id: str) -> dict:
    """What the release says of one ID: name, parent, tactics, platforms, and frames of its relations.

    Raises
    ------
    KeyError
        When the release does not have the ID.
    """
    catalogue = view.catalogue
    techniques = catalogue.techniques.set_index("attack_id")
    row = techniques.loc[attack_id]
    parent = row["parent_id"] if isinstance(row["parent_id"], str) else None
    tactic_names = catalogue.tactics.set_index("tactic_id")["name"]
    mitigations = catalogue.mitigates.loc[catalogue.mitigates["attack_id"] == attack_id, ["mitigation_id"]]
    components = named_components(catalogue)
    return {
        "attack_id": attack_id,
        "name": row["name"],
        "status": row["status"],
        "parent_id": parent,
        "parent_name": techniques["name"].get(parent, "") if parent else "",
        "tactics": [tactic_names.get(tactic, tactic) for tactic in row["tactics"]],
        "platforms": list(row["platforms"]),
        "description": row["description"] if isinstance(row["description"], str) else None,
        "groups": _users(view, attack_id, "group"),
        "software": _users(view, attack_id, "software"),
        "campaigns": _users(view, attack_id, "campaign"),
        "mitigations": mitigations.merge(catalogue.mitigations, on="mitigation_id"),
        "components": sorted(components.loc[components["attack_id"] == attack_id, "name"]),
        "analytics": _analytics(view, attack_id),
    }


def _users(view: View, attack_id: str, kind: str) -> pd.DataFrame:
    catalogue = view.catalogue
    names = {"group": catalogue.groups, "software": catalogue.software, "campaign": catalogue.campaigns}[kind]
    uses = catalogue.uses
    users = uses.loc[(uses["target_id"] == attack_id) & (uses["source_kind"] == kind), "source_id"]
    key = f"{kind}_id"
    columns = [
        column
        for column in (key, "name", "kind", "aliases", "first_seen", "last_seen", "url")
        if column in names
    ]
    return names.loc[names[key].isin(users), columns].sort_values("name", ignore_index=True)


@once_a_view(most=_KEPT)
def technique_users(view: View, attack_id: str) -> pd.DataFrame:
    """TECHNIQUE_USERS: who of ATT&CK comes to this very ID, directly and how else: direct uses first, the
    last reported of them before the others.
    """
    catalogue = view.catalogue
    names = {kind: names_of(catalogue, kind) for kind in ("group", "software", "campaign")}
    kinds = {one: kind for kind, found in names.items() for one in found}
    name_of = {one: name for found in names.values() for one, name in found.items()}
    uses = catalogue.uses[catalogue.uses["target_id"] == attack_id]
    texts = dict(rows_of(uses, "source_id", "procedure"))
    found = attack_uses(catalogue)
    found = found[found["attack_id"] == attack_id]
    columns = ("member_id", "way", "through", "last_reported")
    rows = [
        (
            one,
            name_of[one],
            kinds[one],
            way,
            name_of.get(through, ""),
            None if pd.isna(year) else year,
            texts.get(one) if way == "direct" else None,
            attack_url(one),
        )
        for one, way, through, year in rows_of(found, *columns)
    ]
    ways, kind_order = list(WAYS), list(names)
    rows.sort(
        key=lambda row: (
            ways.index(row[3]),
            kind_order.index(row[2]),
            -(row[5] or 0),
            row[1].casefold(),
            row[0],
            row[4],
        )
    )
    return TECHNIQUE_USERS.of_rows(rows)


def _analytics(view: View, attack_id: str) -> pd.DataFrame:
    """One row an analytic and log source: analytic, platforms, log source, channel, data component."""
    catalogue = view.catalogue
    strategies = catalogue.strategies.loc[
        catalogue.strategies["attack_id"] == attack_id, ["strategy_id", "name"]
    ]
    strategies = strategies.rename(columns={"name": "strategy"})
    analytics = strategies.merge(
        catalogue.analytics[["strategy_id", "analytic_id", "platforms", "url"]], on="strategy_id"
    )
    sources = catalogue.log_sources.rename(columns={"name": "log_source"})
    rows = analytics.merge(sources, on="analytic_id", how="left")
    rows["data_component"] = rows["component_id"].map(
        catalogue.data_components.set_index("component_id")["name"]
    )
    return rows[["strategy", "analytic_id", "platforms", "log_source", "channel", "data_component", "url"]]


@once_a_view(most=_KEPT)
def technique_rules(view: View, attack_id: str) -> pd.DataFrame:
    """TECHNIQUE_RULES: every rule read as this ID or one of its sub-techniques: in scope first, then direct
    ones.

    A rule that several corpora have is listed once.
    """
    live = view.catalogue.techniques
    family = live.loc[(live["attack_id"] == attack_id) | (live["parent_id"] == attack_id), "attack_id"]
    pairs = view.mappings.loc[view.mappings["attack_id"].isin(family), ["rule_key", "attack_id"]]
    pairs = counted(pairs, view.counts_as).drop_duplicates()
    ids = pairs.sort_values("attack_id").groupby("rule_key")["attack_id"].agg(tuple)
    rules = united(view.all_rules, view.counts_as)
    rules = rules[rules["rule_key"].isin(ids.index)].copy()
    rules["mapped_to"] = rules["rule_key"].map(ids).astype(object)
    rules["direct"] = [attack_id in mapped for mapped in rules["mapped_to"]]
    rules["in_scope"] = rules["rule_key"].isin(view.rules["rule_key"])
    rules = rules.sort_values(
        ["in_scope", "direct", "name"], ascending=[False, False, True], ignore_index=True
    )
    return rules[list(TECHNIQUE_RULES.columns)].astype({"direct": "bool", "in_scope": "bool"})
