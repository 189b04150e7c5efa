"""coverage.toml: where it is found, what it may say, and what silences do to findings."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from coverage.loaders import CorpusSource, load
from coverage.project.lint import lint_results
from coverage.project.settings import (
    LintSettings,
    Settings,
    SettingsError,
    Silence,
    find_settings,
    read_settings,
    settings_at,
)
from coverage.project.silencing import glob, silenced, stale_silences
from coverage.scope import OPTIONS
from coverage.tables import PROJECT
from tests.helpers.findings_corpus import written_to
from tests.helpers.small import E19, read_embedded

TODAY = date(2026, 11, 24)
GOOD = """# ours
[[lint.silence]]
code = "parent-only"
path = "rules/**"
reason = "The parent is meant"

[[lint.silence]]
code = "no-mapping"
rule = "id-no-mapping"
until = 2026-11-24
reason = "Waits for a name"
"""


def settings_file(folder: Path, text: str) -> Path:
    file = folder / "coverage.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_gives_its_silences_with_their_lines(tmp_path):
    file = settings_file(tmp_path, GOOD)
    assert read_settings(file) == Settings(
        file,
        LintSettings(
            (
                Silence("parent-only", "The parent is meant", "rules/**", None, None, 2),
                Silence("no-mapping", "Waits for a name", None, "id-no-mapping", date(2026, 11, 24), 7),
            )
        ),
    )


def test_no_file_and_an_empty_file_say_nothing(tmp_path):
    assert settings_at(tmp_path) == Settings()
    assert settings_at(file=settings_file(tmp_path, "")).lint == LintSettings()
    assert settings_at(file=settings_file(tmp_path, "# nothing\n[lint]\n")).lint == LintSettings()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[lnt]\n", 1, "lnt is not a setting; known: lint"),
        ('[lint]\nsilences = "x"\n', 2, "lint.silences is not a setting; known: silence"),
        ("[lint]\nsilence = 3\n", 2, "is a whole number, not a list of tables"),
        (
            '[[lint.silence]]\ncode = "parnt-only"\npath = "**"\nreason = "x"\n',
            2,
            "'parnt-only', which is not a check; the codes are revoked-technique, ",
        ),
        ('[[lint.silence]]\npath = "**"\nreason = "x"\n', 1, "has no code"),
        ('[[lint.silence]]\ncode = "parent-only"\npath = "**"\n', 1, "has no reason"),
        ('[[lint.silence]]\ncode = "parent-only"\npath = "**"\nreason = "  "\n', 1, "has no reason"),
        ('[[lint.silence]]\ncode = "parent-only"\nreason = "x"\n', 1, "names neither a path nor a rule"),
        (
            '[[lint.silence]]\ncode = "parent-only"\npath = "**"\nreason = "x"\nuntill = 2026-01-01\n',
            5,
            "untill is not a setting",
        ),
        (
            '[[lint.silence]]\ncode = "parent-only"\npath = "**"\nreason = "x"\nuntil = "soon"\n',
            5,
            "which is not a date",
        ),
        ('[[lint.silence]]\ncode = "parent-only"\npath = ["**"]\nreason = "x"\n', 3, "is a list, not text"),
        ("[lint.silence]\n", 1, "lint.silence is a table, not a list of tables."),
        ('[[lint.silence]]\ncod = "parent-only"\n', 2, "lint.silence[0].cod is not a setting"),
        ('[check.scope]\ntags = [" "]\n', 2, "check.scope.tags is empty, which could mean all or none"),
        ('[check.scope]\nclasses = ["hunt", 3]\n', 2, "check.scope.classes[1] is a whole number, not text"),
        ("[check.scope]\npre = 1\n", 2, "check.scope.pre is a whole number, not true or false"),
        ("[[check.share]]\nat_least = nan\n", 2, "at_least is not a number from 0 to 1"),
        (f"[[check.share]]\nat_least = 1{400 * '0'}\n", 2, "at_least is not a number from 0 to 1"),
        ("[[check.share]]\nat_least = true\n", 2, "at_least is true or false, not a number"),
        ("[lint\n", 1, "Not valid TOML"),
    ],
)
def test_a_fault_is_said_with_file_and_line(tmp_path, text, line, words):
    file = settings_file(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        read_settings(file)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("head", "own"),
    [
        ("[check.scope]", ()),
        ("[[check.share]]", ("grain", "at_least", "tactic")),
        ("[[check.targets]]", ("ids", "layer", "name")),
    ],
)
def test_every_table_with_a_scope_knows_every_option_of_a_scope(tmp_path, head, own):
    with pytest.raises(SettingsError) as caught:
        read_settings(settings_file(tmp_path, f"{head}\nzz = 1\n"))
    known = ", ".join([*own, "attack", *OPTIONS])
    assert str(caught.value).endswith(f".zz is not a setting; known: {known}.")


@pytest.mark.parametrize(("text", "imported"), [(None, False), ("[lint]\n", True)])
def test_the_library_of_the_models_is_imported_only_where_there_is_a_file(tmp_path, text, imported):
    """It takes 0.1 s of every command that has no settings to read."""
    if text is not None:
        settings_file(tmp_path, text)
    program = (
        "import pathlib, sys\nimport coverage.cli\nfrom coverage.project import accepted_gaps, settings\n"
        "settings.settings_at(pathlib.Path(sys.argv[1]))\nprint('pydantic' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{imported}\n"


def test_a_file_that_is_not_there_or_no_text_is_said_so(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml"):
        settings_at(file=tmp_path / "none.toml")
    file = settings_file(tmp_path, "")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        read_settings(file)


def test_it_is_found_upwards_to_the_root_of_the_work_tree_and_no_further(tmp_path):
    deep = tmp_path / "repo" / "a" / "b"
    deep.mkdir(parents=True)
    outer = settings_file(tmp_path, "")
    assert find_settings(deep) is None  # no work tree: the folder itself alone
    assert find_settings(tmp_path) == outer
    (tmp_path / "repo" / ".git").mkdir()
    assert find_settings(deep) is None
    inner = settings_file(tmp_path / "repo", "")
    assert find_settings(deep) == inner
    nearest = settings_file(deep, "")
    assert find_settings(deep) == nearest


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("rules/*.toml", "rules/a.toml", True),
        ("rules/*.toml", "rules/x/a.toml", False),
        ("rules/**", "rules/x/a.toml", True),
        ("**/a.toml", "a.toml", True),
        ("**/a.toml", "x/y/a.toml", True),
        ("**/a.toml", "x/ba.toml", False),
        ("**", "x/y", True),
        ("rules/?.toml", "rules/a.toml", True),
        ("rules/?.toml", "rules/ab.toml", False),
        ("./rules/a.toml", "rules/a.toml", True),
        ("rules/[a].toml", "rules/[a].toml", True),
        ("rules/a.toml", "rules/aXtoml", False),
    ],
)
def test_globs(pattern, path, fits):
    assert bool(glob(pattern).fullmatch(path)) is fits


@pytest.fixture
def reading(tmp_path):
    loaded = load(
        [
            CorpusSource(
                "made",
                written_to(
                    tmp_path / "rules",
                    ["no-mapping", "parent-only", "parent-and-subtechnique", "tactic-never"],
                ),
            )
        ]
    )
    return read_embedded(loaded, E19)


def silences(tmp_path: Path, *entries: Silence) -> Settings:
    return Settings(tmp_path / "coverage.toml", LintSettings(entries))


def reasons(reading, settings: Settings) -> dict[str, str | None]:
    frame = silenced(reading.findings, settings, reading.loaded.corpora, TODAY)
    return {
        code: reason if isinstance(reason, str) else None
        for code, reason in zip(frame["code"], frame["silenced"], strict=True)
    }


@pytest.mark.parametrize(
    "path",
    ["rules/parent-only.toml", "rules/*", "**/parent-only.toml", "parent-only.toml", "made/parent-only.toml"],
)
def test_a_path_is_that_from_the_settings_file_or_in_the_corpus(reading, tmp_path, path):
    found = reasons(reading, silences(tmp_path, Silence("parent-only", "meant", path)))
    assert found == {
        "no-mapping": None,
        "parent-only": "meant",
        "parent-and-subtechnique": None,
        "tactic-never": None,
    }


def test_a_code_a_rule_and_a_path_must_all_fit(reading, tmp_path):
    for silence in (
        Silence("parent-only", "x", "other/**"),
        Silence("parent-only", "x", "**", "id-other"),
        Silence("tactic-left", "x", "**"),
    ):
        assert set(reasons(reading, silences(tmp_path, silence)).values()) == {None}
    both = silences(
        tmp_path, Silence("parent-only", "x", "**", "id-parent-only"), Silence("parent-only", "later", "**")
    )
    assert reasons(reading, both)["parent-only"] == "x"


def test_the_last_day_counts_and_the_day_after_is_a_warning_at_its_line(reading, tmp_path):
    settings = silences(tmp_path, Silence("no-mapping", "x", "**", until=TODAY, line=4))
    assert reasons(reading, settings)["no-mapping"] == "x"
    assert stale_silences(reading.findings, settings, reading.loaded.corpora, TODAY).empty
    old = silences(tmp_path, Silence("no-mapping", "x", "**", until=date(2026, 11, 23), line=4))
    assert reasons(reading, old)["no-mapping"] is None
    row = lint_results(reading, old, today=TODAY).iloc[0]
    assert (row["code"], row["severity"], row["path"], row["line"]) == (
        "silence-expired",
        "warning",
        str(tmp_path / "coverage.toml"),
        4,
    )
    assert row["message"] == "The silence for no-mapping ended on 2026-11-23; its findings count again."


def test_a_silence_that_fits_nothing_is_a_note(reading, tmp_path):
    stale = stale_silences(
        reading.findings,
        silences(tmp_path, Silence("tactic-left", "x", "**", line=9)),
        reading.loaded.corpora,
        TODAY,
    )
    assert stale[["code", "severity", "line"]].values.tolist() == [["silence-unused", "note", 9]]
