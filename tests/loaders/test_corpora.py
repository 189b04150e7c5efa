"""The real corpora: everything loads, counts agree with a plain count made here, and it is quick."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
import tomli

from coverage.frames import checked
from coverage.loaders import LOADERS, CorpusSource, load, locate
from coverage.loaders.frames import PROBLEMS, RULES, WRITTEN

pytestmark = pytest.mark.corpora


@pytest.fixture(scope="module")
def corpora(shared):
    return {name: shared("corpora", name) for name in ("elastic", "elastic-endpoint")}


@pytest.fixture(scope="module")
def loaded(corpora):
    return load([CorpusSource(name, path) for name, path in corpora.items()])


@pytest.fixture(scope="module")
def documents(corpora):
    """Every file by its rule key, parsed without the loaders."""
    return {
        f"{name}/{path.relative_to(root).as_posix()}": tomli.loads(path.read_text(encoding="utf-8"))
        for name, root in corpora.items()
        for path in root.rglob("*.toml")
    }


def leaves_of(value) -> list[str | None]:
    """The leaf of every path below a threat list, by plain recursion: an ID, or None for a tactic alone."""
    leaves = []
    for threat in value:
        for technique in threat.get("technique", []):
            below = technique.get("subtechnique", [])
            leaves += [entry["id"] for entry in below] or [technique["id"]]
        leaves += [] if threat.get("technique") else [None]
    return leaves


def independent_leaves(document: dict) -> list[str | None]:
    if "hunt" in document:
        return document["hunt"]["mitre"]
    return leaves_of(document["rule"].get("threat", document.get("threat", [])))


def independent_class(key: str, document: dict) -> str:
    if "hunt" in document:
        return "hunt"
    if "/_deprecated/" in key or document.get("metadata", {}).get("maturity") == "deprecated":
        return "deprecated"
    return "building_block" if "/rules_building_block/" in key else "production"


def test_every_file_is_one_rule_and_the_frames_fit(loaded, documents):
    checked(loaded.rules, RULES)
    checked(loaded.written, WRITTEN)
    checked(loaded.problems, PROBLEMS)
    assert sorted(loaded.rules.rule_key) == sorted(documents)


def test_classes(loaded, documents):
    expected = {key: independent_class(key, document) for key, document in documents.items()}
    assert loaded.rules.set_index("rule_key").rule_class.to_dict() == expected
    counts = loaded.rules.groupby(["corpus", "rule_class"]).size().to_dict()
    # Two of the 126 paths that contain "_deprecated" are production rules about deprecated things.
    assert counts == {
        ("elastic", "production"): 1940,
        ("elastic", "building_block"): 128,
        ("elastic", "deprecated"): 124,
        ("elastic", "hunt"): 140,
        ("elastic-endpoint", "production"): 1314,
    }


def test_written_mappings_agree_with_a_plain_recursion(loaded, documents):
    found = {key: group.leaf_id.tolist() for key, group in loaded.written.groupby("rule_key", sort=False)}
    expected = {
        key: leaves for key, document in documents.items() if (leaves := independent_leaves(document))
    }
    for key, leaves in expected.items():
        shown = [None if pd.isna(leaf) else leaf for leaf in found[key]]
        tactic_ids = [None if leaf and leaf.startswith("TA") else leaf for leaf in leaves]
        assert shown == tactic_ids, key
    assert found.keys() == expected.keys()
    assert loaded.written.groupby(loaded.written.rule_key.str.split("/").str[0]).size().to_dict() == {
        "elastic": 5438,
        "elastic-endpoint": 2379,
    }


def test_every_written_leaf_is_found_in_its_file(loaded, corpora, documents):
    """One scan a file for all its leaves; `locate`, which scans anew each time, is asked for every 50th
    file.
    """
    rules = loaded.rules.set_index("rule_key")
    located = 0
    for number, (key, group) in enumerate(loaded.written.groupby("rule_key", sort=False)):
        rule = rules.loc[key]
        text = (corpora[rule.corpus] / rule.path).read_text(encoding="utf-8")
        lines, loader = text.split("\n"), LOADERS[rule.format]
        places, paths = loader.syntax.positions(text), loader.leaf_paths(documents[key], 0)
        for path, leaf in zip(paths, group.leaf_id.fillna(group.tactic_id), strict=True):
            line, column = places[path]
            assert lines[line - 1][column - 1 :].startswith(leaf), (key, path)
            located += 1
        if number % 50 == 0:
            assert locate(text, rule.format, len(paths) - 1) == places[paths[-1]]
    assert located == len(loaded.written)


def test_fields_agree_with_the_documents(loaded, documents):
    for row in loaded.rules.itertuples():
        document = documents[row.rule_key]
        rule = document.get("hunt") or document["rule"]
        assert row.name == rule["name"]
        assert row.rule_id == rule.get("rule_id", rule.get("uuid", rule.get("id")))
        assert row.tags == tuple(rule.get("tags", ()))
        if "metadata" in document:
            assert row.severity == rule["severity"] and row.risk_score == rule["risk_score"]
            assert f"{row.created:%Y/%m/%d}" == document["metadata"]["creation_date"]
            assert f"{row.updated:%Y/%m/%d}" == document["metadata"]["updated_date"]
    stated = {
        key: doc["rule"]["enabled"] for key, doc in documents.items() if "enabled" in doc.get("rule", {})
    }
    enabled = loaded.rules.set_index("rule_key").enabled
    assert enabled.dropna().to_dict() == stated and len(stated) == 11


def test_the_only_problems_are_ids_used_twice(loaded, documents):
    ids = Counter(
        rule.get("rule_id", rule.get("uuid", rule.get("id")))
        for rule in (document.get("hunt") or document["rule"] for document in documents.values())
    )
    assert set(loaded.problems.code) == {"duplicate-id"} and set(loaded.problems.severity) == {"warning"}
    assert sorted(loaded.problems.rule_id) == sorted(i for i, count in ids.items() for _ in range(count - 1))
    assert len(loaded.problems) == 15


def test_few_rules_have_no_known_platform(loaded):
    unknown = loaded.rules[loaded.rules.platforms.map(len) == 0]
    # Higher-order rules over any alert, alerts passed on from other products, application traces, a password
    # vault.
    assert len(unknown) == 25
    assert unknown.rule_class.value_counts().to_dict() == {"production": 21, "deprecated": 4}


def test_our_own_rules_load_without_a_problem():
    from coverage.tables import PROJECT

    if not (PROJECT / "rules").is_dir():
        pytest.skip("the project has no rules yet")
    loaded = load([CorpusSource("rules", PROJECT / "rules")])
    assert len(loaded.rules) > 0 and loaded.problems.empty
