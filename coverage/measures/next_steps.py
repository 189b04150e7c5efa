"""The next step for each gap: what to do, which rules to start from, and the data that it needs.

Only what the release and the rules read say: rules on the technique, its parent and its siblings, rules of
other rule sets that cover it, and the log sources of MITRE's analytics for the platforms in scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from coverage.frames import rows_of
from coverage.measures.frames import DATA_NEEDED, NEXT_STEPS
from coverage.measures.gaps import rules_left_out
from coverage.scope import View, once_a_view
from coverage.vocabulary import PRE_PLATFORM, SEVERITIES
from coverage.words import amount, listed

_SOURCES_IN_A_SENTENCE = 2
_NAME_LENGTH = 90  # of a rule in a sentence

Rules = dict[str, list[str]]  # ID -> keys of its rules, best first


def next_steps(gaps: pd.DataFrame, view: View, others: View | None = None) -> pd.DataFrame:
    """NEXT_STEPS: one row for each row of a GAPS frame of `view`, in its order.

    Parameters
    ----------
    gaps : GAPS frame
    view : View
    others : View, optional
        Other rule sets in the same release and scope: those of their rules that would cover a gap.
    """
    here = _Start(view)
    lent = _closing(others) if others is not None else {}
    names = _names(view, others)
    corpora = dict(rows_of(others.rules, "rule_key", "corpus")) if others else {}
    data = _data_by_id(view)
    rows = []
    for gap in gaps.to_dict("records"):
        attack_id = gap["attack_id"]
        start, source = here.rules(gap)
        lenders = lent.get(attack_id, [])
        needed = data.get(attack_id) or list(gap["data_components"])
        action = _action(gap, start, source, names)
        sentence = "; ".join(
            part for part in (action, _lent(lenders, corpora, names), _needs(needed)) if part
        )
        rows.append(
            (attack_id, gap["gap_type"], sentence, action, tuple(start), tuple(lenders), tuple(needed))
        )
    columns = zip(*rows, strict=True) if rows else [[] for _ in NEXT_STEPS.columns]
    return NEXT_STEPS.frame(dict(zip(NEXT_STEPS.columns, columns, strict=True))).set_axis(gaps.index)


# ---- rules to start from -------------------------------------------------------------------------------


class _Start:
    """Which rules of one's own a gap can be closed from."""

    def __init__(self, view: View) -> None:
        self._rollup = view.scope.rollup
        rank = _ranks(view.all_rules)
        on_ids = view.rules_on_ids
        self._direct = _by_id(on_ids["attack_id"], on_ids["rule_key"], rank)
        left_out = rules_left_out(view)
        left_out = left_out[left_out["promotable"]]
        self._promotable = _by_id(left_out["attack_id"], left_out["rule_key"], rank)
        self._rank = rank
        self._below: dict[str, list[str]] = {}
        subs = view.techniques[view.techniques["parent_id"].notna()]
        for parent, sub in rows_of(subs, "parent_id", "attack_id"):
            self._below.setdefault(parent, []).append(sub)

    def rules(self, gap: Mapping) -> tuple[list[str], str]:
        """The rules, best first, and where they are: an ID, or words for it."""
        attack_id, parent, kind = gap["attack_id"], gap["parent_id"], gap["gap_type"]
        if kind == "not_production":
            return self._promotable.get(attack_id, []), "out of scope"
        if kind == "parent_only":
            return self._direct.get(parent, []), parent
        if kind in ("fragile", "platform"):
            ids = [attack_id, *self._below.get(attack_id, [])] if self._rollup == "any" else [attack_id]
            return self._of(ids), attack_id
        if kind == "partial":
            return [], ""
        if isinstance(parent, str):
            siblings = [one for one in self._below.get(parent, []) if one != attack_id]
            return self._of(siblings), "its siblings"
        return self._of(self._below.get(attack_id, [])), "its sub-techniques"

    def _of(self, ids: Iterable[str]) -> list[str]:
        found = {key for attack_id in ids for key in self._direct.get(attack_id, ())}
        return sorted(found, key=self._rank.__getitem__)


