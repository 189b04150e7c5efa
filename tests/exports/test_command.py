"""The command `export`, and that everything made of one state says the same and is the same bytes again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from coverage.cli import application
from coverage.exports.bundle import EXPORTS, MANIFEST, archive, everything
from coverage.exports.cells import ratio
from coverage.exports.columns import COLUMNS_VERSION, FRAMES
from coverage.exports.parquet import FORMS
from coverage.measures.cell import FILE_MEASURES
from coverage.tables import PROJECT
from tests.helpers import small
from tests.helpers.exporting import content
from tests.helpers.small import E18

SMALL = str(small.SMALL)
SCOPE = ("--attack", E18, "--date", "2026-03-31")


@pytest.fixture
def call(tmp_path_factory, monkeypatch):
    """`call("export", ...)` in this process, with an empty cache."""
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path_factory.getbasetemp() / "no-cache"))
    monkeypatch.delenv("COVERAGE_RULES", raising=False)

    def run(*arguments: str) -> subprocess.CompletedProcess:
        result = CliRunner().invoke(application(), [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return subprocess.CompletedProcess(
            arguments, result.exit_code, result.stdout_bytes, result.stderr_bytes
        )

    return run


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE_", "PYTHONHASHSEED"))}
    return subprocess.run(
        [sys.executable, "-m", "coverage.cli", *arguments],
        cwd=PROJECT,
        capture_output=True,
        check=False,
        timeout=240,
        stdin=subprocess.DEVNULL,
        env={**kept, **environment},
    )


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Everything about the small corpus, written twice: by two processes whose hashes fall differently."""
    root = tmp_path_factory.mktemp("both")
    for seed in ("1", "4242"):
        done = process(
            "export",
            SMALL,
            "--what",
            "all",
            "-o",
            str(root / seed),
            *SCOPE,
            COVERAGE_CACHE=str(root / "cache"),
            PYTHONHASHSEED=seed,
        )
        assert (done.returncode, done.stdout) == (0, b""), done.stderr
    return files(root / "1"), files(root / "4242")


def test_the_same_input_and_date_give_the_same_bytes(both):
    one, other = both
    assert list(one) == list(other)
    assert [name for name in one if one[name] != other[name]] == []


def test_everything_is_there_and_listed_with_its_hash(both):
    made, _ = both
    listed = json.loads(made[MANIFEST])
    assert {entry["name"]: (entry["bytes"], entry["sha256"]) for entry in listed["files"]} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in made.items() if name != MANIFEST
    }
    assert {f"{form}/{name}.{form}" for form in FORMS for name in FRAMES} < set(made)
    assert {"report.html", "report.md", "coverage.xlsx", "matrix.svg", "matrix.png", "summary.json"} < set(
        made
    )
    assert {"navigator/coverage.json", "navigator/gaps.json", "navigator/every_layer.json"} < set(made)
    assert listed["columns_version"] == COLUMNS_VERSION and listed["stamp"]["date"] == "2026-03-31"


