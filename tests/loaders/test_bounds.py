"""No file takes more than its budget, whatever it holds: counts, prices, peaks of memory; and no neighbour is
lost.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from coverage.changes.snapshot import SnapshotError, snapshot_of
from coverage.formats import suricata
from coverage.formats.problems import MORE
from coverage.loaders import CorpusSource, files_fingerprint, fingerprint, load
from coverage.syntaxes import budget, yaml_scan
from coverage.syntaxes import csv_text as csv_syntax
from coverage.syntaxes import json_text as json_syntax
from coverage.syntaxes import yaml_text as yaml_syntax
from coverage.syntaxes.syntax import Bill, Unparsable
from coverage.syntaxes.toml_text import TOML
from coverage.syntaxes.xml_text import XML
from coverage.tables import PROJECT
from tests.helpers.formats import of_text, told

SIGMA = "title: x\nid: a\nlogsource: {product: linux}\ndetection: {condition: a}\n"
KIBANA = '{"rule_id":"a","type":"query","name":"a"'
ALERT = "alert tcp any any -> any any "


def peak_of(work) -> int:
    """The bytes of Python's memory that some work takes at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(parse, text: str) -> Unparsable:
    with pytest.raises(Unparsable) as fault:
        parse(text)
    assert fault.value.line and fault.value.column
    return fault.value


# ---- the budget ----------------------------------------------------------------------------------------


def test_the_budget_is_twenty_times_the_size_with_a_floor():
    assert budget.allowed(0) == budget.allowed(3_200_000) == 64_000_000
    assert budget.allowed(10_000_000) == 200_000_000 and budget.SECONDS == 5
    assert budget.most(10_000_000, 100) == 1_600_000
    assert budget.price("[{}, {}]", {"{": 3, ",": 5}) == 11


def test_a_bill_is_refused_when_it_is_beyond_the_budget():
    bill = Bill(10)
    for _ in range(64_000):
        bill.charge(1_000, "bytes")
    with pytest.raises(Unparsable, match="its rules would take more than 64 MB of memory"):
        bill.charge(1, "rules")


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("ndjson", KIBANA + ',"x":[' + "{}," * 700_000 + "1]}"),
        ("ndjson", KIBANA + "}\n" + "{\n" * 700_000),
        ("json", '{"domain":"e","techniques":[' + '{"techniqueID":"T1059","score":1},' * 200_000 + "{}]}"),
        ("csv", "rule,technique_id\n" + "a,T1059\n" * 100_000),
        ("csv", "rule,technique_id\n" + '"a\n' * 100_000),
        ("csv", "rule,technique_id\n" + '"a"b,' * 600_000),
        ("toml", '[rule]\nname="x"\nrule_id="y"\n' + "[[rule.threat]]\n" * 40_000),
        ("toml", '[rule]\nname="x"\nrule_id="y"\n' + "#\n" * 1_000_100),
        ("xml", '<group name="a"><rule id="1" level="3">' + "<a/>" * 90_000 + "</rule></group>"),
        ("yaral", "rule a {meta:\n" + 'a="b"\n' * 170_000 + " events: condition: }\n"),
        ("yaral", "rule a {meta:\n" + '"\n' * 700_000 + " events: condition: }\n"),
        ("rules", ALERT + '(msg:"a"; sid:1; metadata:' + "a b," * 250_000 + ";)\n"),
        ("rules", ALERT + "(sid:1;)\n" + "alert (\n" * 2_100_000),
    ],
)
def test_too_many_values_are_told_before_they_are_built(tmp_path, suffix, text):
    """The peak is that of the text itself: nothing was built. And the neighbour is there."""
    (tmp_path / f"hostile.{suffix}").write_text(text)
    (tmp_path / "good.yml").write_text(SIGMA)
    peak = peak_of(lambda: load([CorpusSource("c", tmp_path)]))
    found = load([CorpusSource("c", tmp_path)])
    assert told(found) == [(f"hostile.{suffix}", 1, "too-costly", "error")]
    assert found.rules.path.tolist() == ["good.yml"]
    assert peak < 8 * len(text) + 8_000_000


