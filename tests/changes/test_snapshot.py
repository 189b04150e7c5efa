"""A snapshot: the same bytes for the same input, everything read back, and every damaged file refused in one
sentence.
"""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.changes.snapshot import (
    VERSION,
    Snapshot,
    SnapshotError,
    is_snapshot,
    read_snapshot,
    snapshot_bytes,
    snapshot_of,
)
from coverage.frames import checked
from coverage.loaders import CorpusSource, Loaded, load
from coverage.loaders.frames import RULES, WRITTEN
from coverage.mapping.frames import MAPPINGS
from coverage.measures import coverage_by_id, coverage_by_placement, rule_counts
from coverage.tables import depth_weights
from tests.helpers import small
from tests.helpers.command_line import run
from tests.helpers.examples import examples
from tests.helpers.small import DAY, E18, E19, PATHS
from tests.helpers.states import copy_of_small, refused, replaced, rule_file

KEPT = [
    "rule_key",
    "corpus",
    "path",
    "format",
    "rule_id",
    "name",
    "rule_class",
    "enabled",
    "severity",
    "content_hash",
]


def data(release: str = E18, compressed: bool = False, **scope) -> bytes:
    return snapshot_bytes(small.view(release, **scope), small.loaded(), compressed)


def lines(text: bytes) -> list[dict]:
    return [json.loads(line) for line in text.decode("ascii").splitlines()]


def by_key(frame: pd.DataFrame, columns: list[str], order: list[str]) -> pd.DataFrame:
    return frame[columns].sort_values(order, ignore_index=True)


# ---- what is kept
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", [E18, E19])
@pytest.mark.parametrize("compressed", [False, True])
def test_everything_comes_back(release, compressed):
    view = small.view(
        release,
        platforms=("Windows", "Linux"),
        pre=True,
        classes=("production", "hunt"),
        enabled="any",
        rollup="share",
    )
    found = snapshot_of(snapshot_bytes(view, small.loaded(), compressed))
    rules, written = checked(found.loaded.rules, RULES), checked(found.loaded.written, WRITTEN)
    pd.testing.assert_frame_equal(
        by_key(rules, KEPT, ["rule_key"]), by_key(small.loaded().rules, KEPT, ["rule_key"])
    )
    assert dict(zip(rules["rule_key"], rules["platforms"], strict=True)) == dict(
        zip(small.loaded().rules["rule_key"], small.loaded().rules["platforms"], strict=True)
    )
    said = [
        "rule_key",
        "position",
        "framework",
        "written_for",
        "tactic_id",
        "tactic_name",
        "technique_id",
        "subtechnique_id",
        "leaf_id",
    ]
    pd.testing.assert_frame_equal(
        by_key(written, said, said[:2]), by_key(small.loaded().written, said, said[:2])
    )
    read = [name for name in MAPPINGS.columns if name not in ("candidates", "reason")]
    pd.testing.assert_frame_equal(
        by_key(checked(found.mappings, MAPPINGS), read, read[:2]), by_key(view.mappings, read, read[:2])
    )
    assert found.scope == view.scope
    assert found.release_sha256 == view.catalogue.sha256


@pytest.mark.parametrize("rollup", ["any", "share", "all", "direct"])
def test_the_numbers_of_the_state_come_back(rollup):
    view = small.view(E18, rollup=rollup)
    again = snapshot_of(data(rollup=rollup)).view(view.catalogue, depth_weights())
    for measure in (coverage_by_id, coverage_by_placement):
        pd.testing.assert_frame_equal(measure(again), measure(view))
    assert rule_counts(again) == rule_counts(view)


