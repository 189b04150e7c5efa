"""One rule, and rules compared: what each is read as, and which others are near it."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

from coverage.frames import rows_of
from coverage.identity import counted, united
from coverage.measures.frames import SIDE_BY_SIDE
from coverage.measures.threat import listed
from coverage.scope import View, among, once_a_view
from coverage.vocabulary import RULE_CLASSES, SEVERITIES, attack_url


@once_a_view
def rules_with_ids(view: View) -> pd.DataFrame:
    """RULES of every rule read, with the current IDs each is read as (`attack_ids`, in the rule's order) and
    `also_in`.

    A rule that is in several places is there once, with the IDs of all its copies; `also_in` names
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


def rule_data(view: View, rule_keys: Collection[str]) -> dict[str, set[str]]:
    """Rule -> the data sources and data components that it or a copy of it names; none where it names
    none.
    """
    wanted = set(rule_keys)
    rules = view.all_rules
    found: dict[str, set[str]] = {}
    for key, sources, components in rows_of(rules, "rule_key", "data_sources", "data_components"):
        best = view.counts_as.get(key, key)
        if best in wanted:
            found.setdefault(best, set()).update(sources, components)
    return found


def rule_neighbours(view: View, rule_key: str) -> pd.DataFrame:
    """RULES other than this one that are read as one of its IDs and use some of its data, best first.

    With `shared`, those IDs, and `shared_data`, the data sources and data components that both name. First
    come those that share most IDs, then most data; of these, production rules and the severest. A rule that
    several rule sets have is there once. Empty for a rule that names no data.
    """
    rule_key = view.counts_as.get(rule_key, rule_key)
    read = counted(
        view.mappings.loc[view.mappings["attack_id"].notna(), ["rule_key", "attack_id"]], view.counts_as
    )
    read = read.drop_duplicates()
    mine = read.loc[read["rule_key"] == rule_key, "attack_id"]
    others = read[read["attack_id"].isin(mine) & (read["rule_key"] != rule_key)]
    shared = others.groupby("rule_key")["attack_id"].agg(tuple)
    data = rule_data(view, [rule_key, *shared.index])
    common = {key: tuple(sorted(data[rule_key] & data[key])) for key in shared.index}
    shared = shared[[bool(common[key]) for key in shared.index]]
    rows = united(view.all_rules, view.counts_as)
    rows = rows[rows["rule_key"].isin(shared.index)]
    rows = rows.assign(
        shared=rows["rule_key"].map(shared).astype(object),
        shared_data=rows["rule_key"].map(common).astype(object),
    )
    order = sorted(enumerate(rows_of(rows, *_NEIGHBOUR_ORDER)), key=lambda row: _nearness(*row[1]))
    return rows.iloc[[place for place, _ in order]].reset_index(drop=True)


_NEIGHBOUR_ORDER = ["shared", "shared_data", "rule_class", "severity", "name", "rule_key"]
_CLASS_PLACES = {name: place for place, name in enumerate(RULE_CLASSES)}
_SEVERITY_PLACES = {name: place for place, name in enumerate(SEVERITIES)}


def _nearness(
    shared: tuple, shared_data: tuple, rule_class: str, severity: str | None, name: str, rule_key: str
) -> tuple:
    """Where a neighbour comes in the order: the least first."""
    return (
        -len(shared),
        -len(shared_data),
        _CLASS_PLACES[rule_class],
        -_SEVERITY_PLACES.get(severity, -1),
        name.casefold(),
        rule_key,
    )


@once_a_view
def _searched(view: View) -> tuple[list[tuple[str, str, str]], pd.Index]:
    """Of each row of `rules_with_ids`: name, ID, and the other texts that are searched, in lower case."""
    rules = rules_with_ids(view)
    texts = []
    for name, rule_id, *others, tags in rows_of(
        rules, "name", "rule_id", "description", "query", "path", "tags"
    ):
        own_id = rule_id if isinstance(rule_id, str) else ""
        rest = "\n".join([own_id, *(text for text in others if isinstance(text, str)), *tags])
        texts.append((name.casefold(), own_id.casefold(), rest.casefold()))
    return texts, rules.index


def search_ranks(view: View, text: str) -> pd.Series:
    """How well each row of `rules_with_ids` answers a search: 0 is best, NA is none. In any case.

    0: the name, or the rule's ID, is the text. 1: the name starts with it. 2: a word of the name does. 3: the
    name has it, or each of its words. 4: each of its words is somewhere in the name, ID, tags, description,
    query or path.
    """
    phrase = " ".join(text.casefold().split())
    words, at_a_word = phrase.split(), re.compile(rf"(?<!\w){re.escape(phrase)}")
    texts, index = _searched(view)

    def rank(name: str, rule_id: str, rest: str) -> int | None:
        if phrase in (name, rule_id):
            return 0
        if name.startswith(phrase):
            return 1
        if phrase in name and at_a_word.search(name):
            return 2
        if all(word in name for word in words):
            return 3
        return 4 if all(word in name or word in rest for word in words) else None

    return pd.Series([rank(*row) for row in texts], index=index, dtype="Int64")
