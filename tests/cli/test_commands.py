"""The command line as people run it: real processes, real files, an empty cache.

Python's start costs two seconds, so what needs no process of its own runs in this one (`inside`).
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from coverage.cli import COMMANDS, application
from coverage.tables import PROJECT
from coverage.vocabulary import ROLLUPS
from tests.helpers import small

SMALL = str(small.SMALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """`run("gaps", "--json")`: that command in a process of its own, in the project's folder."""
    cache = tmp_path_factory.mktemp("cache")

    def process(*arguments: str | bytes, **environment: str) -> subprocess.CompletedProcess:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
        return subprocess.run(
            [sys.executable, "-m", "coverage.cli", *arguments],
            cwd=PROJECT,
            capture_output=True,
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
            env={**kept, "COVERAGE_CACHE": str(cache), "COLUMNS": "100", **environment},
        )

    return process


@pytest.fixture
def inside(tmp_path_factory, monkeypatch):
    """The same as `run`, in this process."""
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path_factory.getbasetemp() / "no-cache"))
    monkeypatch.delenv("COVERAGE_RULES", raising=False)

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        result = CliRunner().invoke(application(), list(arguments), env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return subprocess.CompletedProcess(
            arguments, result.exit_code, result.stdout_bytes, result.stderr_bytes
        )

    return call


def together(run, *calls: tuple) -> list[subprocess.CompletedProcess]:
    """Several runs side by side: most of each is Python's start."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda call: run(*call), calls))


def each(inside, *calls: tuple) -> list[subprocess.CompletedProcess]:
    return [inside(*call) for call in calls]


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True))


def assert_stopped(done: subprocess.CompletedProcess, *words: str) -> None:
    """Exit code 2, nothing on standard output, one sentence on standard error that says what is wrong."""
    message = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b""), message
    assert message.startswith("coverage: ") and message.count("\n") == 1, message
    assert "Traceback" not in message
    for word in words:
        assert word in message, (word, message)


# ---- what it says
# ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def summary(run):
    done = run("summary", SMALL, "--attack", "enterprise-18.1", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    return json.loads(done.stdout)


def test_the_summary_has_at_least_what_was_asked_for(summary):
    stamp = summary["stamp"]
    assert {"attack", "rollup", "pre", "platforms", "classes", "corpora", "date"} <= set(stamp)
    assert (stamp["attack"], stamp["rollup"], stamp["pre"]) == ("enterprise-18.1", "any", False)
    assert (stamp["platforms"], stamp["classes"]) == ([], ["production"])
    (corpus,) = stamp["corpora"]
    assert (corpus["path"], corpus["rules"]) == (SMALL, 17)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", corpus["content"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", stamp["date"])
    assert {"read", "by_class", "in_scope", "unmapped", "tactic_only", "problems"} <= set(summary["rules"])
    assert set(summary["rollups"]) == set(ROLLUPS)
    for grain in ("techniques", "subtechniques", "placements"):
        assert set(summary[grain]) == {"covered", "total"}
    assert all({"id", "name", "covered", "total"} <= set(row) for row in summary["tactics"])
    assert all({"name", "covered", "total"} <= set(row) for row in summary["platforms"])


def test_the_summary_of_the_small_corpus(summary):
    assert (summary["rules"]["read"], summary["rules"]["in_scope"], summary["rules"]["problems"]) == (
        17,
        12,
        0,
    )
    assert summary["techniques"] == {"covered": 9, "total": 197}
    assert summary["subtechniques"] == {"covered": 9, "total": 402}
    assert summary["placements"] == {"covered": 21, "total": 795}
    assert {k: v for k, v in summary["rollups"].items() if k != "share"} == {"any": 9, "all": 2, "direct": 4}
    assert len(summary["tactics"]) == 14 and len(summary["platforms"]) == 10


def test_every_choice_reaches_the_numbers(inside):
    """Choices in any case; each stamp says what was chosen. Hand counts are in test_measures."""
    calls = each(
        inside,
        (
            "summary",
            SMALL,
            "--attack",
            "Enterprise-19.0",
            "--platform",
            "linux",
            "--platform",
            "MACOS",
            "--json",
        ),
        (
            "summary",
            SMALL,
            "--attack",
            "enterprise-18.1",
            "--pre",
            "--rollup",
            "ALL",
            "--class",
            "Production",
            "--class",
            "HUNT",
            "--json",
        ),
        ("summary", SMALL, "--enabled", "ANY", "--rollup", "share", "--json"),
    )
    linux, pre, shared = (json.loads(done.stdout) for done in calls)
    assert linux["stamp"]["platforms"] == ["Linux", "macOS"] and linux["stamp"]["attack"] == "enterprise-19.0"
    assert [row["name"] for row in linux["platforms"]] == ["Linux", "macOS"]
    assert linux["rules"]["in_scope"] == 3
    assert (pre["stamp"]["pre"], pre["stamp"]["rollup"], pre["stamp"]["classes"]) == (
        True,
        "all",
        ["production", "hunt"],
    )
    assert (pre["techniques"], pre["rules"]["in_scope"]) == ({"covered": 2, "total": 216}, 13)
    assert shared["stamp"]["attack"] == "enterprise-19.0"  # the default
    assert (shared["stamp"]["enabled"], shared["rules"]["in_scope"]) == ("any", 13)
    assert shared["techniques"]["covered"] == pytest.approx(shared["rollups"]["share"] * 201, abs=0.02)


def test_the_readable_summary_has_its_denominators(inside):
    done = inside("summary", SMALL, "--attack", "enterprise-18.1")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "12 of 17 rules are in scope" in text
    assert re.search(r"9 of +197 techniques covered \(4\.6%\)", text)
    assert re.search(r"9 of +402 sub-techniques covered \(2\.2%\)", text)
    assert re.search(r"21 of +795 matrix cells covered \(2\.6%\)", text)
    assert re.search(r"Defense Evasion +3 +\d+", text) and re.search(r"Reconnaissance +0 +0 +-", text)
    assert "Enterprise 18.1" in text and "without pre-attack techniques" in text and "small: 17 rules" in text


def test_a_technique_that_is_none_is_said_so_and_a_revoked_one_is_read(inside):
    assert_stopped(inside("rules", SMALL, "--technique", "T9999"), "T9999")
    assert_stopped(inside("rules", SMALL, "--technique", "persistence"), "persistence")
    revoked, live = (inside("rules", SMALL, "--technique", name, "--json") for name in ("T1562.001", "T1685"))
    assert revoked.stdout == live.stdout and revoked.returncode == 0
    assert revoked.stderr.decode() == "T1562.001 is revoked in Enterprise 19.0: replaced by T1685\n"


def test_a_table_shows_text_as_it_is_and_csv_guards_it(inside, tmp_path):
    (tmp_path / "rules.csv").write_text("rule,technique_id\n=1+1,T1059\n", encoding="utf-8")
    table, as_csv = (
        inside("rules", str(tmp_path)).stdout.decode(),
        inside("rules", str(tmp_path), "--csv", "-").stdout,
    )
    assert "=1+1" in table and "'=1+1" not in table
    assert rows_of(as_csv)[0]["name"] == "'=1+1"


def test_the_rules_of_a_technique(inside):
    done, csv_done = each(
        inside,
        ("rules", SMALL, "--attack", "enterprise-18.1", "--technique", "t1003", "--json"),
        ("rules", SMALL, "--attack", "enterprise-18.1", "--csv", "-"),
    )
    found = json.loads(done.stdout)
    assert [(row["path"], row["attack_ids"]) for row in found["rules"]] == [
        (small.PATHS["b"], ["T1003", "T1003.001"]),
        (small.PATHS["c"], ["T1003.001"]),
    ]
    assert found["stamp"]["attack"] == "enterprise-18.1"
    rows = rows_of(csv_done.stdout)
    assert len(rows) == 12 and "query" not in rows[0]
    assert {row["path"]: row["attack_ids"] for row in rows}[small.PATHS["l"]] == "T1562.002; T1070"


def test_problems_with_their_place(inside, tmp_path):
    (tmp_path / "bad.toml").write_text('[rule]\nname = "x\n', encoding="utf-8")
    (tmp_path / "good.toml").write_bytes((small.SMALL / small.PATHS["a"]).read_bytes())
    as_json, table, counted = each(
        inside,
        ("problems", str(tmp_path), "--json"),
        ("problems", str(tmp_path)),
        ("summary", str(tmp_path), "--json"),
    )
    (problem,) = json.loads(as_json.stdout)["problems"]
    assert (problem["path"], problem["line"], problem["code"], problem["severity"]) == (
        "bad.toml",
        2,
        "bad-toml",
        "error",
    )
    assert "bad.toml" in table.stdout.decode() and "1 problem in reading 1 rule" in table.stdout.decode()
    rules = json.loads(counted.stdout)["rules"]
    assert (rules["problems"], rules["read"], rules["unmapped"]) == (1, 1, 0)  # bad TOML is no unmapped rule


def test_a_broken_rule_is_a_problem_and_no_failure(inside, tmp_path):
    (tmp_path / "bad.toml").write_text("not toml", encoding="utf-8")
    done = inside("gaps", str(tmp_path), "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["gaps"]) == 601


# ---- gaps and their file
# --------------------------------------------------------------------------------------


def test_the_gap_file_and_standard_output_are_the_same_bytes_every_time(run, inside, tmp_path):
    target = tmp_path / "gaps.csv"
    common = ("gaps", SMALL, "--attack", "enterprise-18.1")
    to_file, to_output = together(run, (*common, "--csv", str(target)), (*common, "--csv", "-"))
    as_json, table = each(inside, (*common, "--json"), common)
    assert [done.returncode for done in (to_file, to_output, as_json, table)] == [0, 0, 0, 0]
    assert to_file.stdout == b""
    assert target.read_bytes() == to_output.stdout
    assert list(tmp_path.iterdir()) == [target]
    rows = rows_of(to_output.stdout)
    assert list(rows[0])[:10] == [
        "technique_id",
        "name",
        "gap_type",
        "tactics",
        "parent_id",
        "platforms",
        "groups",
        "software",
        "campaigns",
        "rules",
    ]
    assert list(rows[0])[-3:] == ["attack", "scope", "corpora"]
    assert len(rows) == 581 and {row["attack"] for row in rows} == {"enterprise-18.1"}
    listed = json.loads(as_json.stdout)
    assert [row["technique_id"] for row in listed["gaps"]] == [row["technique_id"] for row in rows]
    assert (listed["gaps"][0]["technique_id"], listed["gaps"][0]["parent_id"]) == ("T1059", None)
    assert "581 gaps among 599 techniques and sub-techniques in scope" in table.stdout.decode()


def test_gaps_of_some_types(inside):
    only, also = each(
        inside,
        (
            "gaps",
            SMALL,
            "--attack",
            "enterprise-18.1",
            "--type",
            "Fragile",
            "--type",
            "NOT_PRODUCTION",
            "--json",
        ),
        ("gaps", SMALL, "--attack", "enterprise-18.1", "--also", "platform", "--csv", "-"),
    )
    kinds = [row["gap_type"] for row in json.loads(only.stdout)["gaps"]]
    assert (kinds.count("fragile"), kinds.count("not_production"), len(kinds)) == (15, 5, 20)
    assert [row["gap_type"] for row in rows_of(also.stdout)].count("platform") == 14


def test_a_file_that_is_there_is_replaced_whole_and_through_a_link(inside, tmp_path):
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    target.write_text("old " * 100_000, encoding="utf-8")
    link.symlink_to(target)
    assert inside("problems", SMALL, "--csv", str(link)).returncode == 0
    assert link.is_symlink()
    assert target.read_bytes().startswith(b"corpus,path,line,column,rule_id,code,severity,message\r\n")
    assert target.read_bytes().count(b"\r\n") == 8  # the head, six techniques and one tactic


def test_what_cannot_be_written_is_left_alone(inside, tmp_path):
    """Root may write anywhere, so folders and files stand in the way instead of permissions."""
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    (folder / "kept").write_text("kept", encoding="utf-8")
    file.write_text("kept", encoding="utf-8")
    targets = [
        str(folder),
        str(tmp_path / "no" / "out.csv"),
        str(file / "out.csv"),
        "/",
        "",
        ".",
        str(tmp_path / ("x" * 300)),
    ]
    for target, done in zip(
        targets, each(inside, *(("problems", SMALL, "--csv", t) for t in targets)), strict=True
    ):
        assert_stopped(done, "cannot write", target[:40])
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder", "kept"]
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_written_to_and_never_replaced(inside, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(pipe.read_bytes)
        assert inside("problems", SMALL, "--csv", str(pipe)).returncode == 0
        assert reading.result(timeout=60).startswith(b"corpus,path")
    assert pipe.is_fifo()


def test_one_form_of_output_at_a_time(inside, tmp_path):
    target = tmp_path / "out.csv"
    for done in each(
        inside, ("gaps", SMALL, "--json", "--csv", str(target)), ("summary", SMALL, "--csv", "-", "--json")
    ):
        assert_stopped(done, "--json", "--csv")
    assert not target.exists()


# ---- what it refuses
# ------------------------------------------------------------------------------------------

REFUSED = {
    "path": (("summary", "no/such/folder"), ("file or folder not found", "no/such/folder")),
    "second path": (("gaps", SMALL, "nowhere"), ("file or folder not found", "nowhere")),
    "long path": (("rules", "x" * 5000), ("file or folder not found",)),
    "bytes": (("problems", os.fsdecode(b"caf\xe9")), ("file or folder not found", "caf")),
    "release installed": (
        ("gaps", SMALL, "--attack", "enterprise-1.0"),
        ("Enterprise 1.0", "not installed", "enterprise-18.1", "attack fetch"),
    ),
    "release": (("gaps", SMALL, "--attack", "latest"), ("latest", "enterprise-19.0")),
    "platform": (("summary", SMALL, "--platform", "BeOS"), ("BeOS", "Enterprise 19.0", "Windows", "Linux")),
    "PRE": (("summary", SMALL, "--platform", "PRE"), ("PRE", "platform")),
    "class": (("gaps", SMALL, "--class", "prod"), ("prod", "production", "building_block")),
    "roll-up": (("summary", SMALL, "--rollup", "some"), ("some", "any, share, all, direct")),
    "enabled": (("rules", SMALL, "--enabled", "yes"), ("yes", "not_disabled")),
    "type": (("gaps", SMALL, "--type", "hole"), ("hole", "parent_only")),
    "also": (("gaps", SMALL, "--also", "none"), ("none", "fragile, platform")),
    "bundle": (("attack", "import", "no-such-bundle.json"), ("no-such-bundle.json",)),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_cannot_be_is_refused_in_one_sentence(inside, name):
    arguments, words = REFUSED[name]
    assert_stopped(inside(*arguments), *words)


def test_a_process_refuses_the_same_way(run):
    names = ("path", "bytes", "release installed", "platform", "class", "roll-up")
    done = together(run, *([os.fsencode(text) for text in REFUSED[name][0]] for name in names))
    for name, process in zip(names, done, strict=True):
        assert_stopped(process, *REFUSED[name][1])


def test_an_option_that_does_not_exist_is_refused():
    result = CliRunner().invoke(application(), ["summary", "--no-such-option"])
    assert result.exit_code == 2 and "--no-such-option" in result.output
    assert CliRunner().invoke(application(), ["nosuchcommand"]).exit_code == 2


# ---- where rules come from
# ------------------------------------------------------------------------------------


def test_coverage_rules_is_read_and_the_arguments_go_before_it(run, inside, tmp_path):
    (tmp_path / "a.toml").write_bytes((small.SMALL / small.PATHS["a"]).read_bytes())
    both = os.pathsep.join([SMALL, str(tmp_path)])
    from_environment = run("summary", "--json", COVERAGE_RULES=both)
    from_argument = inside("summary", f"mine={tmp_path}", "--json", COVERAGE_RULES="/nowhere")
    nowhere = inside("summary", COVERAGE_RULES="/nowhere/at/all")
    found = json.loads(from_environment.stdout)["stamp"]["corpora"]
    assert [(corpus["path"], corpus["rules"]) for corpus in found] == [(SMALL, 17), (str(tmp_path), 1)]
    (corpus,) = json.loads(from_argument.stdout)["stamp"]["corpora"]
    assert (corpus["name"], corpus["rules"]) == ("mine", 1)
    assert_stopped(nowhere, "/nowhere/at/all")


def test_the_rules_that_come_with_the_project_are_the_default(inside):
    done = inside("summary", "--json")
    result = json.loads(done.stdout)
    files = len(list((PROJECT / "rules").rglob("*.toml")))
    (corpus,) = result["stamp"]["corpora"]
    assert (corpus["path"], corpus["rules"]) == (str(PROJECT / "rules"), files)
    assert files > 20 and result["techniques"]["covered"] > 20
    assert result["rules"]["problems"] == 0


# ---- terminals and help
# ----------------------------------------------------------------------------------------


def test_a_terminal_that_knows_no_sign_stops_nothing(run, inside, tmp_path):
    rule = (
        (small.SMALL / small.PATHS["a"])
        .read_text(encoding="utf-8")
        .replace("Scheduled task", "規則 – Zählung")
    )
    (tmp_path / "a.toml").write_text(rule, encoding="utf-8")
    table = run("rules", str(tmp_path), PYTHONIOENCODING="ascii")
    assert table.returncode == 0 and b"T1053.005" in table.stdout
    as_json = inside("rules", str(tmp_path), "--json", PYTHONIOENCODING="latin-1")
    assert json.loads(as_json.stdout.decode("utf-8"))["rules"][0]["name"].startswith("規則 – Zählung")


def test_each_command_is_found_by_its_word():
    """The table that says what to import names every command, and the module that has it."""
    app = application()
    found = {
        info.name or info.callback.__name__: info.callback.__module__ for info in app.registered_commands
    }
    found |= {
        group.name: group.typer_instance.registered_commands[0].callback.__module__
        for group in app.registered_groups
    }
    assert found == {word: f"coverage.cli.{module}" for word, module in COMMANDS.items()}


def test_it_needs_no_browser_library(run):
    """Nor the STIX libraries, once a release is stored."""
    program = (
        "import sys\nfrom coverage.cli import application\n"
        f"application(['gaps'])(['gaps', {SMALL!r}, '--csv', '-'], standalone_mode=False)\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'streamlit', 'plotly', 'mitreattack', 'stix2', 'requests', 'markdown_it'}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stderr.strip() == "[]"
    assert done.stdout.startswith("technique_id,")


def all_commands(command=None, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    command = command or get_command(application())
    below = getattr(command, "commands", {})
    return [path] + [found for name, sub in below.items() for found in all_commands(sub, (*path, name))]


@pytest.mark.parametrize("command", all_commands(), ids=lambda path: " ".join(path) or "itself")
def test_help_explains_and_shows_an_example(command):
    result = CliRunner().invoke(application(), [*command, "--help"], env={"COLUMNS": "120", "TERM": "dumb"})
    assert result.exit_code == 0
    assert "Usage:" in result.output and len(result.output) > 200
    leaf = get_command(application())
    for name in command:
        leaf = leaf.commands[name]
    if not getattr(leaf, "commands", None):
        assert "Example" in result.output and " ".join(command) in result.output.split("Example")[1]


def test_the_help_of_gaps_names_every_option(inside):
    text = inside("gaps", "--help", COLUMNS="120").stdout.decode()
    for option in (
        "--attack",
        "--class",
        "--platform",
        "--pre",
        "--rollup",
        "--json",
        "--csv",
        "--also",
        "--type",
    ):
        assert option in text
    assert "gaps --csv gaps.csv" in text


@pytest.mark.corpora
def test_a_large_corpus_named_and_in_parts(inside, shared):
    root: Path = shared("corpora", "elastic")
    done = inside(
        "summary", f"elastic={root / 'rules'}", str(root / "hunting"), "--attack", "enterprise-18.1", "--json"
    )
    result = json.loads(done.stdout)
    assert [(c["name"], c["path"]) for c in result["stamp"]["corpora"]] == [
        ("elastic", str(root / "rules")),
        ("hunting", str(root / "hunting")),
    ]
    assert result["techniques"] == {"covered": 159, "total": 197}  # as counted in test_measures_corpora


def test_a_folder_without_a_rule_says_what_is_read(inside, tmp_path):
    (tmp_path / "README.md").write_text("nothing", encoding="utf-8")
    done = inside("summary", str(tmp_path), "--json")
    assert (done.returncode, json.loads(done.stdout)["rules"]["read"]) == (0, 0)
    assert done.stderr.decode() == "no rules found: no file has a format that docs/formats.md lists\n"
