"""Findings counted for the tables of the Mapping page: by cause, and by corpus."""

from __future__ import annotations

import pandas as pd

from coverage.findings import CHECKS
from coverage.vocabulary import PROBLEM_SEVERITIES


def causes(found: pd.DataFrame) -> pd.DataFrame:
    """Findings by cause, most severe and then most frequent first: title, severity, findings, rules."""
    rows = found.groupby("code").agg(findings=("code", "size"), rules=("rule_key", "nunique")).reset_index()
    rows["title"] = [CHECKS[code].title for code in rows["code"]]
    rows["severity"] = [CHECKS[code].severity for code in rows["code"]]
    rows["order"] = [PROBLEM_SEVERITIES.index(name) for name in rows["severity"]]
    return rows.sort_values(["order", "findings", "code"], ascending=[True, False, True], ignore_index=True)


def by_corpus(found: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """One row a corpus: rules read, and findings of each severity."""
    counts = found.groupby(["corpus", "severity"]).size().unstack(fill_value=0)
    read = rules["corpus"].value_counts(sort=False)
    return pd.DataFrame(
        {
            "corpus": read.index,
            "rules": read.to_numpy(),
            **{
                name: counts[name].reindex(read.index, fill_value=0).to_numpy() if name in counts else 0
                for name in PROBLEM_SEVERITIES
            },
        }
    )
