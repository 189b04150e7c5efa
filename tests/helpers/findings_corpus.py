"""A corpus with one rule for each check, small enough to count by hand, and what each check finds in it.

`CASES`: name of the rule -> (text of its file, release it is checked in, what is found: position, field,
value, fix and code, in order). Files are Elastic TOML unless their text is YAML (Sigma).
"""

from __future__ import annotations

from pathlib import Path

from tests.helpers.small import E18, E19

PAGE = "https://attack.mitre.org"


def tactic(
    tactic_id: str, name: str, *techniques: str, url: str | None = None, framework: str = "MITRE ATT&CK"
) -> str:
    """One `[[rule.threat]]` entry."""
    link = f"{PAGE}/tactics/{tactic_id}/" if url is None else url
    return (
        f'[[rule.threat]]\nframework = "{framework}"\n'
        + "".join(techniques)
        + f'[rule.threat.tactic]\nid = "{tactic_id}"\nname = "{name}"\nreference = "{link}"\n\n'
    )


def technique(attack_id: str, name: str, *subs: tuple[str, str], url: str | None = None) -> str:
    """One technique entry with its sub-techniques (ID, name)."""
    link = f"{PAGE}/techniques/{attack_id.replace('.', '/')}/" if url is None else url
    text = f'[[rule.threat.technique]]\nid = "{attack_id}"\nname = "{name}"\nreference = "{link}"\n'
    for sub_id, sub_name in subs:
        text += (
            f'[[rule.threat.technique.subtechnique]]\nid = "{sub_id}"\nname = "{sub_name}"\nreference = '
            f'"{PAGE}/techniques/{sub_id.replace(".", "/")}/"\n'
        )
    return text


def elastic(name: str, *entries: str, tags: str = "") -> str:
    head = '[metadata]\ncreation_date = "2025/03/01"\nmaturity = "production"\n\n[rule]\n'
    return (
        f'{head}name = "{name}"\nrule_id = "id-{name}"\ntype = "eql"\nquery = "any where true"\ntags = '
        f"[{tags}]\n\n" + "".join(entries)
    )


def sigma(name: str, *tags: str) -> str:
    lines = "".join(f"    - {tag}\n" for tag in tags)
    return (
        f"title: {name}\nid: id-{name}\nstatus: test\nlevel: low\ntags:\n{lines}"
        "logsource:\n    product: windows\ndetection:\n    selection:\n        Image: a.exe\n    condition: "
        "selection\n"
    )


SHELL = technique("T1059", "Command and Scripting Interpreter", ("T1059.001", "PowerShell"))
DUMP = ("T1003.001", "LSASS Memory")
Found = tuple[int | None, str | None, str | None, str | None, str]

