"""What the tests of the exports share: a state of the small corpus, one of hostile rules, and layers read
apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from coverage.exports.content import Content
from coverage.loaders import CorpusStamp, Loaded
from coverage.loaders.frames import problems_frame, rules_frame, written_frame
from coverage.mapping.reader import mappings_as_read
from coverage.reading import Reading
from coverage.scope import View
from tests.helpers import small

# What a rule's author could try: markup, a script, a formula, control signs, an address that is no web page.
EVIL = (
    "<script>alert(1)</script> =HYPERLINK(1) | [x](javascript:alert(1)) "
    "![y](http://evil.example/p.png)\x07\x00"
)
EVIL_REFERENCES = (
    "javascript:alert(1)",
    "http://evil.example/a b",
    "https://example.org/good?a=1&b=2",
    "file:///etc/passwd",
)


@cache
def content(release: str = small.E18, **scope) -> Content:
    """The small corpus."""
    return Content(small.reading(release), small.view(release, **scope))


def made(
    rules: Sequence, written: Sequence, release: str = small.E18, corpus: str = "made", **scope
) -> Content:
    """Rules and mappings made in a test, read in a release that comes with the project."""
    stamp = CorpusStamp(corpus, corpus, len(rules), len(rules), "sha256:00")
    loaded = Loaded(rules_frame(rules), written_frame(written), problems_frame([]), (stamp,))
    near = small.reading(release)
    reading = Reading(loaded, near.catalogue, mappings_as_read(loaded.written, near.reader), near.reader)
    return Content(reading, reading.view(on=small.DAY, **scope))


@cache
def hostile() -> Content:
    """Twelve rules on T1105, each named to break out of where it is shown."""
    rules = [
        small.rule(
            f"made/{n}",
            corpus="made",
            name=f"{n} {EVIL}",
            references=EVIL_REFERENCES,
            tags=(EVIL, "=1+1"),
            description=EVIL,
        )
        for n in range(12)
    ]
    return made(rules, [small.mapping(rule.rule_key, 0, "T1105") for rule in rules], corpus="made")


def placements(layer: Mapping, view: View) -> Iterator[tuple[tuple[str, str], Mapping]]:
    """((tactic ID, ID), entry) of a layer, as the Navigator shows it: an entry without a tactic stands in
    every one.
    """
    tactics = dict(zip(view.catalogue.tactics["shortname"], view.catalogue.tactics["tactic_id"], strict=True))
    homes: dict[str, list[str]] = {}
    for tactic, attack_id in zip(view.placements["tactic_id"], view.placements["attack_id"], strict=True):
        homes.setdefault(attack_id, []).append(tactic)
    for entry in layer["techniques"]:
        named = [tactics[entry["tactic"]]] if "tactic" in entry else homes[entry["techniqueID"]]
        yield from (((tactic, entry["techniqueID"]), entry) for tactic in named)