# ---- YAML ----------------------------------------------------------------------------------------------


def test_merges_count_what_they_add():
    base = "b: &b {" + ", ".join(f"k{n}: 1" for n in range(1_000)) + "}\n"
    few = yaml_syntax.parse(base + "m:\n" + "  <<: *b\n" * 100)[0]
    assert len(few["m"]) == 1_000
    fault = refused(yaml_syntax.parse, base + "m:\n" + "  <<: *b\n" * 1_000)
    assert fault.code == "bad-yaml" and "over 304,420" in fault.message and fault.line == 154


def test_a_merge_into_a_large_mapping_looks_at_what_it_adds_alone():
    """Each of 20,000 merges of one key must not look at the 20,000 keys that are there: that would be
    minutes.
    """
    keys = ", ".join(f"k{n}: 1" for n in range(20_000))
    text = "a: &a {z: 1}\nm: {" + keys + ", " + ", ".join(["<<: *a"] * 20_000) + "}\n"
    assert len(yaml_syntax.parse(text)[0]["m"]) == 20_001


def test_a_key_that_is_an_alias_is_one_text():
    text = "b: &b [" + ", ".join(["aaaaaaaaaa"] * 100) + "]\nm:\n" + "  ? *b\n  : 1\n" * 2_000
    assert peak_of(lambda: yaml_syntax.parse(text)) < 1_500_000
    found = yaml_syntax.parse(text)
    (key,) = found[0]["m"]
    assert key.startswith("&b [aaaaaaaaaa, ") and len(key) == yaml_scan.MAX_KEY - 1  # a blank at its end
    assert len(found.duplicates) == 1 and found.duplicates.more == 0


def test_an_alias_costs_no_memory_but_counts():
    text = "b: &b [" + "x, " * 5_000 + "]\nm:\n" + "- *b\n" * 50
    assert peak_of(lambda: yaml_syntax.parse(text)) < 2_000_000
    assert "values" in refused(yaml_syntax.parse, text + "- *b\n" * 20).message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("".join(f"%TAG !a{n}! x\n" for n in range(200)) + "--- {a: 1}\n", "directives"),
        ("".join(f"- &a{n} 1\n" for n in range(10_001)), "anchors"),
        ("- a\n" * 310_000, "values"),
    ],
)
def test_what_libyaml_reads_slowly_is_bounded(text, words):
    fault = refused(yaml_syntax.parse, text)
    assert fault.code == "bad-yaml" and words in fault.message


def test_values_take_little_memory():
    text = "x:\n" + "- a\n" * 40_000
    assert peak_of(lambda: yaml_syntax.parse(text)) < 20 * len(text)


# ---- places --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positions", "text", "path"),
    [
        (yaml_syntax.positions, "a: [" + "x, " * 20_000 + "]\nb: {c: 1}\n", (0, "b", "c")),
        (json_syntax.positions, '{"a":[' + "1," * 20_000 + '1],\n"b":{"c":1}}', (0, "b", "c")),
        (suricata.SURICATA.positions, (ALERT + "(sid:1; metadata:a b, c d;)\n") * 300, (1, "metadata", 1)),
        (TOML.positions, "a = [" + "1," * 9_000 + "]\n[b]\nc = 1\n", ("b", "c")),
        (XML.positions, "<a>" + "<b/>" * 9_000 + "\n<c>1</c></a>", (0, "children", 9_000, "text")),
    ],
)
def test_only_the_places_asked_for_are_kept(positions, text, path):
    wanted = {path[:end] for end in range(1, len(path) + 1)}
    found, whole = positions(text, wanted), positions(text)
    assert path in found and set(found) <= wanted | {(1,), *((1, "metadata", n) for n in range(2))}
    assert all(whole[place] == found[place] for place in found) and len(whole) > 100 * len(found) / 2