def test_all_exports_say_what_the_summary_says(both, call):
    """One number in every form: covered techniques and the denominator; and the gap list, form by form."""
    made, _ = both
    told = json.loads(call("summary", SMALL, "--attack", E18, "--json").stdout)
    mine = json.loads(made["summary.json"])
    assert {**mine, "stamp": {**mine["stamp"], "date": ""}} == {
        **told,
        "stamp": {**told["stamp"], "date": ""},
    }
    covered, total = told["techniques"]["covered"], told["techniques"]["total"]
    words = ratio(covered, total)
    assert words in made["report.html"].decode() and words in made["report.md"].decode()
    assert any(words in (element.text or "") for element in ElementTree.fromstring(made["matrix.svg"]).iter())

    layers = json.loads(made["navigator/every_layer.json"])
    ids = {entry["techniqueID"] for entry in layers[0]["techniques"] if "." not in entry["techniqueID"]}
    assert (
        len(ids) == covered
        and layers[0] == json.loads(made["navigator/coverage.json"])
        and len(layers) == len(FILE_MEASURES) + 1
    )
    book = openpyxl.load_workbook(io.BytesIO(made["coverage.xlsx"]))
    row = next(row for row in book["Summary"].iter_rows(values_only=True) if row[0] == "techniques")
    assert row[2:4] == (covered, total)
    for read in (_csv_rows, _json_rows, _parquet_rows):
        rows = [row for row in read(made, "techniques") if row["is_subtechnique"] in ("false", False)]
        assert (sum(float(row["covered"]) for row in rows), len(rows)) == (covered, total)
        tactics = read(made, "tactics")
        assert [float(row["covered"]) for row in tactics] == [row["covered"] for row in told["tactics"]]

    wanted = [
        gap["technique_id"]
        for gap in json.loads(call("gaps", SMALL, "--attack", E18, "--json").stdout)["gaps"]
    ]
    sheet = book["Gaps"]
    assert [cell.value for cell in sheet["A"][1:]] == wanted
    assert [entry["techniqueID"] for entry in json.loads(made["navigator/gaps.json"])["techniques"]] == wanted
    assert [
        [row["technique_id"] for row in read(made, "gaps")] for read in (_csv_rows, _json_rows, _parquet_rows)
    ] == [wanted] * 3


def _csv_rows(made: dict[str, bytes], name: str) -> list[dict]:
    return list(csv.DictReader(io.StringIO(made[f"csv/{name}.csv"].decode("utf-8"), newline="")))


def _json_rows(made: dict[str, bytes], name: str) -> list[dict]:
    return json.loads(made[f"json/{name}.json"])["rows"]


def _parquet_rows(made: dict[str, bytes], name: str) -> list[dict]:
    return pq.read_table(io.BytesIO(made[f"parquet/{name}.parquet"])).to_pylist()


def test_every_export_carries_the_scope(both):
    made, _ = both
    sentence = small.view(E18).scope.sentence()
    for name in ("report.html", "matrix.svg"):
        assert sentence.replace("&", "&amp;") in made[name].decode()
    assert "ATT&CK Enterprise 18.1" in made["report.md"].decode()
    assert all(sentence in layer["description"] for layer in json.loads(made["navigator/every_layer.json"]))
    assert any(
        sentence in str(value)
        for row in openpyxl.load_workbook(io.BytesIO(made["coverage.xlsx"]))["Scope"].iter_rows(
            values_only=True
        )
        for value in row
    )
    for name in FRAMES:
        assert json.loads(made[f"json/{name}.json"])["stamp"]["attack"] == E18
        assert all(row["scope"] == sentence for row in _csv_rows(made, name))


def test_a_zip_has_the_same_files_and_no_clock():
    made = list(everything(content(E18)))
    data = archive(made)
    assert data == archive(made)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None and {name: packed.read(name) for name in packed.namelist()} == dict(
            made
        )


# ---- one file
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [name for name in EXPORTS if name != "compare-layer"])
def test_each_kind_goes_to_a_file_and_to_standard_output(call, tmp_path, kind):
    target = tmp_path / f"file.{EXPORTS[kind].suffix}"
    done = call("export", SMALL, "--what", kind, "-o", target, *SCOPE)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert target.read_bytes() == call("export", SMALL, "--what", kind, "-o", "-", *SCOPE).stdout
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_one_frame_is_one_file_and_every_frame_a_folder(call, tmp_path):
    for form in FORMS:
        assert (
            call(
                "export", SMALL, "--what", form, "--frame", "Gaps", "-o", tmp_path / f"gaps.{form}", *SCOPE
            ).returncode
            == 0
        )
        assert call("export", SMALL, "--what", form, "-o", tmp_path / form, *SCOPE).returncode == 0
        assert sorted(path.name for path in (tmp_path / form).iterdir()) == sorted(
            [MANIFEST, *(f"{name}.{form}" for name in FRAMES)]
        )
        assert (tmp_path / form / f"gaps.{form}").read_bytes() == (tmp_path / f"gaps.{form}").read_bytes()
    attack = call("export", SMALL, "--what", "csv", "--frame", "attack_tactics", "-o", "-", *SCOPE).stdout
    assert attack.startswith(b"tactic_id,name,shortname") and attack.count(b"\r\n") == 15


