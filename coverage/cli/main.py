"""The application that commands register themselves with."""

from __future__ import annotations

import sys

from coverage.cli.short_help import Application

app = Application(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What detection rules cover of MITRE ATT&CK, and what they do not.",
    epilog="Without PATH the rules of COVERAGE_RULES are read (several joined by the system's path "
    "separator), "
    "else the corpora of coverage.toml that are on, else rules/ beside it or in the current folder, else the "
    "example rules; "
    "check, diff, lint, migrate and snapshot never read these from elsewhere. "
    "COVERAGE_CACHE and COVERAGE_DATA say where releases and corpora are kept, "
    "COVERAGE_ATTACK_URL and COVERAGE_CORPORA_URL where they are fetched from; docs/configuration.md says "
    "more. docs/cli.md explains every option in full.",
)


@app.callback()
def _prepared() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a sign that the terminal does not know never stops a report
