"""How the project is laid out: who may import what, names that would clash, and what must be documented."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

import coverage
from coverage.cli import application
from coverage.tables import PROJECT

PACKAGE = PROJECT / "coverage"
MODULES = sorted(PACKAGE.rglob("*.py"))

# coverage.py's own modules: a wrong import must fail loudly.
THEIRS = frozenset(
    [
        "annotate",
        "bytecode",
        "cmdline",
        "collector",
        "config",
        "context",
        "control",
        "core",
        "data",
        "debug",
        "env",
        "exceptions",
        "execfile",
        "files",
        "html",
        "inorout",
        "jsonreport",
        "misc",
        "multiproc",
        "numbits",
        "parser",
        "patch",
        "plugin",
        "python",
        "report",
        "results",
        "sqldata",
        "sqlitedb",
        "templite",
        "tracer",
        "types",
        "version",
        "xmlreport",
    ]
)

# Library -> where it may be imported; STYLE.
HOMES = {
    "streamlit": ("session/", "pages/"),
    "plotly": ("charts/",),
    "tomli": ("syntaxes/toml_",),
    "tomllib": (),
    "mitreattack": ("catalogue/", "exports/navigator.py"),
    "stix2": ("catalogue/",),
    "pydantic": ("project/validation.py", "project/settings_model.py", "project/gaps_model.py"),
}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def imported(path: Path) -> set[str]:
    """The full names of what a module imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_is_imported_only_at_home(library):
    users = {
        relative(path)
        for path in MODULES
        if any(name.partition(".")[0] == library for name in imported(path))
    }
    assert {user for user in users if not user.startswith(HOMES[library] or ("nowhere",))} == set()
    if HOMES[library]:
        assert users, f"nobody imports {library}: is the rule still needed?"


def test_ruff_agrees():
    ruff = shutil.which("ruff") or shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        pytest.skip("ruff is not installed")
    done = subprocess.run(
        [ruff, "check", "--no-cache", "."], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_ruff_formats_everything():
    ruff = shutil.which("ruff") or shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        pytest.skip("ruff is not installed")
    done = subprocess.run(
        [ruff, "format", "--no-cache", "--check", "."],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    marks = ("fmt: " + "skip", "fmt: " + "off")  # a line kept from the formatter is a line to rewrite
    kept = [path for path in MODULES if any(mark in path.read_text(encoding="utf-8") for mark in marks)]
    assert kept == []


def test_ruff_bans_what_the_layout_bans():
    """A Streamlit import in a measure is an error of ruff's, so that it is caught before any test runs."""
    banned = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert set(banned["flake8-tidy-imports"]["banned-api"]) >= set(HOMES) - {"tomllib"}
    assert "TID" in banned["select"]


def test_no_module_bears_a_name_of_coverage_py():
    names = {path.stem for path in MODULES} | {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    assert names & THEIRS == set()


# Lowest first: a module imports from its own line and from lines above (STYLE, "Direction").
LAYERS = [
    ("vocabulary", "palette", "kept", "words"),
    ("models", "text", "frames", "tables", "word_table"),
    ("outside", "identity", "log_sources"),
    ("syntaxes",),
    ("formats",),
    ("catalogue", "loaders"),
    ("mapping",),
    ("scope",),
    ("findings",),
    ("reading",),
    ("project",),
    ("threats", "inventory"),
    ("corpora", "inputs", "measures"),
    ("changes", "migrate"),
    ("charts", "exports"),
    ("session", "cli"),
    ("pages",),
]
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}


def home_of(module: str) -> str:
    """The name in LAYERS of a module's path or of a dotted name below `coverage`."""
    return module.replace(".", "/").partition("/")[0]


def test_every_module_has_its_layer():
    """A new module at the top of the package takes a place in LAYERS."""
    names = {home_of(relative(path)) for path in MODULES} - {"__init__"}
    assert names - set(LEVELS) == set()


def test_every_import_goes_down():
    upward = []
    for path in MODULES:
        home = home_of(relative(path))
        if home == "__init__":
            continue
        for name in imported(path):
            top, _, rest = name.partition(".")
            used = home_of(rest)
            if top == "coverage" and used != home and LEVELS.get(used, -1) >= LEVELS.get(home, 99):
                upward.append(f"{relative(path)} imports {name}")
    assert upward == []


def test_catalogue_and_loaders_do_not_know_each_other():
    for home, other in (("catalogue", "loaders"), ("loaders", "catalogue")):
        users = {
            relative(p)
            for p in (PACKAGE / home).rglob("*.py")
            if any(n.startswith(f"coverage.{other}") for n in imported(p))
        }
        assert users == set()


def test_the_top_level_of_the_project():
    folders = {
        path.name for path in PROJECT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    }
    assert {"coverage", "data", "rules", "tests"} <= folders <= {"coverage", "data", "rules", "tests", "docs"}
    tools = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    assert (
        "project" not in tools and "build-system" not in tools
    )  # never installed: the name is coverage.py's


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_leave_out_what_would_shadow_us(name):
    lines = (PROJECT / name).read_text(encoding="utf-8").splitlines()
    wanted = {re.match(r"[\w.\-]+", line).group().lower() for line in lines if re.match(r"\w", line)}
    assert wanted and wanted & {"coverage", "pytest-cov", "pytest_cov", "numba"} == set()


def test_every_module_says_what_it_is_for():
    silent = [
        relative(path)
        for path in MODULES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_every_module_below_the_pages_can_be_imported():
    for info in pkgutil.walk_packages(coverage.__path__, "coverage."):
        if not info.name.startswith(("coverage.pages", "coverage.session", "coverage.cli.__main__")):
            importlib.import_module(info.name)


def commands() -> list[str]:
    """`summary`, `attack fetch` ...: every command of the command line."""
    found = []

    def walk(command, path: tuple[str, ...]) -> None:
        for name, below in getattr(command, "commands", {}).items():
            walk(below, (*path, name))
        if not getattr(command, "commands", None):
            found.append(" ".join(path))

    walk(get_command(application()), ())
    return found


def test_there_are_the_commands_that_were_asked_for():
    assert set(commands()) >= {
        "summary",
        "gaps",
        "rules",
        "problems",
        "attack list",
        "attack import",
        "attack fetch",
    }


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command):
    page = PROJECT / "docs" / "cli.md"
    if not page.exists():
        pytest.skip("docs/cli.md is not written yet")
    assert re.search(
        rf"coverage\.cli {command}\b|^#+ .*{command}|`{command}",
        page.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