def _closing(others: View) -> Rules:
    """ID -> the rules of other rule sets that would cover it under the roll-up by themselves."""
    pairs, rollup = others.rules_on_ids, others.scope.rollup
    parents = others.techniques[others.techniques["parent_id"].notna()]
    parent_of = dict(rows_of(parents, "attack_id", "parent_id"))
    ids, keys = pairs["attack_id"].tolist(), pairs["rule_key"].tolist()
    if rollup == "any":
        lifted = [(parent_of[one], key) for one, key in zip(ids, keys, strict=True) if one in parent_of]
        ids, keys = ids + [one for one, _ in lifted], keys + [key for _, key in lifted]
    found = _by_id(ids, keys, _ranks(others.all_rules))
    whole = set(parent_of.values()) if rollup in ("all", "share") else set()
    return {one: rules for one, rules in found.items() if one not in whole}


def _by_id(ids: Iterable[str], keys: Iterable[str], rank: Mapping[str, tuple]) -> Rules:
    found: dict[str, set[str]] = {}
    for attack_id, key in zip(ids, keys, strict=True):
        found.setdefault(attack_id, set()).add(key)
    return {attack_id: sorted(rules, key=rank.__getitem__) for attack_id, rules in found.items()}


def _ranks(rules: pd.DataFrame) -> dict[str, tuple]:
    """Rule -> its place: severest first, then by name and key."""
    order = {name: -number for number, name in enumerate(SEVERITIES)}
    return {
        key: (order.get(severity, 1), name.casefold(), key)
        for key, severity, name in rows_of(rules, "rule_key", "severity", "name")
    }


def _names(view: View, others: View | None) -> dict[str, str]:
    frames = [view.all_rules, *([others.all_rules] if others is not None else [])]
    return {key: name for rules in frames for key, name in rows_of(rules, "rule_key", "name")}


# ---- in words ------------------------------------------------------------------------------------------


def _action(gap: Mapping, start: Sequence[str], source: str, names: Mapping[str, str]) -> str:
    """What to do, without what others have and which data it needs."""
    one, many = (_quoted(names[start[0]]) if start else ""), f"one of {amount(len(start), 'rule')}"
    kind = gap["gap_type"]
    if kind == "not_production" and start:
        return f"Promote {one}" if len(start) == 1 else f"Promote {many} that are not in scope"
    if kind == "parent_only" and start:
        return f"Refine {one}, the rule of {source}" if len(start) == 1 else f"Refine {many} of {source}"
    if kind == "partial":
        left = gap["subtechniques"] - gap["subtechniques_covered"]
        return f"Cover {amount(left, 'open sub-technique')}"
    if kind == "fragile":
        return f"Add a second rule beside {one}" if one else "Add a second rule"
    if kind == "platform":
        on = ", ".join(gap["open_platforms"])
        return f"Extend {one if len(start) == 1 else many} to {on}" if start else f"Add a rule for {on}"
    if start:
        rules = amount(len(start), "rule")
        return f"Write a new rule; {rules} of {source} can be a start"
    return "Write a new rule"


def _lent(lenders: Sequence[str], corpora: Mapping[str, str], names: Mapping[str, str]) -> str:
    if not lenders:
        return ""
    sets = list(dict.fromkeys(corpora[key] for key in lenders))
    if len(lenders) == 1:
        return f"{sets[0]} has a rule for it: {_quoted(names[lenders[0]])}"
    if len(sets) == 1:
        return f"{sets[0]} has {amount(len(lenders), 'rule')} for it"
    return f"{listed(sets)} have {amount(len(lenders), 'rule')} for it"


def _quoted(name: str) -> str:
    line = " ".join(name.split())
    return f"“{line if len(line) <= _NAME_LENGTH else f'{line[: _NAME_LENGTH - 1]}…'}”"


def _needs(needed: Sequence[str]) -> str:
    """`needs Sysmon 3 or 22 (Windows)`: the first sources of a gap."""
    if not needed:
        return ""
    more = len(needed) - _SOURCES_IN_A_SENTENCE
    shown = " or ".join(needed[:_SOURCES_IN_A_SENTENCE])
    return f"needs {shown}" + (f" or {amount(more, 'other source')}" if more > 0 else "")


# ---- data ----------------------------------------------------------------------------------------------


