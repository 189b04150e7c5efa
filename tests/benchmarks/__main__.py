"""`python -m tests.benchmarks [--quick] [--json] [--only LETTERS] [--shared FOLDER]`.

Prints medians and ratios that were measured in this one run, each with its bar. The bars are wall-clock
times for a quiet machine; the column `cpu` gives the same from processor time, which other programs disturb
less. Exit codes: 0 every bar met, 1 some bar not met, 2 it could not run.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.cases import CASES, PROJECT, Corpus
from tests.benchmarks.timing import Line


def machine() -> dict:
    """What the numbers hang on."""
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        names = [
            line.partition(":")[2].strip()
            for line in information.read_text().splitlines()
            if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    packages = ("pandas", "pyarrow", "streamlit", "tomli", "mitreattack-python")
    return {
        "date": date.today().isoformat(),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_before": load,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def row(line: Line) -> str:
    """One line of the table."""
    sign, digits = (">=" if line.at_least else "<="), 0 if line.unit == "MB" else 2
    cpu = "" if line.cpu is None else f"{line.cpu:.{digits}f} {line.unit}"
    bar = f"{sign} {line.bar:g} {line.unit}"
    met = "met" if line.met else "NOT MET"
    return (
        f"{line.case}  {line.what:42} {line.value:9.{digits}f} {line.unit:2}  {cpu:>9}  {bar:>9}  "
        f"{met:7} "
        f" {line.detail}"
    ).rstrip()


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[2])
    parser.add_argument("--quick", action="store_true", help="a third of the repeats")
    parser.add_argument("--json", action="store_true", help="print JSON to standard output")
    parser.add_argument("--only", default="".join(CASES), metavar="LETTERS", help="such as ac; default: all")
    parser.add_argument(
        "--shared", type=Path, default=PROJECT.parent / "shared", help="folder with corpora/ and attack/"
    )
    options = parser.parse_args()
    corpus = Corpus(options.shared, options.quick)
    if not corpus.files:
        print(
            f"benchmarks: no rules in {corpus.folders[0]}; name the folder of the corpora with --shared",
            file=sys.stderr,
        )
        return 2
    logging.disable(logging.WARNING)  # Streamlit's, for a page that runs without a server
    about, lines = machine(), []
    if not options.json:
        print(
            ", ".join(f"{key} {value}" for key, value in about.items()),
            f"\n{'':46}{'measured':>9}     {'cpu':>9}  {'bar':>9}",
            flush=True,
        )
    if about["load_before"] and about["load_before"] > 1:
        print(
            "benchmarks: other programs are busy here, so wall-clock times say little; see the column cpu",
            file=sys.stderr,
        )
    for letter, case in CASES.items():
        for line in case(corpus) if letter in options.only else ():
            lines.append(line)
            if not options.json:
                print(row(line), flush=True)
    if options.json:
        print(
            json.dumps(
                {"machine": about, "lines": [{**asdict(line), "met": line.met} for line in lines]}, indent=2
            )
        )
    return 0 if all(line.met for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
