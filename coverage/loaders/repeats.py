"""Rules that repeat an earlier one, within a corpus or across corpora: listed, never left out.

What then counts once and what twice is decided by `coverage.identity`. Knows no format and no frame.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from coverage.models import Problem, Rule

# What the rules of each name are called by, corpus by corpus: the first one there.
Firsts = dict[Hashable, dict[str, Rule]]


def repeats(rules: Iterable[Rule]) -> list[Problem]:
    """One problem a rule that repeats an earlier one, naming both files.

    `same-content` (note): another corpus has the very file. `duplicate-id` (warning): the id is the same;
    within one corpus both rules count, across corpora the rule counts once.
    """
    contents: Firsts = {}
    ids: Firsts = {}
    problems = []
    for rule in rules:
        nth = rule.rule_key.removeprefix(f"{rule.corpus}/{rule.path}")
        twin = _earlier((rule.content_hash, nth) if rule.content_hash else None, rule, contents)
        earlier = _earlier(rule.rule_id or None, rule, ids)
        if twin is not None and twin.corpus != rule.corpus:
            problems.append(_problem(rule, twin, "same-content", "note", "The same content"))
        elif earlier is not None:
            problems.append(_problem(rule, earlier, "duplicate-id", "warning", f"The id {rule.rule_id}"))
    return problems


def _earlier(name: Hashable | None, rule: Rule, firsts: Firsts) -> Rule | None:
    """The earlier rule of this name: of the same corpus, else the first of any; None without one."""
    if name is None:
        return None
    known = firsts.setdefault(name, {})
    found = known.get(rule.corpus) or next(iter(known.values()), None)
    known.setdefault(rule.corpus, rule)
    return found


def _problem(rule: Rule, earlier: Rule, code: str, severity: str, what: str) -> Problem:
    here, there = f"{rule.corpus}/{rule.path}", f"{earlier.corpus}/{earlier.path}"
    places = f"twice in {here}" if here == there else f"in both {here} and {there}"
    kept = "both rules are kept" if rule.corpus == earlier.corpus else "it counts once"
    return Problem(rule.path, None, None, rule.rule_id, code, severity, f"{what} is {places}; {kept}.", rule.corpus)