def test_several_measures_are_several_layers_in_one_file(call):
    def names(*arguments: str) -> list[str]:
        found = json.loads(call("export", SMALL, "--what", "layer", "-o", "-", *SCOPE, *arguments).stdout)
        return [layer["name"] for layer in (found if isinstance(found, list) else [found])]

    assert names() == ["small: rules mapped (Enterprise 18.1)"]
    assert names("--measure", "Depth", "--measure", "platforms") == [
        "small: depth (Enterprise 18.1)",
        "small: platforms (Enterprise 18.1)",
    ]
    assert len(names("--measure", "all")) == len(FILE_MEASURES)


def test_one_corpus_against_another(call, tmp_path):
    for name, letter in (("one", "a"), ("two", "i")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rule.toml").write_bytes((small.SMALL / small.PATHS[letter]).read_bytes())
    layer = json.loads(
        call(
            "export", tmp_path / "one", tmp_path / "two", "--what", "compare-layer", "-o", "-", *SCOPE
        ).stdout
    )
    comments = {entry["techniqueID"]: entry["comment"] for entry in layer["techniques"]}
    assert comments["T1053.005"] == "Covered by only one" and comments["T1105"] == "Covered by only two"
    call("export", tmp_path / "one", tmp_path / "two", "--what", "all", "-o", tmp_path / "out", *SCOPE)
    assert json.loads((tmp_path / "out" / "navigator" / "compare.json").read_bytes()) == layer
    refused = call("export", SMALL, "--what", "compare-layer", "-o", "-", *SCOPE)
    assert refused.returncode == 2 and b"needs two rule sets, and 1 were read" in refused.stderr


def test_the_scope_reaches_the_file(call):
    done = call(
        "export",
        SMALL,
        "--what",
        "json",
        "--frame",
        "tactics",
        "-o",
        "-",
        *SCOPE,
        "--platform",
        "linux",
        "--pre",
        "--rollup",
        "all",
        "--class",
        "hunt",
    )
    stamp = json.loads(done.stdout)["stamp"]
    assert (stamp["platforms"], stamp["pre"], stamp["rollup"], stamp["classes"], stamp["date"]) == (
        ["Linux"],
        True,
        "all",
        ["hunt"],
        "2026-03-31",
    )


def test_the_report_lists_changes_since_a_baseline(call, tmp_path):
    rules, before = tmp_path / "rules", tmp_path / "before.jsonl"
    rules.mkdir()
    (rules / "a.toml").write_bytes((small.SMALL / small.PATHS["a"]).read_bytes())
    assert call("snapshot", rules, "-o", before, *SCOPE).returncode == 0
    (rules / "i.toml").write_bytes((small.SMALL / small.PATHS["i"]).read_bytes())
    done = call("export", rules, "--what", "markdown", "--baseline", before, "-o", "-", *SCOPE)
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    section = text.partition("## Changes since the baseline")[2].partition("\n## ")[0]
    assert "1 of 197 to 4 of 197" in section.replace("\\", "")
    assert {"T1071", "T1105", "T1132"} <= set(re.findall(r"T\d{4}(?!\\)", section)) and "gained" in section
    assert (
        "Changes since" not in call("export", rules, "--what", "markdown", "-o", "-", *SCOPE).stdout.decode()
    )


# ---- whole or not at all
# ---------------------------------------------------------------------------------------


def test_a_folder_of_an_earlier_export_is_replaced_and_no_other(call, tmp_path):
    target = tmp_path / "out"
    assert call("export", SMALL, "--what", "all", "-o", target, *SCOPE).returncode == 0
    first = files(target)
    assert call("export", SMALL, "--what", "all", "-o", target, *SCOPE).returncode == 0
    assert files(target) == first
    (target / "notes.txt").write_text("mine")
    refused = call("export", SMALL, "--what", "all", "-o", target, *SCOPE)
    assert refused.returncode == 2 and b"not an earlier export" in refused.stderr
    assert files(target) == {**first, "notes.txt": b"mine"}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    assert call("export", SMALL, "--what", "csv", "-o", tmp_path / "mine", *SCOPE).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mine",
        "out",
    ]  # nothing half-written beside them