CASES: dict[str, tuple[str, str, list[Found]]] = {
    "right": (elastic("right", tactic("TA0002", "Execution", SHELL), tags='"Tactic: Execution"'), E19, []),
    "right-sigma": (
        sigma("right-sigma", "attack.execution", "attack.t1059.001", "attack.g0007", "cve.2024-1"),
        E19,
        [],
    ),
    "revoked-technique": (
        elastic(
            "revoked-technique",
            tactic(
                "TA0112",
                "Defense Impairment",
                technique("T1562", "Impair Defenses", ("T1562.001", "Disable or Modify Tools")),
            ),
        ),
        E19,
        [
            (0, "subtechnique_id", "T1562.001", "T1685", "revoked-technique"),
            (0, "subtechnique_id", "T1562.001", None, "parent-only"),
        ],
    ),
    "deprecated-technique": (
        sigma("deprecated-technique", "attack.t1043"),
        E19,
        [(0, "technique_id", "T1043", None, "deprecated-technique")],
    ),
    "unknown-technique": (
        elastic("unknown-technique", tactic("TA0002", "Execution", technique("T9999", "Nothing"))),
        E19,
        [(0, "technique_id", "T9999", None, "unknown-technique")],
    ),
    "not-an-id": (
        elastic(
            "not-an-id",
            tactic(
                "TA0002",
                "Execution",
                technique("t1106", "Native API", url=""),
                technique("see wiki", "", url=""),
            ),
        ),
        E19,
        [
            (0, "technique_id", "t1106", "T1106", "not-an-id"),
            (1, "technique_id", "see wiki", None, "not-an-id"),
        ],
    ),
    "newer-technique": (
        sigma("newer-technique", "attack.t1027.018"),
        E18,
        [(0, "subtechnique_id", "T1027.018", None, "newer-technique")],
    ),
    "newer-technique-read-back": (
        sigma("newer-technique-read-back", "attack.t1685.001"),
        E18,
        [(0, "subtechnique_id", "T1685.001", "T1562.002", "newer-technique-read-back")],
    ),
    "other-domain": (
        elastic(
            "other-domain",
            tactic(
                "TA0030",
                "Defense Evasion",
                technique("T1625", "Hijack Execution Flow"),
                url=f"{PAGE}/tactics/TA0030",
            ),
            tactic(
                "AML.TA0002",
                "Reconnaissance",
                technique("AML.T0000", "Search", url="https://atlas.mitre.org/"),
                url="",
                framework="MITRE ATLAS",
            ),
        ),
        E19,
        [
            (0, "technique_id", "T1625", None, "other-domain"),
            (1, "technique_id", "AML.T0000", None, "other-domain"),
        ],
    ),
    "wrong-parent": (
        elastic(
            "wrong-parent",
            tactic(
                "TA0006", "Credential Access", technique("T1555", "Credentials from Password Stores", DUMP)
            ),
        ),
        E19,
        [(0, "subtechnique_id", "T1003.001", None, "wrong-parent")],
    ),
    "wrong-level": (
        elastic("wrong-level", tactic("TA0006", "Credential Access", technique("T1003.001", "LSASS Memory"))),
        E19,
        [(0, "technique_id", "T1003.001", None, "wrong-level")],
    ),
    "unknown-tactic": (
        elastic(
            "unknown-tactic", tactic("TA9999", "Discovery", technique("T1046", "Network Service Discovery"))
        ),
        E19,
        [(0, "tactic_id", "TA9999", "TA0007", "unknown-tactic")],
    ),
    "newer-tactic": (
        elastic(
            "newer-tactic",
            tactic(
                "TA0112",
                "Defense Impairment",
                technique("T1562", "Impair Defenses", ("T1562.001", "Disable or Modify Tools")),
            ),
        ),
        E18,
        [(0, "tactic_id", "TA0112", "TA0005", "newer-tactic")],
    ),
    "tactic-left": (
        elastic(
            "tactic-left",
            tactic(
                "TA0003", "Persistence", technique("T1574", "Hijack Execution Flow", ("T1574.001", "DLL"))
            ),
            tactic("TA0005", "Defense Evasion", technique("T1112", "Modify Registry")),
        ),
        E19,
        [(0, "tactic_id", "TA0003", None, "tactic-left"), (1, "tactic_id", "TA0005", None, "tactic-left")],
    ),
    "tactic-left-sigma": (
        sigma("tactic-left-sigma", "attack.stealth", "attack.persistence", "attack.t1574.001"),
        E19,
        [(1, "tactic_name", "persistence", "execution", "tactic-left")],
    ),
    "tactic-never": (
        elastic("tactic-never", tactic("TA0040", "Impact", SHELL)),
        E19,
        [(0, "tactic_id", "TA0040", "TA0002", "tactic-never")],
    ),
    "tactic-mismatch": (
        elastic("tactic-mismatch", tactic("TA0002", "Persistence", SHELL)),
        E19,
        [(0, "tactic_name", "Persistence", "Execution", "tactic-mismatch")],
    ),
    "tactic-renamed": (
        elastic(
            "tactic-renamed",
            tactic(
                "TA0005",
                "Defense Evasion",
                technique(
                    "T1070",
                    "Indicator Removal",
                    ("T1070.001", "Clear Windows Event Logs"),
                    ("T1070.004", "File Deletion"),
                ),
            ),
        ),
        E19,
        [
            (0, "subtechnique_id", "T1070.001", "T1685.005", "revoked-technique"),
            (0, "tactic_id", "TA0005", "TA0112", "tactic-left"),
            (1, "tactic_name", "Defense Evasion", "Stealth", "tactic-renamed"),
        ],
    ),
    "tactic-renamed-sigma": (
        sigma("tactic-renamed-sigma", "attack.defense_evasion", "attack.t1070.004"),
        E19,
        [(0, "tactic_name", "defense_evasion", "stealth", "tactic-renamed")],
    ),
    "technique-name": (
        elastic(
            "technique-name",
            tactic(
                "TA0006",
                "Credential Access",
                technique("T1003", "OS Credential Dump", DUMP, ("T1003.002", "LSASS Memory")),
            ),
        ),
        E19,
        [
            (0, "technique_name", "OS Credential Dump", "OS Credential Dumping", "technique-name"),
            (1, "subtechnique_name", "LSASS Memory", "Security Account Manager", "technique-name"),
        ],
    ),
    "reference-url": (
        elastic(
            "reference-url",
            tactic(
                "TA0002",
                "Execution",
                technique("T1106", "Native API", url=f"{PAGE}/techniques/T1059/"),
                technique(
                    "T1047",
                    "Windows Management Instrumentation",
                    url="http://attack.mitre.org/versions/v18/techniques/t1047#x",
                ),
                url="https://example.org/TA0002/",
            ),
        ),
        E19,
        [
            (
                0,
                "tactic_reference",
                "https://example.org/TA0002/",
                f"{PAGE}/tactics/TA0002/",
                "reference-url",
            ),
            (
                0,
                "technique_reference",
                f"{PAGE}/techniques/T1059/",
                f"{PAGE}/techniques/T1106/",
                "reference-url",
            ),
        ],
    ),
    "duplicate-mapping": (
        elastic(
            "duplicate-mapping",
            tactic("TA0002", "Execution", technique("T1106", "Native API"), technique("T1106", "Native API")),
        ),
        E19,
        [(1, "technique_id", "T1106", None, "duplicate-mapping")],
    ),
    "parent-beside-subtechnique": (
        elastic(
            "parent-beside-subtechnique",
            tactic(
                "TA0006",
                "Credential Access",
                technique("T1003", "OS Credential Dumping"),
                technique("T1003", "OS Credential Dumping", DUMP),
            ),
        ),
        E19,
        [(0, "technique_id", "T1003", None, "parent-beside-subtechnique")],
    ),
    "parent-and-subtechnique": (
        sigma("parent-and-subtechnique", "attack.credential-access", "attack.t1003", "attack.t1003.001"),
        E19,
        [(1, "technique_id", "T1003", None, "parent-and-subtechnique")],
    ),
    "tag-not-mapped": (
        elastic(
            "tag-not-mapped",
            tactic("TA0002", "Execution", SHELL),
            tactic(
                "TA0005", "Stealth", technique("T1070", "Indicator Removal", ("T1070.004", "File Deletion"))
            ),
            tags='"Tactic: Execution", "OS: Linux", "Tactic: Impact", "Tactic: Defense Evasion"',
        ),
        E19,
        [
            (None, "tags", "Tactic: Impact", None, "tag-not-mapped"),
            (None, "tags", "Tactic: Defense Evasion", "Tactic: Stealth", "tag-not-mapped"),
            (1, "tactic_id", "TA0005", None, "tactic-not-tagged"),
        ],
    ),
    "tag-not-mapped-sigma": (
        sigma("tag-not-mapped-sigma", "attack.execution", "attack.impact", "attack.t1059.001"),
        E19,
        [(1, "tactic_name", "impact", None, "tag-not-mapped")],
    ),
    "tactic-not-tagged": (
        sigma("tactic-not-tagged", "attack.execution", "attack.t1059.001", "attack.t1105"),
        E19,
        [(2, "technique_id", "T1105", None, "tactic-not-tagged")],
    ),
    "no-mapping": (elastic("no-mapping"), E19, [(None, None, None, None, "no-mapping")]),
    "tactic-only": (
        elastic("tactic-only", tactic("TA0002", "Execution", SHELL), tactic("TA0007", "Discovery")),
        E19,
        [(1, "tactic_id", "TA0007", None, "tactic-only")],
    ),
    "tactic-only-sigma": (
        sigma("tactic-only-sigma", "attack.discovery", "attack.execution"),
        E19,
        [(0, "tactic_name", "discovery", None, "tactic-only")],
    ),
    "parent-only": (
        elastic(
            "parent-only", tactic("TA0006", "Credential Access", technique("T1003", "OS Credential Dumping"))
        ),
        E19,
        [(0, "technique_id", "T1003", None, "parent-only")],
    ),
}


def written_to(folder: Path, names: list[str] | None = None) -> Path:
    """The corpus (or some of its rules) as files in `folder`: one a rule, named like it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or CASES:
        text = CASES[name][0]
        (folder / f"{name}{'.yml' if text.startswith('title') else '.toml'}").write_text(
            text, encoding="utf-8"
        )
    return folder
