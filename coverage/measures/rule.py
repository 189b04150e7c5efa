"""One rule, and rules beside one another: what each is read as, and who else is there."""

from __future__ import annotations

import pandas as pd

from coverage.identity import counted, united
from coverage.measures.frames import SIDE_BY_SIDE
from coverage.measures.threat import listed
from coverage.scope import View, among, once_a_view
from coverage.vocabulary import attack_url


@once_a_view
def rules_with_ids(view: View) -> pd.DataFrame:
    """RULES of every rule read, with the live IDs each is read as (`attack_ids`, in the rule's order) and
    `also_in`.

    A rule that stands in several places is there once, with the IDs of all its copies; `also_in` names
    the other corpora.
    """
    read = counted(
        view.mappings.loc[view.mappings["attack_id"].notna(), ["rule_key", "attack_id"]], view.counts_as
    )
    rules = united(view.all_rules, view.counts_as)
    copies = counted(
        view.all_rules[among(view.all_rules["rule_key"], pd.Series(list(view.counts_as), dtype="str"))],
        view.counts_as,
    )
    corpus_of = dict(zip(rules["rule_key"].tolist(), rules["corpus"].tolist(), strict=True))
    pairs = dict.fromkeys(zip(copies["rule_key"].tolist(), copies["corpus"].tolist(), strict=True))
    elsewhere = [(rule_key, corpus) for rule_key, corpus in pairs if corpus_of[rule_key] != corpus]
    return rules.assign(
        attack_ids=listed(read.drop_duplicates(), "rule_key", "attack_id", rules["rule_key"]),
        also_in=listed(
            pd.DataFrame(elsewhere, columns=["rule_key", "corpus"], dtype="str"),
            "rule_key",
            "corpus",
            rules["rule_key"],
        ),
    )


@once_a_view
def mappings_side_by_side(view: View) -> pd.DataFrame:
    """SIDE_BY_SIDE: every mapping of every rule read, as written and as read."""
    mappings, rules = view.mappings, view.all_rules.set_index("rule_key")
    names = dict(
        zip(
            view.catalogue.techniques["attack_id"].tolist(),
            view.catalogue.techniques["name"].tolist(),
            strict=True,
        )
    )
    tactics = dict(
        zip(
            view.catalogue.tactics["tactic_id"].tolist(), view.catalogue.tactics["name"].tolist(), strict=True
        )
    )
    return SIDE_BY_SIDE.frame(
        {
            "rule_key": mappings["rule_key"].array,
            **{name: mappings["rule_key"].map(rules[name]).array for name in ("corpus", "name", "path")},
            "position": mappings["position"].array,
            "tactic_written": _joined(mappings["tactic_written"], mappings["tactic_name_written"]),
            "leaf_written": mappings["leaf_written"].array,
            "tactic_read": _labelled(mappings["tactic_id"], tactics),
            "read_as": _labelled(mappings["attack_id"], names),
            **{name: mappings[name].array for name in ("status", "tactic_status", "candidates", "reason")},
        }
    )


def _labelled(ids: pd.Series, names: dict[str, str]) -> list[str | None]:
    return [
        f"{value} {names.get(value, '')}".strip() if isinstance(value, str) else None
        for value in ids.tolist()
    ]


def _joined(written: pd.Series, names: pd.Series) -> list[str | None]:
    pairs = zip(written.tolist(), names.tolist(), strict=True)
    return [
        None if not isinstance(a, str) else a if a == b or not isinstance(b, str) else f"{a} {b}"
        for a, b in pairs
    ]


def rule_mappings(view: View, rule_key: str) -> pd.DataFrame:
    """MAPPINGS of one rule, with `technique` (ID and name as read), `tactics` it counts in, and `url`."""
    rows = view.mappings[view.mappings["rule_key"] == rule_key].copy()
    names = view.catalogue.techniques.set_index("attack_id")["name"]
    tactics = view.catalogue.tactics.set_index("tactic_id")["name"]
    rows["technique"] = rows["attack_id"] + " " + rows["attack_id"].map(names)
    rows["tactics"] = [_tactics_counted(view, row, tactics) for row in rows.itertuples()]
    rows["url"] = [attack_url(value) if isinstance(value, str) else None for value in rows["attack_id"]]
    return rows


def _tactics_counted(view: View, row, names: pd.Series) -> tuple[str, ...]:
    if not isinstance(row.attack_id, str):
        return ()
    if row.tactic_status in ("valid", "renamed"):
        return (names[row.tactic_id],)
    placements = view.catalogue.placements
    return tuple(
        names[tactic] for tactic in placements.loc[placements["attack_id"] == row.attack_id, "tactic_id"]
    )


def rule_neighbours(view: View, rule_key: str) -> pd.DataFrame:
    """RULES other than this one that are read as one of its IDs, with `shared`: those IDs; most shared
    first.
    """
    rule_key = view.counts_as.get(rule_key, rule_key)
    read = counted(
        view.mappings.loc[view.mappings["attack_id"].notna(), ["rule_key", "attack_id"]], view.counts_as
    )
    read = read.drop_duplicates()
    mine = read.loc[read["rule_key"] == rule_key, "attack_id"]
    others = read[read["attack_id"].isin(mine) & (read["rule_key"] != rule_key)]
    shared = others.groupby("rule_key")["attack_id"].agg(tuple).rename("shared").reset_index()
    rows = shared.merge(view.all_rules, on="rule_key")
    rows["_count"] = rows["shared"].map(len)
    return rows.sort_values(["_count", "name"], ascending=[False, True], ignore_index=True).drop(
        columns="_count"
    )