def test_the_file_says_what_it_is_and_holds_one_rule_a_line():
    found = lines(data())
    assert found[0] == {"snapshot": "attack-coverage", "version": VERSION}
    assert found[1]["release"] == {"id": E18, "sha256": small.catalogue().sha256}
    assert [next(iter(line)) for line in found] == [
        "snapshot",
        "release",
        "scope",
        "corpus",
        *["rule"] * 17,
        "end",
    ]
    assert found[-1] == {"end": {"corpora": 1, "rules": 17}}
    keys = [line["rule"]["key"] for line in found[4:-1]]
    assert keys == sorted(f"small/{path}" for path in PATHS.values())
    rule = next(line["rule"] for line in found if "rule" in line and line["rule"]["path"] == PATHS["d"])
    read = {"status": "same", "id": "T1562.001", "tactic": "TA0005", "tactic_status": "valid"}
    assert rule["mappings"] == [
        {
            "at": 0,
            "tactic": "TA0005",
            "tactic_name": "Defense Evasion",
            "technique": "T1562",
            "subtechnique": "T1562.001",
            "read": read,
        }
    ]
    assert "query" not in rule and "description" not in rule


def test_the_mapping_set_of_another_release_is_written_and_not_read():
    rule = next(
        line["rule"] for line in lines(data(E19)) if "rule" in line and line["rule"]["path"] == PATHS["k"]
    )
    assert {
        mapping.get("for"): "read" in mapping
        for mapping in rule["mappings"]
        if mapping.get("framework") is None
    } == {None: False, "18.1": False, "19.0": True}


# ---- stable
# ----------------------------------------------------------------------------------------------------


def test_the_same_input_and_date_give_the_same_bytes_in_any_order():
    mixed = small.loaded().rules.sample(frac=1, random_state=7).reset_index(drop=True)
    written = small.loaded().written.sample(frac=1, random_state=8).reset_index(drop=True)
    shuffled = Loaded(mixed, written, small.loaded().problems, small.loaded().corpora)
    view = small.read_embedded(shuffled, E18).view(on=DAY)
    assert snapshot_bytes(view, shuffled) == data()
    assert snapshot_bytes(view, shuffled, compressed=True) == data(compressed=True)
    assert gzip.decompress(data(compressed=True)) == data()
    later = replace(small.view(E18), scope=replace(small.view(E18).scope, date=date(2026, 4, 1)))
    assert [
        a != b for a, b in zip(lines(snapshot_bytes(later, small.loaded())), lines(data()), strict=True)
    ].count(True) == 1


def test_a_snapshot_of_a_snapshot_is_the_same():
    found = snapshot_of(data())
    assert snapshot_bytes(found.view(small.catalogue(), depth_weights()), found.loaded) == data()


def test_a_change_of_one_rule_changes_its_line_and_its_corpus_alone(tmp_path):
    folder = copy_of_small(tmp_path / "small")
    before = load([CorpusSource("small", folder)])
    first = snapshot_bytes(small.read_embedded(before, E18).view(on=DAY), before)
    replaced(folder / PATHS["d"], "T1562.001", "T1562.004")
    after = load([CorpusSource("small", folder)])
    second = snapshot_bytes(small.read_embedded(after, E18).view(on=DAY), after)
    differing = [a for a, b in zip(lines(first), lines(second), strict=True) if a != b]
    assert [next(iter(line)) for line in differing] == ["corpus", "rule"] and differing[1]["rule"][
        "path"
    ] == PATHS["d"]


@pytest.mark.parametrize(
    "name", ["kept.jsonl", "kept.json", "kept.ndjson", "kept.json.gz", "kept.toml", "kept.csv", "kept.yml"]
)
def test_a_snapshot_among_the_rules_is_no_rule(tmp_path, name):
    folder = copy_of_small(tmp_path / "small")
    before = load([CorpusSource("small", folder)])
    (folder / name).write_bytes(data(compressed=name.endswith(".gz")))
    after = load([CorpusSource("small", folder)])
    pd.testing.assert_frame_equal(after.rules, before.rules)
    if name.endswith((".jsonl", ".json", ".gz", ".ndjson")):
        assert after.problems.equals(before.problems) and after.corpora == before.corpora


# ---- refused
# ---------------------------------------------------------------------------------------------------


def with_line(number: int, line: object) -> bytes:
    parts = data().split(b"\n")
    parts[number - 1] = line if isinstance(line, bytes) else json.dumps(line).encode()
    return b"\n".join(parts)


