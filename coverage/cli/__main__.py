"""`python -m coverage.cli`."""

import gc
import sys

from coverage.cli import run

if __name__ == "__main__":
    # A command is over in seconds and makes rows, not cycles: looking for cycles after every 700 objects
    # is 4 % of its time.
    gc.set_threshold(100_000, 50, 100)
    sys.exit(run(sys.argv[1:]))
