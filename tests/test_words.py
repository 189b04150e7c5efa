"""Counts and their nouns: one helper, and nowhere a `1 rules`, in pages, commands, files or source."""

from __future__ import annotations

import ast
import json
import re
import zipfile

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from coverage.cli import application
from coverage.pages import PAGES
from coverage.tables import PROJECT
from coverage.words import amount, noun, users_sentence

PACKAGE = PROJECT / "coverage"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (amount(0, "rule"), "0 rules"),
        (amount(1, "rule"), "1 rule"),
        (amount(2192, "rule"), "2,192 rules"),
        (amount(1.0, "technique"), "1 technique"),
        (amount(1.5, "technique"), "1.5 techniques"),
        (amount(2, "entry"), "2 entries"),
        (amount(2, "day"), "2 days"),
        (amount(1, "rule is", "rules are"), "1 rule is"),
        (amount(3, "rule is", "rules are"), "3 rules are"),
        (noun(1, "it", "them"), "it"),
        (users_sentence(1, 1, 1), "1 group, 1 software, 1 campaign"),
        (users_sentence(0, 2, 3), "0 groups, 2 software, 3 campaigns"),
    ],
)
def test_the_noun_follows_its_count(words, expected):
    assert words == expected


# ---- what people read, over corpora of one rule --------------------------------------------------------

# A count of one before a plural. Verbs of one (`1 names`, `1 of these has`) are no plurals.
WRONG = re.compile(
    r"(?<![\d.,])1 (?:more |open |other |live |rule |covered |technique |most used )*"
    r"(?!(?:is|has|was|does|names|maps|fails|needs|touches|fits|changes)\b)[a-z][a-z-]+s\b(?! a\b)"
)

RULE = """
title = "x"
[metadata]
maturity = "production"
[rule]
name = "{name}"
rule_id = "{name}"
type = "query"
severity = "low"
[[rule.threat]]
framework = "MITRE ATT&CK"
[rule.threat.tactic]
id = "TA0007"
name = "Discovery"
reference = "https://attack.mitre.org/tactics/TA0007/"
[[rule.threat.technique]]
id = "{technique}"
name = "Local Storage Discovery"
reference = "https://attack.mitre.org/techniques/{technique}/"
"""


@pytest.fixture
def one(tmp_path, monkeypatch):
    """A folder with one rule on T1680, which has no sub-techniques, and one with a rule that names a dead
    ID.
    """
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COVERAGE_DATA", str(tmp_path / "data"))
    for folder, technique in (("one", "T1680"), ("other", "T9999")):
        (tmp_path / folder).mkdir()
        text = RULE.format(name=folder, technique=technique)
        (tmp_path / folder / "rule.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMANDS = [
    ("summary", "one"),
    ("summary", "other"),
    ("gaps", "one"),
    ("rules", "one"),
    ("problems", "other"),
    ("lint", "other"),
    ("lint", "one"),
    ("migrate", "other", "--to", "enterprise-19.0"),
    ("impact", "one"),
    ("compare", "one", "other"),
    ("borrow", "other", "one"),
    ("borrow", "other", "one", "--plan"),
    ("snapshot", "one", "-o", "state.jsonl"),
    ("diff", "other", "one"),
    ("diff", "one", "other", "--markdown"),
    ("check", "one", "--config", "coverage.toml"),
    ("check", "other", "--config", "coverage.toml"),
    ("export", "one", "--what", "report", "-o", "report.html"),
    ("export", "one", "--what", "markdown", "-o", "report.md"),
    ("export", "one", "--what", "layer", "-o", "layer.json"),
    ("export", "one", "--what", "gaps-layer", "-o", "gaps.json"),
    ("export", "one", "--what", "svg", "-o", "matrix.svg"),
    ("export", "one", "--what", "workbook", "-o", "workbook.xlsx"),
]


def test_no_command_and_no_file_counts_one_of_several(one):
    (one / "coverage.toml").write_text(
        '[check]\nno_unmapped_rule = true\n[[check.targets]]\nids = ["T1680"]\n'
        '[[check.share]]\ngrain = "techniques"\nat_least = 0.5\n'
    )
    wrong = []
    for arguments in COMMANDS:
        result = CliRunner().invoke(application(), list(arguments))
        assert result.exit_code in (0, 1), (arguments, result.output)
        wrong += [(arguments, found) for found in wrongly_counted(result.output)]
    for file in sorted(one.glob("*.*")):
        if file.suffix == ".xlsx":
            with zipfile.ZipFile(file) as book:
                text = " ".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
        else:
            text = file.read_text()
        wrong += [(file.name, found) for found in wrongly_counted(text)]
    assert wrong == []


def wrongly_counted(text: str) -> list[str]:
    """Every count of one before a plural, with what stands around it."""
    text = " ".join(text.split())
    return [text[max(found.start() - 30, 0) : found.end() + 20] for found in WRONG.finditer(text)]


def page_texts(app: AppTest) -> str:
    """Every text of a page: Markdown, labels, help texts and what figures show on hovering."""
    parts = []
    for element in app.main:
        proto = getattr(element, "proto", None)
        parts.append(str(proto) if proto is not None else "")
    return "\n".join(parts)


@pytest.mark.parametrize("page", [page for page, *_ in PAGES])
def test_no_page_counts_one_of_several(one, page, monkeypatch):
    monkeypatch.setattr("sys.argv", ["app.py", str(one / "one"), str(one / "other")])
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
    app.query_params["technique"] = "T1680"
    app.switch_page(f"coverage/pages/{page}").run()
    assert not app.exception
    assert wrongly_counted(page_texts(app)) == []


def test_a_technique_without_subtechniques_is_not_counted_with_them(one, monkeypatch):
    monkeypatch.setattr("sys.argv", ["app.py", str(one / "one")])
    texts = {}
    for attack_id in ("T1680", "T1003"):
        app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)
        app.query_params["technique"] = attack_id
        app.switch_page("coverage/pages/rules.py").run()
        texts[attack_id] = " ".join(element.value for element in [*app.markdown, *app.title, *app.caption])
    assert "Local Storage Discovery" in texts["T1680"]
    assert "ith its sub-techniques" not in texts["T1680"]
    assert "With its sub-techniques:" in texts["T1003"]


# ---- the source ----------------------------------------------------------------------------------------

NOUNS = (
    "rules|techniques|sub-techniques|placements|files|groups|campaigns|mappings|findings|problems|rows|gaps"
    "|conditions|platforms|analytics|changes|pairs|steps|targets|differences|questions|errors|warnings"
)
WITH_NOUN = re.compile(rf"^ (?:more |open |other |live |rule |candidate |technique )*(?:{NOUNS})\b")
# What stands before a plural there is no count, or is always more than one.
NO_COUNTS = {
    "exports/briefing.py": 2,  # `used by at least 20 groups`; the first 20 of more changes
}


def test_every_count_before_a_noun_is_written_by_the_one_helper():
    """A count in an f-string that a plural follows says `1 rules` one day."""
    found: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                for value, after in zip(node.values, node.values[1:], strict=False):
                    if (
                        isinstance(value, ast.FormattedValue)
                        and isinstance(after, ast.Constant)
                        and WITH_NOUN.match(str(after.value))
                        and "amount(" not in ast.unparse(value)
                    ):
                        name = path.relative_to(PACKAGE).as_posix()
                        found.setdefault(name, []).append(ast.unparse(value) + str(after.value))
    assert {name: len(texts) for name, texts in found.items()} == NO_COUNTS, json.dumps(found, indent=1)
