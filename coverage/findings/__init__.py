"""Findings: what is wrong with a mapping in one ATT&CK release, found by small checks with stable codes.

`CHECKS` is the table of them; `findings` makes the FINDINGS frame, `placed` finds lines and columns,
`silenced` applies the silences of coverage.toml, `written_for` tells which releases a rule is valid in.
"""

from coverage.findings.checks import CHECKS
from coverage.findings.table import findings

__all__ = ["CHECKS", "findings"]
