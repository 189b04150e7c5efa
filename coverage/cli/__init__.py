"""The command line: a shell over the same functions as the dashboard. `python -m coverage.cli --help`.

Exit codes: 0 done, 1 a check failed, 2 it could not run (a sentence on standard error says why).
Imports neither Streamlit nor Plotly. A command is one function in a module that stands here.
"""

from coverage.cli import (
    attack_commands,
    check_command,
    compare_commands,
    corpora_commands,
    coverage_commands,
    diff_command,
    export_command,
    impact_commands,
    lint_command,
    migrate_command,
    snapshot_command,
)
from coverage.cli.main import app

__all__ = ["app", "attack_commands", "check_command", "compare_commands", "corpora_commands", "coverage_commands", "diff_command", "export_command", "impact_commands", "lint_command", "migrate_command", "snapshot_command"]
