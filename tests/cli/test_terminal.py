"""What the command line writes: rules, names and paths that hold escape sequences or Rich markup change
nothing.
"""

from __future__ import annotations

import ast
import os
import pty
import threading

import pytest

from coverage.tables import PROJECT
from tests.helpers.command_line import environment, run, run_with
from tests.helpers.corpora_made import rule_text

EVIL = "[bold red]x[/] [link=http://evil.invalid]y[/link] :smile: [/] \u202e"
ESCAPES = r"\u001b]0;title\u0007\u001b[2J\u009b31m"  # as TOML writes them
NAME = f"[red]c[b]\x1b[31m{chr(0x202E)}"


@pytest.fixture
def corpora(tmp_path):
    """Two corpora whose rules, files, names and accepted gaps try to steer a terminal."""
    found = []
    for number in (1, 2):
        home = tmp_path / f"c{number}"
        home.mkdir()
        text = rule_text(
            f"id-{EVIL}{number}", ["T1059.001", f"T{number}[b]9"], name=f"{EVIL}{ESCAPES}{number}"
        )
        (home / f"r\x1b[31m[bold]{number}.toml").write_text(text, encoding="utf-8")
        (home / f"broken\x1b[2J[i]{number}.toml").write_text("[rule\x1b[31m", encoding="utf-8")
        (home / "gaps.toml").write_text(f'[[gap]]\nid = "T1[b]{ESCAPES}"\nstate = "x"\n')
        found.append(f"{NAME}{number}={home}")
    return found


def on_a_terminal(arguments: list[str], folder, width: int = 300) -> str:
    """Both streams of a command that writes on a terminal."""
    main, side = pty.openpty()
    parts: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(main, parts))
    reader.start()
    known = environment(
        COLUMNS=str(width), LINES="50", TERM="dumb", COVERAGE_CACHE=str(folder / "cache"), NO_COLOR="1"
    )
    kept = os.dup(1), os.dup(2)
    try:
        for descriptor in (1, 2):
            os.dup2(side, descriptor)
        os.close(side)
        streams = [os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) for descriptor in (1, 2)]
        code = run_with(arguments, folder, known, *streams)
    finally:
        for copy, descriptor in zip(kept, (1, 2), strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
    reader.join()
    os.close(main)
    shown = b"".join(parts)
    assert code in (0, 1), shown[-2000:]
    return shown.decode("utf-8", "replace")


def _read_all(terminal: int, parts: list[bytes]) -> None:
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            return
        if not part:
            return
        parts.append(part)


COMMANDS = (
    ["summary"],
    ["gaps"],
    ["rules"],
    ["rules", "--csv", "-"],
    ["rules", "--json"],
    ["problems"],
    ["lint"],
    ["lint", "--format", "github"],
    ["lint", "--format", "sarif"],
    ["compare"],
    ["borrow", "--any-class"],
    ["impact", "--from", "enterprise-18.1", "--to", "enterprise-19.0"],
    ["migrate", "--to", "enterprise-19.0"],
    ["migrate", "--to", "enterprise-19.0", "--diff"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_that_data_holds_steers_a_terminal(command, corpora, tmp_path):
    shown = on_a_terminal([command[0], *corpora, *command[1:]], tmp_path)
    assert shown
    strange = {sign for sign in shown if not (sign.isprintable() or sign in "\r\n\t")}
    assert strange - {"\x1b"} == set()
    ours = (
        shown.replace("\x1b[?25l", "").replace("\x1b[?25h", "").replace("\x1b[2K", "").replace("\x1b[1A", "")
    )
    assert "\x1b" not in ours, ours[max(ours.index("\x1b") - 100 if "\x1b" in ours else 0, 0) :][:200]


def test_a_problem_has_its_path_and_its_cause_at_80_columns(tmp_path):
    deep = tmp_path / "rules" / ("deep" * 12)
    deep.mkdir(parents=True)
    (deep / "broken.toml").write_text("[rule\n")
    shown = " ".join(on_a_terminal(["problems", "rules"], tmp_path, 80).split())
    assert f"{deep.name}/broken.toml 1 " in shown and "not shown at this width" not in shown
    assert "Not valid TOML" in shown


def test_markup_is_shown_as_it_is_written(corpora, tmp_path):
    shown = on_a_terminal(["compare", *corpora], tmp_path)
    assert "only [red]c[b]\ufffd[31m\ufffd1" in shown
    assert "[bold red]x[/] [link=http://evil.invalid]y[/link] :smile: [/]" in on_a_terminal(
        ["rules", *corpora], tmp_path, width=900
    )


def test_piped_github_annotations_hold_no_escape(corpora, tmp_path):
    done = run("lint", *corpora, "--format", "github", cwd=tmp_path)
    assert done.stdout.startswith("::") and "[bold red]x[/]" in done.stdout
    assert all(sign.isprintable() or sign == "\n" for sign in done.stdout)


def test_one_module_writes():
    """No other module of the command line prints, writes to a stream or makes a console."""
    writers = []
    for path in sorted((PROJECT / "coverage" / "cli").glob("*.py")):
        if path.name in ("terminal.py", "main.py", "streams.py", "ending.py"):  # the last two: its boundary
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            words = ast.unparse(node) if isinstance(node, ast.Attribute | ast.ImportFrom | ast.Call) else ""
            if words.startswith(("sys.stdout", "sys.stderr", "print(", "typer.echo", "from rich.console")):
                writers.append(f"{path.name}:{node.lineno} {words[:60]}")
    assert writers == []
