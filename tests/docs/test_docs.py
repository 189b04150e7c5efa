"""The documentation says what is: commands, pages, links and the two commands of the README."""

from __future__ import annotations

import re
import runpy

import pytest

from coverage.catalogue import shelf
from coverage.cli.main import app
from coverage.pages import PAGES
from coverage.tables import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
TEXTS = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")


def test_every_command_and_option_is_documented():
    """docs/cli.md is what docs/write_cli.py writes. When this fails: python docs/write_cli.py."""
    expected = runpy.run_path(str(PROJECT / "docs" / "write_cli.py"))["page"]()
    assert (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8") == expected


def test_every_environment_variable_is_documented_in_one_place():
    """docs/configuration.md has each `COVERAGE_...` that the code names, and no other; --help names them,
    too.
    """
    files = [PROJECT / "app.py", *sorted((PROJECT / "coverage").rglob("*.py"))]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    read = set(re.findall(r"[\"'](COVERAGE_[A-Z_]+)[\"']", source))
    assert read >= {"COVERAGE_RULES", "COVERAGE_CACHE", "COVERAGE_DATA", "COVERAGE_ATTACK_URL"}
    page = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(COVERAGE_[A-Z_]+)` \|", page, re.MULTILINE)) == read
    assert set(re.findall(r"COVERAGE_[A-Z_]+", app.info.epilog)) == read


@pytest.mark.parametrize(("file", "title"), [entry[:2] for entry in PAGES])
def test_every_page_is_documented_as_its_module_says(file, title):
    """docs/pages.md has each page's who, question and next step, in the words of the page's docstring."""
    text = (PROJECT / "docs" / "pages.md").read_text(encoding="utf-8")
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert section, f"docs/pages.md has no section {title}"
    text = " ".join(section.group(1).replace("**", "").split())
    source = (PROJECT / "coverage" / "pages" / file).read_text(encoding="utf-8")
    docstring = " ".join(source.split('"""')[1].split())
    who, question = re.search(r"Who: (.*?)\. Question: (.*?\?)", docstring).groups()
    next_step = re.search(r"Next: (.*)$", docstring)
    for wanted in (
        f"Who: {who}.",
        f"Question: {question}",
        *([f"Next: {next_step.group(1)}"] if next_step else []),
    ):
        assert wanted in text


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(path):
    """Relative links of the README and docs/ name files of the project."""
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_readme_has_two_commands_to_start_with_and_ci_runs_the_second():
    """Each is one line from a fresh clone; `.ci/run` runs the tests as the README does."""
    start = README.partition("## Start")[2].partition("\n## ")[0]
    commands = [block.strip() for block in re.findall(r"```sh\n(.*?)```", start, re.DOTALL)]
    assert len(commands) == 2
    assert all(
        "\n" not in command and command.startswith("python3 -m venv .venv && ") for command in commands
    )
    assert "-r requirements.txt" in commands[0] and commands[0].endswith("streamlit run app.py")
    assert "-r requirements-dev.txt" in commands[1] and commands[1].endswith("-m pytest")
    assert (PROJECT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == commands[1]


def test_the_readme_names_every_page_and_every_release_that_comes_with_the_project():
    """Its table of pages is PAGES; its releases are those in data/attack."""
    rows = re.findall(r"^\| ([\w ]+) \| .*\? \|$", README, re.MULTILINE)
    assert rows == [entry[1] for entry in PAGES]
    section = README.partition("## A newer ATT&CK release")[2].partition("```")[0]
    embedded = [folder.name for folder in shelf.EMBEDDED.iterdir() if folder.is_dir()]
    for release in embedded:
        domain, version = release.split("-")
        assert re.search(rf"{domain}.*{re.escape(version)}", section, re.IGNORECASE), release