# ---- problems ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suffix", "text", "code", "message"),
    [
        (
            "ndjson",
            KIBANA + "}\n" + "{\n" * 1_000,
            "bad-json",
            "800 more problems in this file: 800 errors.",
        ),
        (
            "csv",
            "rule,technique_id\n" + ",T1059\n" * 201,
            "no-rule",
            "1 more problem in this file: 1 error.",
        ),
        (
            "ndjson",
            KIBANA + ',"tags":[' + "1," * 5_000 + '"a"]}',
            "wrong-type",
            "4,800 more problems in this file: 4,800 warnings.",
        ),
        (
            "yml",
            SIGMA + "x:\n" + "".join(f"  k{n}: 1\n  k{n}: 1\n" for n in range(300)),
            "duplicate-key",
            "100 more problems in this file: 100 warnings.",
        ),
        (
            "rules",
            ALERT + "(sid:1;)\n" + "alert tcp any (\n" * 300,
            "bad-rule",
            "100 more problems in this file: 100 errors.",
        ),
        (
            "yaral",
            'rule a {meta:\n severity="High"\n' + '"\n' * 300 + " events: condition: }\n",
            "bad-yaral",
            "100 more problems in this file: 100 errors.",
        ),
        (
            "toml",
            '[metadata]\nmaturity="production"\ncreation_date="2026/01/01"\nupdated_date="2026/01/01"\n'
            '[rule]\nname="x"\nrule_id="y"\ntags=[' + "1," * 300 + "]\n",
            "wrong-type",
            "100 more problems in this file: 100 warnings.",
        ),
    ],
)
def test_of_many_problems_the_first_are_listed_and_the_others_counted(tmp_path, suffix, text, code, message):
    found = of_text(tmp_path, f"x.{suffix}", text).problems
    assert (found["code"] == code).sum() == budget.MAX_PROBLEMS
    (closing,) = found[found["code"] == MORE].to_dict("records")
    assert closing["message"] == message and closing["path"] == f"x.{suffix}"
    severity = found.loc[found["code"] == code, "severity"].iloc[0]
    assert closing["severity"] == severity


def test_an_error_is_listed_however_many_warnings_come_before_it(tmp_path):
    text = KIBANA + ',"tags":[' + "1," * 3_000 + '"a"]}\n{nonsense}\n'
    found = of_text(tmp_path, "x.ndjson", text).problems
    assert found.loc[found["severity"] == "error", "line"].tolist() == [2]
    assert found.loc[found["code"] == MORE, "severity"].tolist() == ["warning"]


def test_the_words_no_one_knows_are_still_counted_by_rule(tmp_path):
    rule = "- rule: r{n}\n  condition: c\n  output: o\n  priority: error\n  source: nowhere\n"
    found = of_text(tmp_path, "x.yml", "".join(rule.replace("{n}", str(n)) for n in range(500)))
    (message,) = found.problems.loc[found.problems["code"] == "platform-word-unknown", "message"]
    assert message.endswith("(500 rules, this one first).") and len(found.rules) == 500


# ---- other syntaxes ------------------------------------------------------------------------------------


def test_lines_that_are_no_json_end(monkeypatch):
    monkeypatch.setattr(json_syntax, "MAX_FAULTS", 1_000)
    text = KIBANA + "}\n" + ("x" * 50 + "\n") * (json_syntax.MAX_FAULTS + 1)
    fault = refused(json_syntax.parse, text)
    assert fault.code == "bad-json" and fault.line == json_syntax.MAX_FAULTS + 2


def test_halves_of_surrogates_are_replaced_and_pairs_are_not():
    text = r'["\ud800", "\ud83d\ude00", "\\ud800", "\ud83d\ud83d\ude00", "\ude00\n", "\\\udfff"]'
    assert json_syntax.parse(text)[0] == ["�", "😀", r"\ud800", "�😀", "�\n", "\\�"]