def rule_with(**values) -> bytes:
    rule = lines(data())[4]["rule"] | values
    return with_line(5, {"rule": {key: value for key, value in rule.items() if value is not ...}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is not a snapshot"),
        (b'{"name": "layer"}\n', "is not a snapshot"),
        (b"[rule]\n", "is not a snapshot"),
        (b'{"snapshot":"someone-elses","version":1}\n{"end":{}}\n', "not a snapshot of this program"),
        (with_line(1, b'{"snapshot":"attack-coverage","version":4}'), "has format 4, newer than 3"),
        (with_line(1, b'{"snapshot":"attack-coverage","version":"1"}'), "not a snapshot of this program"),
        (with_line(3, b"{nonsense"), ":3: not JSON"),
        (with_line(3, {"scop": {}}), ":3: 'scop' is not a line of a snapshot"),
        (with_line(3, {"scope": []}), ":3: not a line of a snapshot"),
        (
            with_line(
                3, {"scope": {"date": "2026-01-01", "enabled": "any", "rollup": "most", "classes": []}}
            ),
            "its scope cannot be used",
        ),
        (with_line(3, {"scope": {"enabled": "any", "rollup": "any", "classes": []}}), "it has no date"),
        (with_line(2, {"release": {"id": "nine"}}), "scope cannot be used: 'nine' is not an ATT&CK release"),
        (with_line(2, {"scope": {}}), "does not name its release"),
        (rule_with(key=...), ":5: key is missing"),
        (rule_with(key=lines(data())[5]["rule"]["key"]), ":6: key stands on two lines"),
        (rule_with(**{"class": "best"}), ":5: class is 'best', none of production"),
        (rule_with(enabled="yes"), ":5: enabled is text, not true or false"),
        (rule_with(severity="extreme"), ":5: severity is 'extreme'"),
        (
            rule_with(mappings=[{"at": 0, "read": {"status": "guessed", "tactic_status": "valid"}}]),
            ":5: mappings[0].read.status is 'guessed'",
        ),
        (rule_with(mappings=[7]), ":5: mappings[0] is a whole number, not a table"),
        (
            data().replace(data().split(b"\n")[6] + b"\n", b""),
            "16 rules and its last line has another number",
        ),
        (b"\x1f\x8bnonsense", "is damaged"),
        (data(compressed=True)[:-200], "is cut off"),
        (data()[: len(data()) // 2], "is cut off"),
        (b"\n".join(data().split(b"\n")[:9]) + b"\n", "is cut off"),
        (data().replace(b"small/", b"\xff\xfe", 1), "is damaged"),
    ],
)
def test_what_is_none_is_refused_in_one_sentence(text, words):
    with pytest.raises(SnapshotError, match=re.escape(words)) as error:
        snapshot_of(text, "kept.jsonl")
    assert str(error.value).startswith("kept.jsonl") and "\n" not in str(error.value)


def test_cut_off_anywhere_it_is_never_taken_for_whole():
    whole = data()
    for end in range(1, len(whole) - 1, 37):
        with pytest.raises(SnapshotError):
            snapshot_of(whole[:end])


@examples(75)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=80).map(lambda tail: data()[:3000] + tail),
        st.tuples(st.integers(0, len(data()) - 1), st.integers(0, 255)).map(
            lambda at: data()[: at[0]] + bytes([at[1]]) + data()[at[0] + 1 :]
        ),
    )
)
def test_no_bytes_do_worse_than_be_refused(text):
    try:
        assert isinstance(snapshot_of(text), Snapshot)
    except SnapshotError as error:
        assert str(error)


def test_a_file_is_known_by_its_start(tmp_path):
    for name, text, known in (
        ("a", data(), True),
        ("b", data(compressed=True), True),
        ("c", b"\x1f\x8b\x00", False),
        ("d", b"", False),
        ("e", b"[rule]", False),
    ):
        (tmp_path / name).write_bytes(text)
        assert is_snapshot(tmp_path / name) is known
    assert not is_snapshot(tmp_path) and not is_snapshot(tmp_path / "none")
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(SnapshotError, match="is not a file"):
            read_snapshot(path)


