"""All of the public corpora moved from 18.1 to 19.0, checked with tomli and PyYAML and not with the tool's
own verifier.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
import tomli
import yaml

from coverage.loaders import corpus_sources, load
from coverage.migrate import open_target, plan_sources
from coverage.migrate.writing import write
from coverage.reading import read_in
from tests.helpers.migrating import E18, E19

pytestmark = pytest.mark.corpora

CORPORA = ("elastic", "elastic-endpoint", "sigma")
# Findings of lint that a migration handles; whatever it leaves of them stands in its list of questions.
HANDLED = {
    "revoked-technique",
    "ambiguous-replacement",
    "deprecated-technique",
    "newer-technique",
    "newer-technique-read-back",
    "newer-tactic",
    "tactic-left",
    "tactic-renamed",
    "technique-name",
    "reference-url",
    "tactic-never",
    "unknown-tactic",
}


@pytest.fixture(scope="module", params=CORPORA)
def moved(request, shared, tmp_path_factory):
    """(name, original folder, moved copy, the plan that was written)."""
    source = shared("corpora", request.param)
    copy = tmp_path_factory.mktemp("moved") / request.param
    shutil.copytree(source, copy)
    made = plan_sources(corpus_sources([str(copy)]), open_target(E19))
    assert made.faults == [] and made.unreadable == 0
    assert write(made) == len(made.changed)
    return request.param, source, copy, made


@pytest.fixture(scope="module")
def read(moved):
    """The corpus as it was and as it is now, both read at 19.0."""
    _, source, copy, _ = moved
    return tuple(read_in(load(corpus_sources([str(folder)])), E19) for folder in (source, copy))


def pairs(source: Path, copy: Path):
    for path in sorted(source.rglob("*")):
        if path.suffix in (".toml", ".yml"):
            before, after = path.read_bytes(), (copy / path.relative_to(source)).read_bytes()
            yield path.relative_to(source).as_posix(), before, after


def toml_rest(data: bytes) -> dict:
    tables = tomli.loads(data.decode())
    tables.pop("threat", None)
    rule = tables.get("rule", {})
    rule.pop("threat", None)
    rule["tags"] = [tag for tag in rule.get("tags", []) if not tag.startswith("Tactic: ")]
    tables.get("hunt", {}).pop("mitre", None)
    return tables


def yaml_rest(data: bytes) -> list:
    documents = list(yaml.load_all(data.decode(), Loader=yaml.CBaseLoader))
    for document in documents:
        document["tags"] = [tag for tag in document.get("tags") or [] if not tag.startswith("attack.")]
    return documents


def test_every_file_parses_and_differs_in_mapping_and_tags_alone(moved):
    name, source, copy, made = moved
    rest = yaml_rest if name == "sigma" else toml_rest
    changed = 0
    for path, before, after in pairs(source, copy):
        if before == after:
            continue
        changed += 1
        assert rest(before) == rest(after), path
        assert after.count(b"\r") == before.count(b"\r") == 0
        assert after.endswith(b"\n") == before.endswith(b"\n"), path
        assert sorted(re.findall(rb"#.*", before)) == sorted(re.findall(rb"#.*", after)), path
    assert changed == len(made.changed) > 50


def test_lines_that_hold_no_mapping_are_the_same_in_the_same_order(moved):
    name, source, copy, _ = moved
    mapping = (
        rb"^\s*-\s*['\"]?attack\.|^\s*#"
        if name == "sigma"
        else rb"attack\.mitre\.org|^\s*(id|name|framework) *=|^\s*\[+(rule\.)?threat|Tactic: "
        rb"|^\s*mitre *=|^\s*$"
    )
    for path, before, after in pairs(source, copy):
        if before != after:
            mine, theirs = (
                [line for line in data.split(b"\n") if not re.search(mapping, line)]
                for data in (before, after)
            )
            assert mine == theirs, path


def test_a_second_run_changes_nothing(moved):
    _, _, copy, made = moved
    again = plan_sources(corpus_sources([str(copy)]), open_target(E19))
    assert again.changed == []
    assert [question.group for question in again.questions] == [question.group for question in made.questions]


def test_only_what_was_listed_is_not_read_as_it_stands(moved, read):
    _, _, _, made = moved
    before, reading = read
    listed = {question.path for question in made.questions}
    loaded = reading.loaded
    assert len(loaded.rules) == len(before.loaded.rules)
    mappings = reading.mappings
    odd = mappings[
        ~mappings["status"].isin(["same", "tactic_only", "other_domain"])
        | mappings["tactic_status"].isin(["moved", "renamed", "unknown"])
    ]
    odd = odd[odd["status"] != "other_domain"]
    paths = dict(zip(loaded.rules["rule_key"], loaded.rules["path"], strict=True))
    assert {paths[key] for key in odd["rule_key"]} <= listed
    found = reading.findings
    left = found[found["code"].isin(HANDLED)]
    assert set(left["path"]) <= listed
    assert len(left) <= sum(1 for _ in made.questions)


def test_no_mapping_is_lost_or_made_up(moved, read):
    """Read at 19.0, the old text and the new one cover the same IDs, rule by rule; tactics are only moved."""
    name, *_ = moved
    before, after = (reading.mappings for reading in read)

    def ids(mappings) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, attack_id in zip(mappings["rule_key"].tolist(), mappings["attack_id"].tolist(), strict=True):
            if isinstance(attack_id, str):
                found.setdefault(key, set()).add(attack_id)
        return found

    old, new = ids(before), ids(after)
    assert set(old) == set(new)
    for key in old:
        # A technique whose sub-technique stands beside it after the move is the way to it (never in flat
        # lists).
        lost = old[key] - new[key]
        assert new[key] <= old[key], key
        assert all(any(one.startswith(f"{technique}.") for one in new[key]) for technique in lost), (
            key,
            lost,
        )
        assert not (lost and name == "sigma")


def test_and_back_again(moved):
    """19.0 read back to 18.1 gives the old tactics; what several became is left and listed."""
    _, _, copy, _ = moved
    back = plan_sources(corpus_sources([str(copy)]), open_target(E18, E19))
    assert back.faults == []
    codes = Counter(question.code for question in back.questions)
    assert set(codes) <= {"newer", "never", "deprecated", "moved", "split", "tag"}
    for file in back.changed:
        assert b"TA0112" not in file.after or any(question.path == file.path for question in file.questions)
        assert b"attack.stealth" not in file.after and b"attack.defense-impairment" not in file.after