@pytest.mark.parametrize("key", ["a." * 60 + "b = 1", "[" + "a . " * 60 + "b]", '"a".' * 60 + "b = 1"])
def test_a_dotted_key_of_many_parts_has_a_line(key):
    fault = refused(TOML.parse, f"x = 1\n{key}\n")
    assert (fault.code, fault.line) == ("bad-toml", 2) and "a key of over 50 parts" in fault.message
    assert TOML.parse('x = "' + "a." * 45 + 'b"\n') and TOML.parse("a." * 45 + "b = 1\n")


def test_a_long_text_is_scanned_without_a_way_back():
    text = '[rule]\nx = "' + r"\n" * 300_000 + '"\ny = 1\n'
    assert peak_of(lambda: TOML.positions(text)) < 20 * len(text)
    quoted = '{"a": "' + r"\n" * 300_000 + '", "b": 1}'
    assert peak_of(lambda: json_syntax.positions(quoted)) < 20 * len(quoted)


def test_a_row_of_a_broken_table_has_a_most_of_columns_and_a_cell_of_characters():
    text = 'rule,technique_id\n"a,T1059' + "," * 5_000 + "\n"
    assert max(map(len, csv_syntax.scanned(text))) == csv_syntax.MAX_COLUMNS
    long = 'rule,technique_id\n"' + "x" * (csv_syntax.MAX_CELL + 1) + '",T1059\n'
    rows, faults = csv_syntax.read(long, list)
    assert [len(cell) for cell in rows[1]] == [csv_syntax.MAX_CELL, 5]
    assert [fault[1:] for fault in faults] == [
        ("error", "The cell has over 500,000 characters; the rest was not read.")
    ]


# ---- all of it, in a process of its own ----------------------------------------------------------------

WHOLE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (60, 61))
from pathlib import Path
from coverage.loaders import CorpusSource, load
found = load([CorpusSource("c", Path(sys.argv[1]))])
print(sorted(set(found.problems["code"])), found.rules["path"].tolist())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of processor time there")
def test_files_that_froze_the_program_end(tmp_path):
    """Each of these took minutes once; the limit is one of processor time, so a busy machine fails
    nothing.
    """
    files = {
        "merges.yml": SIGMA
        + "b: &b {z: 1}\nm: {"
        + ", ".join(f"k{n}: 1" for n in range(40_000))
        + ", <<: *b" * 40_000
        + "}\n",
        "keys.yml": SIGMA + "b: &b [" + "aaaaaaaaaa, " * 50_000 + "]\nm:\n" + "  ? *b\n  : 1\n" * 30_000,
        "tags.yml": "".join(f"%TAG !a{n}! x\n" for n in range(100_000)) + "---\n" + SIGMA,
        "keys.toml": '[rule]\nname="x"\nrule_id="y"\n' + "a." * 100_000 + "b=1\n",
        "blank.ndjson": KIBANA + "}\n{\n" + " " * 300_000 + "\n" + " " * 300_000 + "x",
        "quotes.csv": "rule,technique_id\n" + '"\n' * 40_000,
        "good.yml": SIGMA,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", WHOLE, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        cwd=PROJECT,
    )
    assert "good.yml" in done.stdout and "bad-yaml" in done.stdout and "loader-failed" not in done.stdout


