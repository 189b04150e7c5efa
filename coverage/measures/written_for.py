"""Which release was this written for? The installed releases in which a rule's whole mapping is valid.

Valid in a release: every ID, name and tactic of the mapping paths read there is right there, so no check
marked `invalid` in CHECKS finds anything. Where a rule has several mapping sets (`threat_mappings`), each
release judges the set that is for it. Links, tags and repetitions tell nothing of a release.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from coverage.findings.checks import CHECKS
from coverage.measures.frames import CORPUS_RELEASES, WRITTEN_FOR
from coverage.reading import Reading, read_in, releases_beside
from coverage.scope import among

INVALID = frozenset(code for code, check in CHECKS.items() if check.invalid)


def written_for(reading: Reading) -> pd.DataFrame:
    """WRITTEN_FOR: every rule with a mapping, and the releases of the reading's domain in which it is
    valid.
    """
    valid: dict[str, list[str]] = {}
    judged: dict[str, None] = {}
    for release, other in _readings(reading):
        mapped = dict.fromkeys(judged_rules(other))
        judged |= mapped
        wrong = set(
            other.findings.loc[among(other.findings["code"], pd.Series(sorted(INVALID))), "rule_key"].tolist()
        )
        for rule_key in mapped:
            if rule_key not in wrong:
                valid.setdefault(rule_key, []).append(release)
    rules = reading.loaded.rules
    rules = rules[among(rules["rule_key"], pd.Series(list(judged), dtype="str"))]
    releases = [tuple(valid.get(key, ())) for key in rules["rule_key"].tolist()]
    return WRITTEN_FOR.frame(
        {
            **{name: rules[name].array for name in ("rule_key", "corpus", "path", "name")},
            "valid_in": releases,
            "oldest": [found[0] if found else None for found in releases],
            "newest": [found[-1] if found else None for found in releases],
        }
    )


def _readings(reading: Reading) -> list[tuple[str, Reading]]:
    """(release, reading) of every installed release of the domain, oldest first; the given reading is
    used for its own.
    """
    mine = reading.catalogue.release
    return [
        (str(release), reading if release == mine else read_in(reading.loaded, str(release)))
        for release in sorted({mine, *releases_beside(reading.catalogue)})
    ]


def judged_rules(reading: Reading) -> list[str]:
    """The rules with a mapping to this domain: not those that map to other domains and frameworks alone."""
    mappings = reading.mappings
    return mappings.loc[mappings["status"] != "other_domain", "rule_key"].drop_duplicates().tolist()


def releases_by_corpus(frame: pd.DataFrame, releases: Sequence[str]) -> pd.DataFrame:
    """CORPUS_RELEASES: how many of each corpus's mapped rules are valid in each release. `frame`:
    WRITTEN_FOR.
    """
    rows = []
    for corpus, rules in frame.groupby("corpus", sort=False):
        for release in releases:
            count = sum(release in valid for valid in rules["valid_in"])
            rows.append((corpus, release, count, len(rules), count / len(rules)))
    return (
        CORPUS_RELEASES.frame(
            dict(zip(CORPUS_RELEASES.columns, map(list, zip(*rows, strict=True)), strict=True))
        )
        if rows
        else CORPUS_RELEASES.empty()
    )


def releases_of(reading: Reading) -> list[str]:
    """The installed releases of the reading's domain, oldest first."""
    return [
        str(release) for release in sorted({reading.catalogue.release, *releases_beside(reading.catalogue)})
    ]


def release_sentence(by_corpus: pd.DataFrame) -> str:
    """For people: `elastic is 99 % valid in 18.1, 81 % in 19.0; sigma ...`."""
    parts = []
    for corpus, rows in by_corpus.groupby("corpus", sort=False):
        shares = [
            f"{percent(share)} in {release.rpartition('-')[2]}"
            for release, share in zip(rows["release"], rows["share"], strict=True)
        ]
        parts.append(
            f"{corpus} is {shares[0].replace(' in ', ' valid in ')}"
            + "".join(f", {share}" for share in shares[1:])
        )
    return "; ".join(parts)


def percent(share: float) -> str:
    """A share as a whole percentage that is 0 % and 100 % only when it is exactly that."""
    whole = round(share * 100)
    return "<1%" if share and not whole else ">99%" if share < 1 and whole == 100 else f"{whole}%"
