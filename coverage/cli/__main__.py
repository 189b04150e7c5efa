"""`python -m coverage.cli`."""

import gc

from coverage.cli import app

# A command is over in seconds and makes rows, not cycles: looking for cycles after every 700 objects is 4 % of its time.
gc.set_threshold(100_000, 50, 100)
app(prog_name="python -m coverage.cli")
