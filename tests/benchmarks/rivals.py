"""`python -m tests.benchmarks.rivals [--runs N] [--json] [--shared FOLDER]`: ours against other tools, in one
run.

Installs sigma-cli (with pySigma) and attack-mapper from PyPI, each in a virtual environment of its own in a
temporary folder, and measures as whole processes, in turn, over Sigma's rules in ../shared:

    python -m coverage.cli summary RULES --json
    sigma analyze attack count OUTPUT RULES
    attack-mapper --quiet --json OUTPUT RULES

Each runs once before the clock starts, with byte code kept in the temporary folder for all alike. In
sigma-cli's warm-up `sigma.data.mitre_attack.set_url` reads the local ATT&CK bundle into pySigma's cache, so
that its measured runs, as a user's second run, find it there; attack-mapper takes the compact release it
brings along. Both choices favour the rival. The bar is a third of each rival's wall-clock time; CPU time
stands beside it. A rival that cannot be installed or run is named with the reason, and no number. Exit codes:
0 the bar is met against both, 1 it is not or a rival did not run, 2 ours could not be measured.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.cases import PROJECT
from tests.benchmarks.timing import Cost, middle

BAR = 1 / 3
RELEASE = "enterprise-attack-19.0.json"
SET_URL = (
    "import sys; from sigma.data import mitre_attack; mitre_attack.set_url(sys.argv[1]); "
    "print(mitre_attack.mitre_attack_version)"
)
_LAUNCHER = Path(__file__).with_name("launch.py")


class NotRun(RuntimeError):
    """Why a program could not be installed or run, in one line."""


@dataclass(frozen=True)
class Program:
    """One program as it is measured. `figure` reads out of what it wrote that it did the work."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    figure: Callable[[], str]

    def run(self) -> Cost:
        """What one run costs as a process. Raises NotRun."""
        launched = [sys.executable, str(_LAUNCHER), *self.command]
        return Cost(**{key: json.loads(_output(launched, self.environment))[key] for key in ("wall", "cpu")})


