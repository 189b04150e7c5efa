"""The corpus in fixtures/small, small enough to count by hand, and ways to look at rules in a release.

What its 17 rules map to (ID as written; the tactic where it matters):

===  =======================  ============  ====================================================
 a   scheduled_task           Windows       T1053.005 in Persistence and in Execution
 b   lsass_dump               Windows       T1003 and, a path of its own, T1003.001
 c   lsass_handle             Windows       T1003.001
 d   defender_tampering       Windows       T1562.001 in TA0005 Defense Evasion
 e   dll_hijack               Windows       T1574.001 in Persistence
 f   ssh_valid_accounts       Linux         T1078 in Initial Access, in "Defense Evasion" (no ID); T1595.002
 (PRE) g   tactic_only              Linux         TA0007 alone h   no_mapping               not known
 nothing i   web_protocols            not known     T1071.001, T1105, T1132.001, T1132.002, no tactic named j
 prompt_injection         not known     MITRE ATLAS only k   shell_history            macOS         T1021; set
 18.1: T1562.003; set 19.0: T1690; ATLAS set 5.1 l   written_for_19           Windows       T1685, T1685.001
 (TA0112); T1027.018, T1070 (TA0005 Stealth) m   process_discovery        Windows       T1057, a building
 block n   cron                     Linux         T1053.003 and ATLAS, a hunt o   clear_logs
 Windows       T1070.001 and T1546.008, deprecated p   powershell_disabled      Windows       T1059.001,
 production but disabled q   odd_ids                  Windows       T1046 in TA9999; T9999; T1625 (Mobile);
 T1053.004; development
===  =======================  ============  ====================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from coverage.catalogue import Catalogue
from coverage.loaders import CorpusSource, Loaded, load
from coverage.models import Rule, WrittenMapping
from coverage.reading import Reading, read_in
from coverage.scope import View
from coverage.tables import PROJECT

SMALL = PROJECT / "tests" / "fixtures" / "small"
DAY = date(2026, 3, 31)
E18, E19 = "enterprise-18.1", "enterprise-19.0"

PATHS = {
    "a": "rules/windows/scheduled_task.toml",
    "b": "rules/windows/lsass_dump.toml",
    "c": "rules/windows/lsass_handle.toml",
    "d": "rules/windows/defender_tampering.toml",
    "e": "rules/windows/dll_hijack.toml",
    "f": "rules/linux/ssh_valid_accounts.toml",
    "g": "rules/linux/tactic_only.toml",
    "h": "rules/network/no_mapping.toml",
    "i": "rules/network/web_protocols.toml",
    "j": "rules/llm/prompt_injection.toml",
    "k": "rules/macos/shell_history.toml",
    "l": "rules/windows/written_for_19.toml",
    "m": "rules_building_block/process_discovery.toml",
    "n": "hunting/linux/queries/cron.toml",
    "o": "rules/_deprecated/clear_logs.toml",
    "p": "rules/windows/powershell_disabled.toml",
    "q": "rules/development/odd_ids.toml",
}
LETTERS = {f"small/{path}": letter for letter, path in PATHS.items()}


def letters(keys: Iterable[str]) -> str:
    """The rules' letters, sorted: `"abc"`."""
    return "".join(sorted(LETTERS[key] for key in keys))


@cache
def loaded() -> Loaded:
    return load([CorpusSource("small", SMALL)])


def read_embedded(rules: Loaded, release: str) -> Reading:
    """`rules` read with the releases that come with the project alone, whatever the user's cache holds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVERAGE_CACHE", str(SMALL / "no-cache-here"))
        return read_in(rules, release)


@cache
def reading(release: str = E18) -> Reading:
    return read_embedded(loaded(), release)


@cache
def view(release: str = E18, **scope) -> View:
    return reading(release).view(on=DAY, **scope)


@cache
def real(*corpora: Path) -> Loaded:
    """Corpora of ../shared, each by the name of its folder; read once a process."""
    return load([CorpusSource(path.name, path) for path in corpora])


@cache
def real_reading(release: str, *corpora: Path) -> Reading:
    return read_embedded(real(*corpora), release)


def elastic_reading(path: Path, release: str) -> Reading:
    return real_reading(release, path)


def catalogue(release: str = E18) -> Catalogue:
    return reading(release).catalogue


def rule(key: str, **values) -> Rule:
    """A rule made in a test; production, nothing else said."""
    defaults = {"corpus": "made", "path": f"{key}.toml", "format": "elastic", "rule_id": key, "name": key}
    return Rule(key, **{**defaults, "rule_class": "production", **values})


def mapping(
    key: str, position: int, attack_id: str | None, tactic_id: str | None = None, **values
) -> WrittenMapping:
    """A mapping of such a rule, its leaf written where it belongs."""
    below = {"subtechnique_id" if attack_id and "." in attack_id else "technique_id": attack_id}
    return WrittenMapping(
        key, position, **{"framework": "MITRE ATT&CK", "tactic_id": tactic_id, **below, **values}
    )


def by_id(frame: pd.DataFrame, attack_id: str) -> pd.Series:
    """The one row of an ID."""
    rows = frame[frame["attack_id"] == attack_id]
    assert len(rows) == 1, f"{attack_id}: {len(rows)} rows"
    return rows.iloc[0]
