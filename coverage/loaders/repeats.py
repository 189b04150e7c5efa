"""Rules that repeat an earlier one, within a corpus or across corpora: listed, never left out.

What then counts once and what twice is decided by `coverage.identity`. Independent of formats and frames.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable

from coverage.identity import RuleId, id_of, nth_of_file
from coverage.models import Problem, Rule

# What the rules of each name are called by, corpus by corpus: the first one there.
Firsts = dict[Hashable, dict[str, Rule]]


def repeats(rules: Iterable[Rule], listed: Collection[tuple[str, str]] = ()) -> list[Problem]:
    """One problem a rule that repeats an earlier one, naming both files.

    `same-content` (note): the same file is there too, and the rule counts once. `duplicate-id` (warning):
    the id is the same; within one corpus both rules count, across corpora the rule counts once.
    `listed`: (corpus, path) of files that are reported already, since an earlier corpus has the file itself.
    """
    contents: Firsts = {}
    ids: Firsts = {}
    problems = []
    for rule in rules:
        nth, known = nth_of_file(rule.rule_key, rule.corpus, rule.path), _id(rule)
        twin = _earlier((rule.content_hash, nth) if rule.content_hash else None, rule, contents)
        earlier = _earlier(known and known.at_home, rule, ids)
        if twin is not None:
            if (rule.corpus, rule.path) not in listed:
                problems.append(_problem(rule, twin, "same-content", "note", "The same content", once=True))
        elif earlier is not None:
            once = rule.corpus != earlier.corpus
            if not once or known == _id(earlier):
                problems.append(
                    _problem(rule, earlier, "duplicate-id", "warning", f"The id {rule.rule_id}", once)
                )
    return problems


def _id(rule: Rule) -> RuleId | None:
    return id_of(rule.rule_id, rule.format, rule.name)


def _earlier(name: Hashable | None, rule: Rule, firsts: Firsts) -> Rule | None:
    """The earlier rule of this name: of the same corpus, else the first of any; None without one."""
    if name is None:
        return None
    known = firsts.setdefault(name, {})
    found = known.get(rule.corpus) or next(iter(known.values()), None)
    known.setdefault(rule.corpus, rule)
    return found


def _problem(rule: Rule, earlier: Rule, code: str, severity: str, what: str, once: bool) -> Problem:
    here, there = f"{rule.corpus}/{rule.path}", f"{earlier.corpus}/{earlier.path}"
    places = f"twice in {here}" if here == there else f"in both {here} and {there}"
    kept = "it counts once" if once else "both rules are kept"
    return Problem(
        rule.path, None, None, rule.rule_id, code, severity, f"{what} is {places}; {kept}.", rule.corpus
    )