def _output(command: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=PROJECT, env=dict(environment), capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing on stderr"]
        raise NotRun(f"{Path(command[0]).name} ended with {done.returncode}: {said[-1][:300]}")
    return done.stdout


def environment(folder: Path) -> dict[str, str]:
    """The variables every measured process gets: byte code and home in the temporary folder."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    home = str(folder / "home")
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "HOME": home, "USERPROFILE": home}


def installed(package: str, folder: Path) -> tuple[Path, str]:
    """The scripts' folder of a new environment with a package from PyPI, and its version. Raises NotRun."""
    place = folder / package
    venv.create(place, with_pip=True)
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    python = str(scripts / "python")
    _output([python, "-m", "pip", "install", "--quiet", package], os.environ)
    version = _output(
        [python, "-c", f"from importlib.metadata import version; print(version({package!r}))"], os.environ
    )
    return scripts, version.strip()


def ours(folder: Path, shared: Path, rules: Path) -> Program:
    """`coverage.cli summary`."""
    command = (sys.executable, "-m", "coverage.cli", "summary", str(rules), "--json")

    def figure() -> str:
        said = json.loads(_output(list(command), environment(folder)))
        return (
            f"{said['rules']['read']:,} rules, {said['techniques']['covered']} of "
            f"{said['techniques']['total']} techniques"
        )

    return Program("coverage.cli summary", command, environment(folder), figure)


def sigma_cli(folder: Path, shared: Path, rules: Path) -> Program:
    """`sigma analyze attack count`, with the local bundle in pySigma's cache."""
    scripts, version = installed("sigma-cli", folder)
    bundle, layer = folder / RELEASE, folder / "sigma-layer.json"
    bundle.write_bytes(gzip.decompress((shared / "attack" / f"{RELEASE}.gz").read_bytes()))
    release = _output([str(scripts / "python"), "-c", SET_URL, str(bundle)], environment(folder)).strip()

    def figure() -> str:
        return f"a layer of {len(json.loads(layer.read_text())['techniques'])} cells, ATT&CK {release}"

    command = (str(scripts / "sigma"), "analyze", "attack", "count", str(layer), str(rules))
    return Program(f"sigma-cli {version}", command, environment(folder), figure)


def attack_mapper(folder: Path, shared: Path, rules: Path) -> Program:
    """`attack-mapper`, with the release it brings along."""
    scripts, version = installed("attack-mapper", folder)
    output = folder / "attack-mapper.json"

    def figure() -> str:
        return f"JSON of {output.stat().st_size:,} bytes"

    command = (str(scripts / "attack-mapper"), "--quiet", "--json", str(output), str(rules))
    return Program(f"attack-mapper {version}", command, environment(folder), figure)


def warm(make: Callable[[Path, Path, Path], Program], *places: Path) -> Program:
    """A program that has run once and shown its result. Raises NotRun."""
    program = make(*places)
    program.run()
    print(f"{program.name}: {program.figure()}", file=sys.stderr, flush=True)
    return program


def compared(places: tuple[Path, Path, Path], runs: int) -> tuple[dict[str, Cost], dict[str, str]]:
    """The median cost of every program that runs, ours first, and why the others do not. Raises NotRun for
    ours.
    """
    programs, reasons = [warm(ours, *places)], {}
    for make in (sigma_cli, attack_mapper):
        try:
            programs.append(warm(make, *places))
        except (NotRun, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            reasons[make.__name__.replace("_", "-")] = " ".join(str(error).split())
    rounds = [[program.run() for program in programs] for _ in range(runs)]
    columns = zip(*rounds, strict=True)
    return {
        program.name: middle(list(costs)) for program, costs in zip(programs, columns, strict=True)
    }, reasons


def report(costs: Mapping[str, Cost], reasons: Mapping[str, str]) -> list[dict]:
    """One row a program: medians, ours / theirs, and whether that is at most a third."""
    (_, mine), *theirs = costs.items()
    rows = [{"program": name, "wall": cost.wall, "cpu": cost.cpu} for name, cost in costs.items()]
    for row, (_, cost) in zip(rows[1:], theirs, strict=True):
        ratio = mine.wall / cost.wall
        row |= {"ratio": ratio, "ratio_cpu": mine.cpu / cost.cpu, "met": ratio <= BAR}
    return rows + [{"program": name, "not_run": reason, "met": False} for name, reason in reasons.items()]


def line(row: Mapping) -> str:
    """One row of the report for people."""
    if "not_run" in row:
        return f"{row['program']:24} did not run: {row['not_run']}"
    figures = f"{row['program']:24} {row['wall']:6.2f} s wall {row['cpu']:6.2f} s cpu"
    if "ratio" not in row:
        return figures
    verdict = "at most a third" if row["met"] else "MORE THAN A THIRD"
    return f"{figures}   ours / theirs {row['ratio']:.3f} (cpu {row['ratio_cpu']:.3f}): {verdict}"


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.rivals", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="measured rounds (7)")
    parser.add_argument("--json", action="store_true", help="print JSON to standard output")
    parser.add_argument(
        "--shared", type=Path, default=PROJECT.parent / "shared", help="folder with corpora/ and attack/"
    )
    options = parser.parse_args()
    rules = options.shared.resolve() / "corpora" / "sigma" / "rules"
    if not rules.is_dir() or not hasattr(os, "wait4") or options.runs < 1:
        print(
            f"rivals: needs the folder {rules}, a system with wait4, and --runs of 1 or more", file=sys.stderr
        )
        return 2
    with tempfile.TemporaryDirectory() as folder:
        try:
            rows = report(*compared((Path(folder), options.shared.resolve(), rules), options.runs))
        except NotRun as error:
            print(f"rivals: ours could not be measured: {error}", file=sys.stderr)
            return 2
    print(json.dumps(rows, indent=2) if options.json else "\n".join(map(line, rows)))
    return 0 if all(row["met"] for row in rows[1:]) else 1


if __name__ == "__main__":
    sys.exit(main())
