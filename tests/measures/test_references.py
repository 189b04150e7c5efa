"""The table of log sources against what really is written: MITRE's references and the words of real rules."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from coverage.frames import checked
from coverage.log_sources import LogSourceTable, listed_log_sources
from coverage.measures.frames import REFERENCES
from coverage.measures.references import references, resolved_references, unresolved_references
from coverage.tables import PROJECT
from coverage.word_table import beginnings
from tests.helpers import small

SHARED = PROJECT.parent / "shared"
BUNDLES = SHARED / "attack"
CORPORA = ("elastic", "elastic-endpoint", "samples", "sigma")
# Words of real rules that the table does not list, and why.
NOT_LISTED = {
    "index": {
        # tables of osquery, which a hunt asks on the host itself
        "docker_container_mounts",
        "file f",
        "process_open_sockets",
        "processes",
        "processes p",
        "users",
        # any trace of any application
        "traces-*",
    },
}


def names_of_bundle(path: Path) -> Counter[str]:
    """Name of a log source -> references of current analytics of current strategies."""
    objects = json.loads(gzip.decompress(path.read_bytes()))["objects"]
    current = {
        stix["id"]: stix for stix in objects if not stix.get("revoked") and not stix.get("x_mitre_deprecated")
    }
    analytics = {
        ref
        for stix in current.values()
        if stix["type"] == "x-mitre-detection-strategy"
        for ref in stix.get("x_mitre_analytic_refs", ())
    }
    return Counter(
        entry["name"]
        for ref in analytics & current.keys()
        for entry in current[ref].get("x_mitre_log_source_references", ())
    )


@pytest.mark.corpora
@pytest.mark.parametrize("release", [small.E18, small.E19])
def test_nearly_all_references_of_mitre_are_resolved(release):
    """Counted from the bundle itself; 40 names are most of it, so the long tail may be left out."""
    path = BUNDLES / f"enterprise-attack-{release.partition('-')[2]}.json.gz"
    if not path.is_file():
        pytest.skip("no bundles here")
    table, names = listed_log_sources(), names_of_bundle(path)
    known = sum(count for name, count in names.items() if table.row_of("attack", name.strip()))
    found = resolved_references(small.view(release))
    assert (found.resolved, found.total) == (known, names.total())
    assert found.total == 4126 and found.share > 0.95
    frame = checked(references(small.view(release)), REFERENCES)
    left = {name for name in names if not table.row_of("attack", name.strip())}
    assert set(frame.loc[~frame["resolved"], "name"]) == left
    rest = checked(unresolved_references(small.view(release)), REFERENCES)
    assert set(rest["name"]) == left and len(rest) == found.total - found.resolved
    page = (PROJECT / "data" / "README.md").read_text(encoding="utf-8")
    assert {name for name in left if f"`{name.strip()}`" not in page} == set()
    assert f"{found.resolved:,}" in page


def test_each_spelling_of_a_source_leads_to_one_that_the_table_lists():
    """A source that MITRE names has a row of its own, so that no spelling leads into the void."""
    table = listed_log_sources()
    mitre = {row.word: row.sources for row in table.rows if row.kind == "attack"}
    own = {name for row in table.rows if row.kind not in ("attack", "dettect") for name in row.sources}
    assert all(mitre.values())
    led = {name for sources in mitre.values() for name in sources}
    assert {name for name in led - own if mitre.get(name) != (name,)} == set()


@pytest.mark.corpora
def test_every_word_of_the_real_rules_is_listed_or_known_to_be_left_out(shared):
    table = listed_log_sources()
    words = {
        word
        for name in CORPORA
        for found in small.real(shared("corpora", name)).rules["log_words"]
        for word in found
    }
    left = {text for text in words if not listed(table, *text.split(":", 1))}
    assert left - {f"{kind}:{word}" for kind, some in NOT_LISTED.items() for word in some} == set()


def listed(table: LogSourceTable, kind: str, word: str) -> bool:
    """As the formats look a word up: as it is, without its product or dataset, or by its first words."""
    shorter = {
        "sigma_logsource": [word.rpartition("/")[2]],
        "integration": [word.partition(".")[0]],
        "panther_log": [word.partition(".")[0]],
        "splunk_source": [text for _, text in beginnings(kind, word)],
        "secops_word": [text for _, text in beginnings(kind, word)],
    }
    return any(table.row_of(kind, text) for text in (word, *shorter.get(kind, ())))
