"""Small corpora written by tests: one Elastic rule a file, as little in it as a rule can have."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from coverage.loaders import corpus_sources, load
from coverage.reading import Reading
from coverage.scope import View
from tests.helpers.small import DAY, E19, read_embedded

TACTICS = {
    "TA0002": "Execution",
    "TA0003": "Persistence",
    "TA0006": "Credential Access",
    "TA0008": "Lateral Movement",
}


def rule_text(
    rule_id: str,
    leaves: Iterable[str] = (),
    *,
    name: str = "A rule",
    tactic: str = "TA0002",
    system: str = "Windows",
    maturity: str = "production",
    severity: str = "low",
    enabled: bool | None = None,
    updated: str = "2026/01/01",
) -> str:
    """A rule of Elastic's form that maps to some techniques and sub-techniques under one tactic."""
    lines = [
        "[metadata]",
        'creation_date = "2026/01/01"',
        f'updated_date = "{updated}"',
        f'maturity = "{maturity}"',
        "",
        "[rule]",
        f'name = "{name}"',
        f'rule_id = "{rule_id}"',
        f'severity = "{severity}"',
        "risk_score = 21",
        'type = "query"',
        'language = "kuery"',
        'query = "process.name : x"',
        f'tags = ["OS: {system}"]' if system else "tags = []",
        *([f"enabled = {str(enabled).lower()}"] if enabled is not None else []),
    ]
    for leaf in leaves:
        technique, _, sub = leaf.partition(".")
        lines += [
            "",
            "[[rule.threat]]",
            'framework = "MITRE ATT&CK"',
            "[rule.threat.tactic]",
            f'id = "{tactic}"',
            f'name = "{TACTICS[tactic]}"',
            'reference = ""',
            "[[rule.threat.technique]]",
            f'id = "{technique}"',
            'name = "-"',
            'reference = ""',
        ]
        if sub:
            lines += [
                "[[rule.threat.technique.subtechnique]]",
                f'id = "{leaf}"',
                'name = "-"',
                'reference = ""',
            ]
    return "\n".join(lines) + "\n"


def write_corpora(root: Path, corpora: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The corpora as folders of `root`, and how each is named where paths are: `name=path`."""
    for name, files in corpora.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            target = root / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return [f"{name}={root / name}" for name in corpora]


def zipped(
    files: Mapping[str, str | bytes], comment: str = "", links: Mapping[str, str] | None = None
) -> bytes:
    """A zip of some files and symbolic links, with a comment."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        for path, target in (links or {}).items():
            entry = zipfile.ZipInfo(path)
            entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, target)
        archive.comment = comment.encode()
    return buffer.getvalue()


def read(root: Path, corpora: dict[str, dict[str, str]], order: list[str] | None = None) -> Reading:
    texts = write_corpora(root, corpora)
    texts = [text for name in order or corpora for text in texts if text.startswith(f"{name}=")]
    return read_embedded(load(corpus_sources(texts)), E19)


def seen(root: Path, corpora: dict[str, dict[str, str]], **scope) -> View:
    return read(root, corpora).view(on=DAY, **scope)


THREE = {
    "a": {"1.toml": rule_text("1", ["T1059.001"]), "2.toml": rule_text("2", ["T1053"])},
    "b": {
        "1.toml": rule_text("1", ["T1059.001"], severity="high"),
        "3.toml": rule_text("3", ["T1021"], tactic="TA0008"),
    },
    "c": {
        "4.toml": rule_text("4", ["T1053.005"]),
        "5.toml": rule_text("5", ["T1059.001"], maturity="development"),
    },
}