# ---- folders -------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="paths have another limit there")
def test_a_folder_nested_too_deep_is_a_problem_and_costs_nothing_else(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    (tmp_path / "good.yml").write_text(SIGMA)
    name, handles = "d" * 240, [here]
    for _ in range(18):  # over 4,096 characters
        os.mkdir(name, dir_fd=handles[-1])
        handles.append(os.open(name, os.O_RDONLY, dir_fd=handles[-1]))
        with os.fdopen(os.open("r.yml", os.O_WRONLY | os.O_CREAT, dir_fd=handles[-1]), "w") as file:
            file.write(SIGMA)
    found = load([CorpusSource("c", tmp_path)])
    codes = set(found.problems.loc[found.problems["path"].str.len() > 3_700, "code"])
    assert codes & {"unreadable-file", "unreadable-folder"} and codes <= {
        "unreadable-file",
        "unreadable-folder",
        "same-content",
    }
    assert "good.yml" in found.rules.path.tolist() and len(found.rules) >= 16
    assert all(
        "File name too long" in text
        for text in found.problems.loc[found.problems["severity"] == "error", "message"]
    )
    assert fingerprint([CorpusSource("c", tmp_path)])
    for handle in handles:
        os.close(handle)


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_a_link_to_what_is_too_long_and_a_name_of_any_bytes(tmp_path):
    (tmp_path / "good.yml").write_text(SIGMA)
    (tmp_path / "far.yml").symlink_to("x/" * 2_000 + "y")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.yml"))).write_text(SIGMA)
    found = load([CorpusSource("c", tmp_path)])
    assert sorted(found.rules.path) == ["caf\\udce9.yml", "good.yml"]
    assert ("far.yml", "dangling-link") in zip(found.problems.path, found.problems.code, strict=True)


# ---- the fingerprint -----------------------------------------------------------------------------------


def test_an_edit_that_neither_size_nor_time_tells_changes_the_fingerprint(tmp_path, monkeypatch):
    source, file = [CorpusSource("x", tmp_path)], tmp_path / "a.yml"
    file.write_text("aaa")
    status = file.stat()
    first = fingerprint(source)
    assert fingerprint(source) == first
    with file.open("r+") as same:
        same.write("bbb")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert fingerprint(source) != first


def test_growing_old_changes_no_fingerprint_and_reads_once_more(tmp_path, monkeypatch):
    from coverage.loaders import corpora

    source, file = [CorpusSource("x", tmp_path)], tmp_path / "a.yml"
    file.write_text("aaa")
    first, real, read = fingerprint(source), corpora.file_bytes, []
    monkeypatch.setattr(corpora, "file_bytes", lambda path: read.append(path) or real(path))
    now = corpora.time.time_ns()
    monkeypatch.setattr(corpora.time, "time_ns", lambda: now + 10_000_000_000)
    tables = [corpora.PLATFORMS_CSV, corpora.LOG_SOURCES_CSV]
    assert [fingerprint(source) for _ in range(3)] == [first] * 3
    assert [path for path in read if path not in map(str, tables)] == [str(file)]


def test_the_fingerprint_knows_every_table_that_loading_reads(tmp_path):
    tables = [tmp_path / "platforms.csv", tmp_path / "log_sources.csv"]
    (tmp_path / "rules").mkdir()
    source = [CorpusSource("x", tmp_path / "rules")]
    seen = {fingerprint(source, *tables), files_fingerprint(tables)}
    for table in tables:
        table.write_text("kind,word\n")
        seen |= {fingerprint(source, *tables), files_fingerprint(tables)}
        table.write_text("kind,wort\n")
        seen |= {fingerprint(source, *tables), files_fingerprint(tables)}
    assert len(seen) == 10


# ---- snapshots -----------------------------------------------------------------------------------------

FIRST = b'{"snapshot":"attack-coverage","version":1}\n'


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        (b"\0" * 30_000_000, "not a line of a snapshot|of its size"),
        (FIRST + b"{\n" * 10_000_000, ":2: not JSON"),
        (
            FIRST + b'{"corpus":{}}\n' * 200_000,
            "not a snapshot|more than any snapshot of its size",
        ),
        (FIRST + b'{"rule":{"tags":[' + b"1," * 1_500_000, ":2: not a line of a snapshot|of its size"),
        (FIRST + b" " * 30_000_000, ":2: not a line of a snapshot|of its size"),
    ],
)
def test_a_packed_snapshot_is_looked_at_line_by_line(plain, words):
    packed = gzip.compress(plain)
    del plain

    def read() -> None:
        with pytest.raises(SnapshotError, match=words):
            snapshot_of(packed)

    assert peak_of(read) < 64_000_000
