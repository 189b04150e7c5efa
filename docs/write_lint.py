"""Writes `docs/lint.md`, with the table of checks from `coverage.findings.CHECKS`: `python
docs/write_lint.py`.

`tests/cli/test_lint.py` fails when the page and the checks differ.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "lint.md"

INTRODUCTION = """\
# Findings and lint

Every mapping is checked against the chosen ATT&CK release, with the help of the other installed releases.
The Mapping
page shows what is found; `python -m coverage.cli lint` reports it and fails a build. The table of checks is
written by
`docs/write_lint.py`; do not edit.

## In a build

```sh
python -m coverage.cli lint rules --attack enterprise-19.0 --fail-on warning
python -m coverage.cli lint rules --format sarif -o lint.sarif
python -m coverage.cli lint rules --format github
```

Exit code 0: nothing at or above `--fail-on` (`error` unless said). 1: something is, or a rule file cannot be
read, since
such a rule is not checked at all. 2: it could not run, and one sentence on standard error says why.

- **table** lists what fails, counts the rest by code, and shows what is silenced with its reason.
- **json** has every finding, the counts, the stamp and `written_for`; **csv** every finding with the stamp.
- **sarif** is SARIF 2.1.0 for code scanning. Paths are relative to the root of the git work tree the command
  runs in.
  Fingerprints (`attackFinding/v1`) hold no line: a finding stays the same when lines move. GitHub's own
  `primaryLocationLineHash` is left to its upload action. Silenced findings are suppressed results; a service
  that does
  not read suppressions shows them.
- **github** prints workflow commands, which show as annotations. GitHub shows ten of each severity for a
  step; use SARIF
  for more.

`--code` leaves only some checks. What does not count for you goes into [`coverage.toml`](coverage-toml.md),
with a reason.

## Which release was this written for?

A rule is valid in a release when all IDs, names and tactics of its mapping are right there: no check marked
"yes" below
finds anything. The range from the oldest to the newest such release is when it was written. Where a rule has
several
mapping sets (`threat_mappings`), each release judges the set that is for it. The denominator is rules with a
mapping to
the domain.

## The checks

A fix is named where there is exactly one. In *flat* formats (Sigma's tags, a hunt's `mitre` list, Sentinel's
lists)
tactics and techniques stand side by side and none names the other: there a tactic is right when one of the
rule's
techniques is in it. A value that stands once in a file for several mappings, such as a tactic of three
techniques, is
reported once.

An ID that could not be *placed* is read as no live technique or tactic of the release. The Problems page and
`python -m coverage.cli problems` list these with the same codes and places. Beside them they have every
problem in
reading a file; `lint` has those of them that are errors.

| code | severity | what it finds | in words | not valid in the release | could not be placed |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The text of `docs/lint.md`."""
    from coverage.findings.checks import CHECKS

    rows = (
        f"| `{code}` | {check.severity} | {check.title} | {check.description} | {_yes(check.invalid)} "
        f"| {_yes(check.unplaced)} |\n"
        for code, check in CHECKS.items()
    )
    return INTRODUCTION + "".join(rows)


def _yes(told: bool) -> str:
    return "yes" if told else ""


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    PAGE.write_text(page(), encoding="utf-8")