@once_a_view
def data_needed(view: View) -> pd.DataFrame:
    """DATA_NEEDED: log sources of MITRE's analytics for each ID in scope, on its platforms in scope.

    A technique has its sub-techniques' too. Those that most analytics of the ID use on a platform first.
    `collected`: a rule in scope needs the data component on that platform.
    """
    pairs = _sources(view)
    family = dict(rows_of(view.catalogue.techniques, "attack_id", "parent_id"))
    here = dict(rows_of(view.techniques, "attack_id", "platforms"))
    counts: dict[tuple, set[str]] = {}
    for leaf, analytic, platforms, source, channel, component in pairs:
        for attack_id in (leaf, family.get(leaf)):
            for platform in platforms:
                if attack_id in here and platform in here[attack_id]:
                    key = (attack_id, platform, source, channel, component)
                    counts.setdefault(key, set()).add(analytic)
    order = sorted(counts, key=lambda key: (key[0], key[1], -len(counts[key]), *key[2:]))
    mine = _collected(view)
    return DATA_NEEDED.frame(
        {
            "attack_id": [key[0] for key in order],
            "platform": [key[1] for key in order],
            "source": [source_words(key[2], key[3]) for key in order],
            "log_source": [key[2] for key in order],
            "channel": [key[3] for key in order],
            "data_component": [key[4] for key in order],
            "analytics": [len(counts[key]) for key in order],
            "collected": [(key[4], key[1]) in mine for key in order],
        }
    )


def _sources(view: View) -> Iterable[tuple]:
    """(technique, analytic, its platforms, log source, channel, data component) of every analytic."""
    catalogue = view.catalogue
    pairs = catalogue.detections.merge(catalogue.log_sources, on="analytic_id")
    components = dict(rows_of(catalogue.data_components, "component_id", "name"))
    columns = (pairs[name].tolist() for name in ("attack_id", "analytic_id", "platforms", "name"))
    channels = [
        text if isinstance(text, str) and text != "None" else "" for text in pairs["channel"].tolist()
    ]
    parts = [
        components.get(one, one if isinstance(one, str) else "") for one in pairs["component_id"].tolist()
    ]
    return zip(*columns, channels, parts, strict=True)


def _collected(view: View) -> frozenset[tuple[str, str]]:
    """(data component, platform) of every rule in scope."""
    pairs = rows_of(view.rules, "data_components", "platforms")
    return frozenset(
        (name, platform) for names, platforms in pairs for name in names for platform in platforms
    )


_EVENT_IDS = re.compile(r"EventCode\s*=\s*(\d+(?:\s*,\s*\d+)*)")
_SHORT = re.compile(r"[\w.:\-]+(?:, [\w.:\-]+){0,2}")


def source_words(log_source: str, channel: str) -> str:
    """A log source in a few words: `Sysmon 3 or 22`, `auditd:SYSCALL execve`; long channels are left out."""
    name = log_source.removeprefix("WinEventLog:")
    if events := _EVENT_IDS.fullmatch(channel.strip()):
        numbers = [text.strip() for text in events[1].split(",")]
        listed = f"{', '.join(numbers[:-1])} or {numbers[-1]}" if len(numbers) > 1 else numbers[0]
        return f"{name} {listed}"
    return f"{name} {channel}" if len(channel) <= 30 and _SHORT.fullmatch(channel) else name


def _data_by_id(view: View) -> dict[str, list[str]]:
    """ID -> for each platform in scope its first log source: `Sysmon 3 or 22 (Windows)`."""
    found = data_needed(view)
    first = found.drop_duplicates(["attack_id", "platform"])
    result: dict[str, dict[str, list[str]]] = {}
    for attack_id, platform, source in first[["attack_id", "platform", "source"]].itertuples(index=False):
        if platform != PRE_PLATFORM:
            result.setdefault(attack_id, {}).setdefault(source, []).append(platform)
    return {
        attack_id: [f"{source} ({', '.join(platforms)})" for source, platforms in _windows_first(sources)]
        for attack_id, sources in result.items()
    }


def _windows_first(sources: Mapping[str, list[str]]) -> list[tuple[str, list[str]]]:
    return sorted(sources.items(), key=lambda item: ("Windows" not in item[1], item[1]))
