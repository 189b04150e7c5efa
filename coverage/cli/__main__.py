"""`python -m coverage.cli`."""

from coverage.cli import app

app(prog_name="python -m coverage.cli")
