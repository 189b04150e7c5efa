"""Bad files and folders, real ones on disk: each is a row of PROBLEMS and costs nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from coverage.loaders import CorpusSource, fingerprint, load, rule_document
from coverage.loaders import corpora as corpora_module
from coverage.loaders.walk import MAX_BYTES, FoundFile, Walk, file_bytes

GOOD = """\
[metadata]
creation_date = "2026/01/01"
updated_date = "2026/01/01"
maturity = "production"

[rule]
name = "Good"
rule_id = "good"
tags = ["OS: Linux"]
"""


def loaded_from(folder: Path):
    return load([CorpusSource("c", folder)])


def problems(loaded) -> list[tuple]:
    columns = ["path", "line", "column", "code", "severity"]
    return [tuple(None if pd.isna(v) else v for v in row) for row in loaded.problems[columns].values.tolist()]


def one_rule(tmp_path: Path, text: str | bytes):
    data = text.encode() if isinstance(text, str) else text
    (tmp_path / "x.toml").write_bytes(data)
    return loaded_from(tmp_path)


# ---- files and folders ----------------------------------------------------------------------------


def test_bad_toml_names_its_line_and_column_and_the_good_rule_stays(tmp_path):
    (tmp_path / "bad.toml").write_text('[rule]\nname = "no end\n')
    (tmp_path / "good.toml").write_text(GOOD)
    loaded = loaded_from(tmp_path)
    assert problems(loaded) == [("bad.toml", 2, 15, "bad-toml", "error")]
    assert loaded.rules.name.tolist() == ["Good"]
    assert loaded.corpora[0].files == 2 and loaded.corpora[0].rules == 1


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 5000, "a = " + "9" * 5000, "a." * 5000 + "b = 1", "a = " + "{a=" * 5000],
    ids=["nested", "endless number", "dotted", "nested tables"],
)
def test_toml_beyond_the_parsers_limits(tmp_path, text):
    assert [row[3] for row in problems(one_rule(tmp_path, text))] == ["bad-toml"]


def test_bytes_that_are_no_utf8_are_read_as_windows_1252_and_name_their_line(tmp_path):
    loaded = one_rule(tmp_path, GOOD.replace("Good", "Café – “x”").encode("cp1252"))
    assert loaded.rules.name.tolist() == ["Café – “x”"]
    assert problems(loaded) == [("x.toml", 7, None, "not-utf8", "warning")]
    assert loaded.problems.message[0] == (
        "Not UTF-8 text: byte 111 is 0xe9. It and bytes like it were read as windows-1252."
    )


def test_one_such_byte_changes_no_other_sign(tmp_path):
    text = GOOD.replace("Good", "naïve – 検出 caf@").encode().replace(b"@", b"\xe9\x81")
    loaded = one_rule(tmp_path, text)  # 0x81 is nothing in windows-1252
    assert loaded.rules.name.tolist() == ["naïve – 検出 café\ufffd"]
    assert [row[3:] for row in problems(loaded)] == [("not-utf8", "warning")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_and_told(tmp_path, encoding):
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}[encoding]
    loaded = one_rule(tmp_path, mark + GOOD.replace("Good", "Café").encode(encoding))
    assert loaded.rules.name.tolist() == ["Café"]
    assert problems(loaded) == [("x.toml", 1, None, "not-utf8", "warning")]
    assert (
        loaded.problems.message[0]
        == "Not UTF-8 text: its byte order mark is that of UTF-16, so it was read as UTF-16."
    )


def test_a_table_as_a_spreadsheet_saves_it_loses_no_rule(tmp_path):
    rows = "".join(f"Règle {nth};T1059\r\n" if nth == 700 else f"Rule {nth};T1105\r\n" for nth in range(1000))
    (tmp_path / "x.csv").write_bytes(("Rule;Technique ID\r\n" + rows).encode("cp1252"))
    found = load([CorpusSource("c", tmp_path)])
    assert len(found.rules) == 1000 and found.rules.name[700] == "Règle 700"
    assert problems(found) == [("x.csv", 702, None, "not-utf8", "warning")]


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 4,
        b"\x00\xff\xfe" * 10,
        GOOD.encode("utf-16") + b"x",
        b"\xff\xfe" + "[rule]\0".encode("utf-16-le"),
        GOOD.encode() + b"\xff\0",
        GOOD.encode() + b"\xff\x07",
        GOOD.encode("utf-16-le") + b"\xff\xd8",
    ],
)
def test_binary_files(tmp_path, data):
    loaded = one_rule(tmp_path, data)
    assert [row[3:] for row in problems(loaded)] == [("not-utf8", "error")] and loaded.rules.empty


def test_very_many_bytes_that_are_no_utf8_are_read_in_one_go(tmp_path):
    rows = (f"{row}{'é' * 400_000},T1059\n" for row in range(10, 35))
    text = f"rule,technique_id\n{''.join(rows)}"
    (tmp_path / "x.csv").write_bytes(text.encode("cp1252"))
    found = load([CorpusSource("c", tmp_path)])
    assert found.rules.name.map(len).tolist() == [400_002] * 25
    assert problems(found) == [("x.csv", 2, None, "not-utf8", "warning")]


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path):
    loaded = one_rule(tmp_path, b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert loaded.rules.name.tolist() == ["Good"] and loaded.problems.empty


@pytest.mark.parametrize("data", [b"", b"\n \r\n", b"\xef\xbb\xbf"])
def test_empty_files_are_noted(tmp_path, data):
    assert problems(one_rule(tmp_path, data)) == [("x.toml", None, None, "empty-file", "note")]


def test_a_huge_file_is_not_read(tmp_path, monkeypatch):
    with (tmp_path / "huge.toml").open("wb") as file:
        file.truncate(10_000_000)
    monkeypatch.setattr(corpora_module, "file_bytes", lambda path: pytest.fail("it was opened"))
    assert problems(loaded_from(tmp_path)) == [("huge.toml", None, None, "too-large", "error")]
    assert rule_document(tmp_path / "huge.toml").problem.code == "too-large"


def test_the_largest_file_that_is_read(tmp_path):
    text = GOOD + "#" * (MAX_BYTES - len(GOOD))
    assert one_rule(tmp_path, text).rules.name.tolist() == ["Good"]
    assert [row[3] for row in problems(one_rule(tmp_path, text + "#"))] == ["too-large"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_does_not_hang(tmp_path):
    """In a process of its own, so that a hang fails the test instead of the run."""
    os.mkfifo(tmp_path / "pipe.toml")
    script = (
        "import sys; from pathlib import Path; from coverage.loaders import *\n"
        "folder = Path(sys.argv[1]); pipe = folder / 'pipe.toml'\n"
        "for path in (folder, pipe): print(load([CorpusSource('c', path)]).problems.code.tolist())\n"
        "print(rule_document(pipe).problem.code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.stdout.split("\n")[:3] == ["['not-a-file']", "['not-a-file']", "not-a-file"]


def test_devices_are_not_opened(tmp_path):
    (tmp_path / "endless.toml").symlink_to("/dev/zero")
    assert problems(loaded_from(tmp_path)) == [("endless.toml", None, None, "not-a-file", "error")]


def test_a_folder_named_like_a_rule_is_a_folder(tmp_path):
    (tmp_path / "x.toml").mkdir()
    (tmp_path / "x.toml" / "inside.toml").write_text(GOOD)
    loaded = loaded_from(tmp_path)
    assert loaded.rules.path.tolist() == ["x.toml/inside.toml"] and loaded.problems.empty
    assert rule_document(tmp_path / "x.toml").problem.code == "not-a-file"


def test_hidden_and_foreign_folders_are_skipped(tmp_path):
    for folder in (".git", "node_modules", "__pycache__", "rules/.cache"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.toml").write_text(GOOD)
    (tmp_path / "._x.toml").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "rules" / "readme.md").write_text("no rule")
    loaded = loaded_from(tmp_path)
    assert loaded.rules.empty and loaded.problems.empty


def test_links_loops_and_dangling_ones(tmp_path):
    (tmp_path / "rules" / "deep").mkdir(parents=True)
    (tmp_path / "rules" / "deep" / "a.toml").write_text(GOOD)
    (tmp_path / "rules" / "deep" / "up").symlink_to(tmp_path / "rules")
    (tmp_path / "rules" / "self.toml").symlink_to("self.toml")
    (tmp_path / "rules" / "gone.toml").symlink_to("nowhere.toml")
    (tmp_path / "rules" / "twice").symlink_to("deep")
    (tmp_path / "rules" / "b.toml").symlink_to("deep/a.toml")
    loaded = loaded_from(tmp_path / "rules")
    assert loaded.rules.path.tolist() == ["deep/a.toml"]
    assert problems(loaded) == [
        ("b.toml", None, None, "same-file", "note"),
        ("deep/up", None, None, "symlink-loop", "warning"),
        ("gone.toml", None, None, "dangling-link", "warning"),
        ("self.toml", None, None, "symlink-loop", "warning"),
        ("twice", None, None, "same-file", "note"),
    ]


def test_links_out_of_the_corpus_are_followed_once(tmp_path):
    outside = tmp_path / "outside" / "inner"
    outside.mkdir(parents=True)
    (outside / "a.toml").write_text(GOOD)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "first").symlink_to(outside)
    (corpus / "second").symlink_to(outside.parent)
    loaded = loaded_from(corpus)
    assert loaded.rules.path.tolist() == ["first/a.toml"]
    assert problems(loaded) == [("second/inner", None, None, "same-file", "note")]


def test_cross_linked_folders_end(tmp_path):
    names = [f"f{n}" for n in range(12)]
    for name in names:
        (tmp_path / name).mkdir()
    for name in names:
        for other in names:
            (tmp_path / name / f"to_{other}").symlink_to(tmp_path / other)
    assert loaded_from(tmp_path).rules.empty


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything, so nothing is forbidden"
)
def test_forbidden_files_and_folders(tmp_path):
    (tmp_path / "x.toml").write_text(GOOD)
    (tmp_path / "x.toml").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    try:
        codes = [row[3] for row in problems(loaded_from(tmp_path))]
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert sorted(codes) == ["unreadable-file", "unreadable-folder"]


def test_a_file_and_a_folder_the_system_refuses(tmp_path, monkeypatch):
    """The same as chmod 000, for runs as root."""
    (tmp_path / "x.toml").write_text(GOOD)
    (tmp_path / "closed").mkdir()
    real_open, real_scandir = os.open, os.scandir

    def refuse(real, name):
        def call(path, *args, **kwargs):
            if str(path).endswith(name):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *args, **kwargs)

        return call

    monkeypatch.setattr(os, "open", refuse(real_open, "x.toml"))
    monkeypatch.setattr(os, "scandir", refuse(real_scandir, "closed"))
    assert [row[0:1] + row[3:] for row in problems(loaded_from(tmp_path))] == [
        ("closed", "unreadable-folder", "error"),
        ("x.toml", "unreadable-file", "error"),
    ]


def test_a_file_that_vanishes_after_the_walk(tmp_path):
    walk = Walk(CorpusSource("c", tmp_path), tmp_path)
    found = FoundFile(str(tmp_path / "gone.toml"), "gone.toml", 10, 0, "gone")
    result, digest = corpora_module.file_result(walk, found, corpora_module.Context(None))
    assert [problem.code for problem in result.problems] == ["unreadable-file"] and digest == ""


def test_paths_that_are_no_corpus(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("x")
    sources = [
        CorpusSource("gone", tmp_path / "gone"),
        CorpusSource("nul", Path("a\0b")),
        CorpusSource("below a file", file / "x"),
        CorpusSource("text", file),
        CorpusSource("long", tmp_path / ("x" * 5000)),
    ]
    loaded = load(sources)
    assert loaded.problems.code.tolist() == [*["no-such-path"] * 3, "unknown-format", "no-such-path"]
    assert [stamp.rules for stamp in loaded.corpora] == [0] * 5
    assert loaded.rules.empty and loaded.written.empty
    assert fingerprint(sources) == fingerprint(sources)


def test_file_names_that_are_no_text(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.toml")).write_text(GOOD)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (tmp_path / os.fsdecode(b"bad\xff.toml")).write_text("[")
    loaded = loaded_from(tmp_path)
    assert loaded.rules.path.tolist() == ["caf\\udce9.toml"]
    assert loaded.problems.path.tolist() == ["bad\\udcff.toml"]
    assert fingerprint([CorpusSource("c", tmp_path)])


def test_no_sources_at_all():
    loaded = load([])
    assert loaded.rules.empty and loaded.problems.empty and loaded.corpora == ()


def test_a_loader_that_breaks_costs_one_file(tmp_path, monkeypatch):
    (tmp_path / "a.toml").write_text(GOOD)
    (tmp_path / "b.toml").write_text(GOOD.replace('"good"', '"better"'))
    real = corpora_module.chosen

    def broken(file):
        if file.path == "a.toml":
            raise ZeroDivisionError("sorry")
        return real(file)

    monkeypatch.setattr(corpora_module, "chosen", broken)
    loaded = loaded_from(tmp_path)
    assert loaded.rules.rule_id.tolist() == ["better"]
    assert loaded.problems.message.tolist() == ["The loader stopped: ZeroDivisionError: sorry."]


def test_what_progress_raises_goes_through(tmp_path):
    (tmp_path / "a.toml").write_text(GOOD)

    def stop(done, total, path):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load([CorpusSource("c", tmp_path)], progress=stop)


# ---- the same rule, the same file, the same name ------------------------------------------------


def test_duplicate_ids_within_and_across_corpora(tmp_path):
    for path in ("one/a.toml", "one/b.toml", "two/c.toml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(GOOD)
    (tmp_path / "one" / "d.toml").write_text(f"# another file\n{GOOD}")
    loaded = load([CorpusSource("one", tmp_path / "one"), CorpusSource("two", tmp_path / "two")])
    assert len(loaded.rules) == 4
    assert loaded.problems[["corpus", "path", "code", "severity", "message"]].values.tolist() == [
        [
            "one",
            "b.toml",
            "same-content",
            "note",
            "The same content is in both one/b.toml and one/a.toml; it counts once.",
        ],
        [
            "one",
            "d.toml",
            "duplicate-id",
            "warning",
            "The id good is in both one/d.toml and one/a.toml; both rules are kept.",
        ],
        [
            "two",
            "c.toml",
            "same-content",
            "note",
            "The same content is in both two/c.toml and one/a.toml; it counts once.",
        ],
    ]


def test_overlapping_corpora_have_each_their_own_rules(tmp_path):
    inner = tmp_path / "all" / "inner"
    inner.mkdir(parents=True)
    (inner / "a.toml").write_text(GOOD)
    (inner / "b.toml").write_text(GOOD.replace('"good"', '"better"'))
    loaded = load([CorpusSource("all", tmp_path / "all"), CorpusSource("inner", inner)])
    assert loaded.rules.corpus.tolist() == ["all", "all", "inner", "inner"]
    assert loaded.problems[["corpus", "path", "code", "message"]].values.tolist() == [
        [
            "inner",
            "a.toml",
            "same-file",
            "2 files from here on are in the corpus 'all' as well; their rules count once.",
        ]
    ]


def test_corpora_of_one_name_keep_their_rules_apart(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.toml").write_text(GOOD)
    loaded = load([CorpusSource("n/1", tmp_path / "x"), CorpusSource("n/1", tmp_path / "y")])
    assert loaded.rules.rule_key.tolist() == ["n-1/a.toml", "n-1-2/a.toml"]


# ---- what rules can get wrong -----------------------------------------------------------------------

HEAD = '[metadata]\nmaturity = "production"\n[rule]\nname = "N"\nrule_id = "i"\n'

WRONG = {
    "name": (HEAD.replace('"N"', "5"), 4, "wrong-type", "rule.name is a whole number, not text."),
    "rule_id": (HEAD.replace('"i"', "[]"), 5, "wrong-type", "rule.rule_id is a list, not text."),
    "tags": (HEAD + 'tags = "x"', 6, "wrong-type", "rule.tags is text, not a list of texts."),
    "one tag": (HEAD + 'tags = ["a",\n 5]', 7, "wrong-type", "rule.tags[1] is a whole number, not text."),
    "threat": (HEAD + 'threat = "x"', 6, "wrong-type", "rule.threat is text, not a list of tables."),
    "threat entry": (HEAD + 'threat = ["x"]', 6, "wrong-type", "rule.threat[0] is text, not a table."),
    "tactic": (
        HEAD + "[[rule.threat]]\ntactic = 1\ntechnique = [{id = 'T1001'}]",
        7,
        "wrong-type",
        "rule.threat[0].tactic is a whole number, not a table.",
    ),
    "technique": (
        HEAD + "[[rule.threat]]\ntechnique = {}\ntactic = {id = 'TA0001'}",
        7,
        "wrong-type",
        "rule.threat[0].technique is a table, not a list of tables; it was read as a list of one.",
    ),
    "technique id": (
        HEAD + "[[rule.threat]]\ntechnique = [{id = 1059}]",
        7,
        "wrong-type",
        "rule.threat[0].technique[0].id is a whole number, not text.",
    ),
    "no technique id": (
        HEAD + "[[rule.threat]]\ntechnique = [{name = 'x'}]",
        7,
        "no-id",
        "rule.threat[0].technique[0] has no id, so it maps nothing.",
    ),
    "empty threat": (
        HEAD + "[[rule.threat]]\nframework = 'MITRE ATT&CK'",
        6,
        "empty-threat",
        "rule.threat[0] names neither a tactic nor a technique.",
    ),
    "set without version": (
        HEAD + "[[rule.threat_mappings]]\nthreat = []",
        6,
        "no-version",
        "rule.threat_mappings[0] does not say the ATT&CK version it was written for.",
    ),
    "severity": (
        HEAD + 'severity = "extreme"',
        6,
        "bad-severity",
        "rule.severity is 'extreme', not one of informational, low, medium, high, critical.",
    ),
    "risk_score": (
        HEAD + "risk_score = nan",
        6,
        "bad-value",
        "rule.risk_score is not a number from 0 to 100.",
    ),
    "risk_score size": (
        HEAD + "risk_score = " + "9" * 400,
        6,
        "bad-value",
        "rule.risk_score is not a number from 0 to 100.",
    ),
    "risk_score type": (
        HEAD + "risk_score = true",
        6,
        "wrong-type",
        "rule.risk_score is true or false, not a number.",
    ),
    "enabled": (HEAD + 'enabled = "no"', 6, "wrong-type", "rule.enabled is text, not true or false."),
    "date": (
        '[metadata]\nmaturity = "production"\ncreation_date = "2026/13/01"\n'
        '[rule]\nname = "N"\nrule_id = "i"',
        3,
        "bad-date",
        "metadata.creation_date is '2026/13/01', not a date written YYYY/MM/DD.",
    ),
    "metadata": (
        'metadata = 5\n[rule]\nname = "N"\nrule_id = "i"',
        1,
        "wrong-type",
        "metadata is a whole number, not a table.",
    ),
    "no name": (
        HEAD.replace('name = "N"\n', ""),
        3,
        "no-name",
        "rule has no name, so its rule_id is used as its name.",
    ),
    "no id": (HEAD.replace('rule_id = "i"\n', ""), 3, "no-rule-id", "rule has no rule_id."),
    "blank id": (HEAD.replace('"i"', '" "'), 3, "no-rule-id", "rule has no rule_id."),
    "no maturity": (
        '[metadata]\n[rule]\nname = "N"\nrule_id = "i"',
        1,
        "no-maturity",
        "metadata.maturity is missing, so the rule counts as development.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_fault_in_a_rule_names_its_place_and_the_rule_stays(tmp_path, case):
    text, line, code, message = WRONG[case]
    loaded = one_rule(tmp_path, text)
    assert len(loaded.rules) == 1
    first = loaded.problems.iloc[0]
    assert (first.line, first.code, first.severity, first.message) == (line, code, "warning", message)


def test_nothing_is_counted_that_was_not_written(tmp_path):
    text = HEAD + (
        "[[rule.threat]]\n"
        "technique = [{id = 'T1001', subtechnique = [{name = 'no id'}]}, {id = 'T1002', subtechnique = 5}, "
        "{id = ''}]\n"
        "tactic = {id = 'TA0001'}\n"
    )
    loaded = one_rule(tmp_path, text)
    assert loaded.written[["tactic_id", "technique_id"]].fillna("").values.tolist() == [["TA0001", ""]]
    assert loaded.problems.code.tolist() == ["no-id", "wrong-type", "no-id"]


def test_a_single_table_where_a_list_belongs_is_read(tmp_path):
    text = (
        HEAD + "[rule.threat]\n[rule.threat.tactic]\nid = 'TA0001'\n[rule.threat.technique]\nid = 'T1001'\n"
    )
    loaded = one_rule(tmp_path, text)
    assert loaded.written.leaf_id.tolist() == ["T1001"]
    assert loaded.problems.code.tolist() == ["wrong-type", "wrong-type"]


LOST = {
    "rule is no table": ("rule = 5", 1, "wrong-type"),
    "list of rules": ('[[rule]]\nname = "x"', 1, "wrong-type"),
    "neither name nor id": ('[metadata]\nmaturity = "production"\n[rule]\ntype = "eql"', 3, "no-rule"),
    "metadata alone": ('[metadata]\nmaturity = "production"', 1, "no-rule-table"),
    "hunt is no table": ("hunt = []", 1, "wrong-type"),
    "empty hunt": ("[hunt]\nname = 5", 2, "wrong-type"),
    "empty endpoint rule": ("[rule]\nos_list = []", 1, "no-rule"),
}


@pytest.mark.parametrize("case", LOST)
def test_what_cannot_be_a_rule_is_an_error(tmp_path, case):
    text, line, code = LOST[case]
    loaded = one_rule(tmp_path, text)
    assert loaded.rules.empty
    first = loaded.problems.iloc[0]
    assert (first.line, first.code, first.severity) == (line, code, "error")


@pytest.mark.parametrize(
    "text",
    ["[tool.ruff]\nline-length = 110", "[project]\nname = 'x'", '[a-b]\nrule_name = "x"', "[metadata]\n"],
)
def test_other_toml_is_passed_over_in_silence(tmp_path, text):
    loaded = one_rule(tmp_path, text)
    assert loaded.rules.empty and loaded.problems.empty and loaded.corpora[0].files == 0


def test_hunt_ids_that_are_no_text(tmp_path):
    loaded = one_rule(tmp_path, '[hunt]\nname = "h"\nuuid = "u"\nmitre = ["T1059", 5,\n "", "t1060"]')
    assert loaded.written.leaf_id.tolist() == ["T1059", "t1060"]
    assert loaded.problems[["line", "code"]].values.tolist() == [[4, "wrong-type"]]


def test_toml_dates_are_dates(tmp_path):
    text = GOOD.replace('"2026/01/01"', "2026-01-01", 1).replace('"2026/01/01"', "2026-01-02T10:00:00Z")
    row = one_rule(tmp_path, text).rules.iloc[0]
    assert (row.created, row.updated) == (pd.Timestamp(2026, 1, 1), pd.Timestamp(2026, 1, 2))


@pytest.mark.parametrize(
    ("maturity", "expected"),
    [
        ("production", "production"),
        ("Production ", "production"),
        ("development", "development"),
        ("beta", "development"),
        ("test", "development"),
        ("experimental", "development"),
        ("deprecated", "deprecated"),
    ],
)
def test_the_maturity_decides(tmp_path, maturity, expected):
    loaded = one_rule(tmp_path, HEAD.replace('"production"', f'"{maturity}"'))
    assert loaded.rules.rule_class.tolist() == [expected]


def test_documents_of_bad_files(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("[rule")
    assert (rule_document(bad).text, rule_document(bad).tables) == ("[rule", None)
    assert rule_document(bad).problem.code == "bad-toml" and rule_document(bad).problem.line == 1
    bad.write_bytes(b"\xff[rule]")
    assert (rule_document(bad).text, rule_document(bad).problem.code) == ("ÿ[rule]", "bad-toml")
    bad.write_bytes(b"\xff\0[rule]")
    assert (rule_document(bad).text, rule_document(bad).problem.code) == ("\ufffd\0[rule]", "not-utf8")
    assert rule_document(tmp_path / "gone.toml").problem.code == "unreadable-file"
    assert rule_document(Path("a\0b")).problem.code == "unreadable-file"
    assert file_bytes(bad) == b"\xff\0[rule]"