def test_an_empty_folder_is_filled(call, tmp_path):
    (tmp_path / "out").mkdir()
    assert call("export", SMALL, "--what", "csv", "-o", tmp_path / "out", *SCOPE).returncode == 0
    assert (
        call("export", SMALL, "--what", "json", "-o", tmp_path / "out", *SCOPE).returncode == 0
    )  # and replaced
    assert sorted(files(tmp_path / "out")) == sorted([MANIFEST, *(f"{name}.json" for name in FRAMES)])


def test_what_cannot_be_written_leaves_nothing(call, tmp_path):
    (tmp_path / "file").write_text("mine")
    refused = call("export", SMALL, "--what", "all", "-o", tmp_path / "file" / "out", *SCOPE)
    assert refused.returncode == 2 and refused.stderr.count(b"\n") == 1
    assert call("export", SMALL, "--what", "all", "-o", tmp_path / "file", *SCOPE).returncode == 2
    assert files(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--what"),
        (("--what", "report"), "-o"),
        (("--what", "nothing", "-o", "x"), "gaps-layer"),
        (("--what", "layer", "--measure", "x", "-o", "-"), "platforms"),
        (("--what", "csv", "--frame", "x", "-o", "-"), "techniques"),
        (("--what", "png", "--frame", "gaps", "-o", "-"), "--frame is for"),
        (("--what", "csv", "-o", "-"), "--frame"),
        (("--what", "all", "-o", "-"), "folder"),
        (("--what", "png", "-o", "-", "--date", "yesterday"), "2026-03-31"),
        (("--what", "png", "-o", "-", "--baseline", "x"), "--baseline is for"),
        (("--what", "png", "-o", "-", "--gaps-file", "/nowhere/gaps.toml"), "file not found"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_made_is_refused_in_one_sentence(call, arguments, words):
    refused = call("export", SMALL, *arguments)
    message = refused.stderr.decode()
    assert (
        (refused.returncode, refused.stdout) == (2, b"")
        and message.startswith("coverage: ")
        and message.count("\n") == 1
    )
    assert words in message


def test_it_needs_no_dashboard(tmp_path):
    program = (
        "import sys\nfrom coverage.cli import application\n"
        f"application(['export'])(['export', {SMALL!r}, '--what', 'all', '-o', {str(tmp_path / 'out')!r}], "
        "standalone_mode=False)\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'streamlit', 'plotly', 'playwright'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=240
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.corpora
def test_everything_over_elastic(shared, tmp_path):
    """All of it, and no more processor time than three times that of the summary, which has a bar of its
    own.
    """
    elastic = str(shared("corpora", "elastic"))
    environment = {"COVERAGE_CACHE": str(tmp_path / "cache")}
    costs = []
    for arguments in (
        ("summary", elastic, "--json"),
        ("export", elastic, "--what", "all", "-o", str(tmp_path / "out")),
    ):
        before = os.times()
        done = process(*arguments, **environment)
        after = os.times()
        assert done.returncode == 0, done.stderr
        costs.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    made = files(tmp_path / "out")
    assert json.loads(made["summary.json"])["techniques"]["covered"] > 150
    assert costs[1] <= 3.05 * costs[0]  # 6 s, where the summary takes its 1.96 s