# ---- the command
# -----------------------------------------------------------------------------------------------


def test_the_command_writes_a_file_that_is_read_back(tmp_path):
    folder, target = copy_of_small(tmp_path / "small"), tmp_path / "kept.jsonl.gz"
    done = run(
        "snapshot",
        str(folder),
        "-o",
        str(target),
        "--date",
        "2026-03-31",
        "--attack",
        E18,
        "--platform",
        "windows",
        "--pre",
    )
    assert (done.returncode, done.stdout) == (0, "")
    found = read_snapshot(target)
    assert (found.scope.date, found.scope.platforms, found.scope.pre, str(found.scope.attack)) == (
        DAY,
        ("Windows",),
        True,
        E18,
    )
    view = small.read_embedded(found.loaded, E18).view(platforms=("Windows",), pre=True)
    ids = coverage_by_id(view)
    techniques = ids[~ids["is_subtechnique"]]
    assert (
        f"{target}: 17 rules, {int(techniques['covered'].sum())} of {len(techniques)} techniques covered in "
        "Enterprise 18.1" in done.stderr
    )
    first = target.read_bytes()
    run(
        "snapshot",
        str(folder),
        "-o",
        str(target),
        "--date",
        "2026-03-31",
        "--attack",
        E18,
        "--platform",
        "windows",
        "--pre",
    )
    assert target.read_bytes() == first
    shown = run(
        "snapshot",
        str(folder),
        "-o",
        "-",
        "--date",
        "2026/03/31",
        "--attack",
        E18,
        "--platform",
        "Windows",
        "--pre",
        text=False,
    )
    assert shown.stdout == gzip.decompress(first)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name the file to write"),
        (("-o", "x", "--date", "yesterday"), "'yesterday' is not a date"),
        (("-o", "x", "--attack", "enterprise-1.0"), "is not installed"),
        (("-o", "no/such/folder/x"), "cannot write no/such/folder/x"),
        (("none", "-o", "x"), "file or folder not found: none"),
    ],
)
def test_the_command_says_why_it_cannot(tmp_path, arguments, words):
    folder = copy_of_small(tmp_path / "small")
    refused(run("snapshot", str(folder), *arguments, cwd=tmp_path), words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small"]


def test_the_example_rules_are_never_kept_by_mistake(tmp_path):
    refused(
        run("snapshot", "-o", "kept.jsonl", cwd=tmp_path),
        "no folder named rules here: give a path, or put [[corpora]] in coverage.toml",
    )
    assert list(tmp_path.iterdir()) == []
    rule_file(tmp_path / "rules" / "one.toml", "r-one", "T1105")
    assert run("snapshot", "-o", "kept.jsonl", cwd=tmp_path).returncode == 0
    found = read_snapshot(tmp_path / "kept.jsonl").loaded
    assert found.rules["rule_id"].tolist() == ["r-one"] and found.corpora[0].path == "rules"
    examples = run("snapshot", "-o", "-")  # in the project they are the project's own
    assert examples.returncode == 0 and '"name":"rules"' in examples.stdout.splitlines()[4]


@pytest.mark.corpora
def test_elastic_is_kept_whole_and_small(shared):
    path = shared("corpora", "elastic")
    loaded = small.real(path)
    view = small.elastic_reading(path, E19).view(on=DAY)
    text = snapshot_bytes(view, loaded, compressed=True)
    assert len(text) < 400_000
    found = snapshot_of(text)
    pd.testing.assert_frame_equal(
        coverage_by_placement(small.read_embedded(found.loaded, E19).view(on=DAY)),
        coverage_by_placement(view),
    )
    # Counted again from the files alone.
    documents = [tomllib.loads(file.read_text(encoding="utf-8")) for file in path.rglob("*.toml")]
    ids = {
        str(document.get("rule", {}).get("rule_id") or document.get("hunt", {}).get("uuid"))
        for document in documents
    }
    kept = [line["rule"] for line in lines(gzip.decompress(text)) if "rule" in line]
    assert len(kept) == len(documents) and {rule.get("id") for rule in kept} == ids
