"""Which IDs in mappings could not be placed: those that a release reads as no current technique or tactic.

They are findings of `CHECKS` like others. Only rules that have such an ID are checked here, since a summary
counts them and must not wait for all the rest. Knows no file and no setting.
"""

from __future__ import annotations

import pandas as pd

from coverage.findings.checks import CHECKS
from coverage.findings.frames import FINDINGS
from coverage.findings.table import findings
from coverage.mapping.reader import Reader

UNPLACED: frozenset[str] = frozenset(code for code, check in CHECKS.items() if check.unplaced)


def unplaced_findings(
    rules: pd.DataFrame, written: pd.DataFrame, mappings: pd.DataFrame, reader: Reader
) -> pd.DataFrame:
    """FINDINGS of the IDs that could not be placed: the rows of `table.findings` whose code is one of
    `UNPLACED`.

    Parameters are those of `table.findings`.
    """
    keys = frozenset(mappings.loc[_may_be_unplaced(mappings), "rule_key"].tolist())
    if not keys:
        return FINDINGS.empty()
    found = findings(_of(rules, keys), _of(written, keys), _of(mappings, keys), reader)
    return found[found["code"].isin(UNPLACED)].reset_index(drop=True)


def _may_be_unplaced(mappings: pd.DataFrame) -> pd.Series:
    """Boolean mask of MAPPINGS: no current technique although one is written, or no tactic of the release
    although one is.
    """
    technique = mappings["leaf_written"].notna() & mappings["attack_id"].isna()
    tactic = mappings["tactic_written"].notna() & mappings["tactic_id"].isna()
    return technique | tactic


def _of(frame: pd.DataFrame, rule_keys: frozenset[str]) -> pd.DataFrame:
    return frame[[key in rule_keys for key in frame["rule_key"].tolist()]]
