"""`--help` of every command: on one screen, the common options before the rarer ones."""

from __future__ import annotations

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from coverage.cli import application
from coverage.cli.short_help import ADVANCED, first_sentence
from coverage.scope.options import OPTIONS, SIDEBAR

LINES, COLUMNS = 50, 100


def leaves(command, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    below = getattr(command, "commands", None)
    if below is None:
        return {path: command}
    return {name: leaf for word, sub in below.items() for name, leaf in leaves(sub, (*path, word)).items()}


COMMANDS = leaves(get_command(application()))


def help_of(path: tuple[str, ...], columns: int = COLUMNS) -> str:
    settings = {"COLUMNS": str(columns), "TERM": "dumb"}
    result = CliRunner().invoke(application(), [*path, "--help"], env=settings)
    assert result.exit_code == 0
    return result.output


def panels(text: str) -> dict[str, str]:
    """Title of a panel -> what is in it, in the order of the screen."""
    return dict(re.findall(r"^╭─ (\w+) ─+╮\n(.*?)^╰", text, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("path", [(), *COMMANDS], ids=lambda path: " ".join(path) or "itself")
def test_help_fits_a_screen(path):
    lines = help_of(path).strip().splitlines()
    assert len(lines) <= LINES, len(lines)
    assert max(map(len, lines)) <= COLUMNS


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_is_there_and_the_rare_ones_come_last(path):
    command, found = COMMANDS[path], panels(help_of(path))
    rare = [p for p in command.params if p.rich_help_panel == ADVANCED]
    for parameter in command.params:
        panel = ADVANCED if parameter in rare else "Options"
        if parameter.param_type_name == "option":
            assert re.search(rf"^│ {parameter.opts[-1]} ", found[panel], re.MULTILINE), parameter.name
    assert list(found)[-1] == (ADVANCED if rare else "Options")
    assert "--help" in found["Options"]


def test_the_scopes_options_are_common_where_the_sidebar_has_them_first():
    found = panels(help_of(("summary",)))
    for name, option in OPTIONS.items():
        assert option.flag in found["Options" if name in SIDEBAR else ADVANCED]
    flags = [OPTIONS[name].flag for name in SIDEBAR]
    assert flags == sorted(flags, key=found["Options"].index)


def test_an_option_has_its_first_sentence_its_choices_and_a_short_default():
    words = " ".join(re.sub("[│ \n]+", " ", help_of(("gaps",))).split())
    assert "production, development, building_block, hunt, deprecated. [default: production]" in words
    assert "Building blocks, hunts and rules in development prove less" not in words
    assert "the project's newest Enterprise release" not in words  # a long default is in docs/cli.md
    assert "[default: all]" not in words


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("Version, such as 20.0. [default: newest]", "Version, such as 20.0."),
        ("No end", "No end"),
        ("Over\n    lines. More.", "Over lines."),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_at_a_blank_after_a_stop(text, first):
    assert first_sentence(text) == first
