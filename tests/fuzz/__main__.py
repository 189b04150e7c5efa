"""Ten thousand changed files, each beside good rules of its format: none raises, loses a neighbour or costs
too much.

    python -m tests.fuzz --files 10000 --seed 1 [--shared FOLDER] [--keep FOLDER]

The files that are changed are those of tests/fixtures, and of FOLDER/corpora where there is one. What fails
is written to the folder of --keep. Memory is told by the process's own peak (Linux); elsewhere it is not
looked at.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

from coverage.formats.platforms import read_platforms
from coverage.formats.registry import suffix_of
from coverage.formats.seam import Context
from coverage.loaders import CorpusSource, load
from coverage.loaders.corpora import file_result
from coverage.loaders.walk import walked
from coverage.syntaxes.budget import SECONDS, allowed
from tests.fuzz.changes import changed

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
MOST_SEEDS = 60  # of one format
SEED_BYTES = 100_000
LEFT_OUT = ("layer-beside-rules", "overwritten")  # what another file of a corpus may rightly do to a rule
_PEAK, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def seeds(folders: list[Path]) -> dict[str, dict[Path, int]]:
    """Files that give rules of one format, by it, and how many rules each gives."""
    found: dict[str, dict[Path, int]] = defaultdict(dict)
    context = Context(read_platforms())
    for folder in folders:
        for file in walked(CorpusSource("seeds", folder)).files:
            if file.size > SEED_BYTES:
                continue
            path = Path(file.path)
            alone = walked(CorpusSource("seeds", path))
            result, _ = file_result(alone, alone.files[0], context)
            formats = {rule.format for rule in result.rules}
            if len(formats) == 1:
                of_format = found[formats.pop()]
                if len(of_format) < MOST_SEEDS:
                    of_format[path] = len(result.rules)
    return found


def peak() -> int | None:
    """The bytes of memory that this process had at most since `forget_peak`; None where no one tells."""
    try:
        lines = _PEAK.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), None)


def forget_peak() -> None:
    """Start to watch anew."""
    try:
        _RESET.write_text("5")
    except OSError:
        return


class Run:
    """One run over changed files."""

    def __init__(self, by_format: dict[str, dict[Path, int]], seed: int, keep: Path | None):
        self._by_format, self._chance, self._keep = by_format, Random(seed), keep
        self.codes: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.failures: list[str] = []
        self.slowest, self.largest = 0.0, 0.0

    def file(self, number: int, folder: Path) -> None:
        """Change one file and load it between two good ones of its format."""
        form = self._chance.choice(sorted(self._by_format))
        counts = self._by_format[form]
        seed, other, good = (self._chance.choice(list(counts)) for _ in range(3))
        data = changed(seed.read_bytes(), other.read_bytes(), self._chance)
        names = [f"a{suffix_of(good.name)}", f"m{suffix_of(seed.name)}", f"z{suffix_of(good.name)}"]
        texts = [good.read_bytes(), data, good.read_bytes()]
        for name, text in zip(names, texts, strict=True):
            (folder / name).write_bytes(text)
        self.formats[form] += 1
        for fault in self._faults(folder, names, len(data), counts[good]):
            self.failures.append(f"{number} {form} {seed.name}: {fault}")
            print(self.failures[-1], flush=True)
            if self._keep:
                (self._keep / f"{number}{suffix_of(seed.name)}").write_bytes(data)
        for name in names:
            (folder / name).unlink()

    def _faults(self, folder: Path, names: list[str], size: int, rules: int) -> list[str]:
        faults = []
        forget_peak()
        before, start = peak(), time.process_time()
        try:
            loaded = load([CorpusSource("c", folder)])
        except Exception as error:
            return [f"raised {type(error).__name__}: {error}"]
        seconds, after = time.process_time() - start, peak()
        codes = loaded.problems.loc[loaded.problems["path"] == names[1], "code"].tolist()
        self.codes.update(set(codes))
        self.slowest = max(self.slowest, seconds)
        if "loader-failed" in codes:
            message = loaded.problems.loc[loaded.problems["code"] == "loader-failed", "message"].iloc[0]
            faults.append(f"loader-failed: {message}")
        left_out = loaded.problems[loaded.problems["code"].isin(LEFT_OUT)]
        for name in (names[0], names[2]):
            kept = (loaded.rules["path"] == name).sum() + (left_out["path"] == name).sum()
            if kept < rules and not (left_out["path"] == name).any():
                faults.append(f"lost {rules - kept} of {rules} rules of its neighbour {name}")
        if seconds > SECONDS:
            faults.append(f"took {seconds:.1f} s")
        if before is not None and after is not None:
            self.largest = max(self.largest, after - before)
            if after - before > allowed(size):
                faults.append(f"took {(after - before) / 1e6:.0f} MB of {size / 1e6:.2f} MB")
        return faults


def main() -> int:
    """The exit code: 1 when a file failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[3] / "shared")
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    if asked.keep:
        asked.keep.mkdir(parents=True, exist_ok=True)
    folders = [FIXTURES / "formats", FIXTURES / "loaders", asked.shared / "corpora"]
    by_format = seeds([folder for folder in folders if folder.is_dir()])
    print(", ".join(f"{form} {len(paths)}" for form, paths in sorted(by_format.items())), flush=True)
    run = Run(by_format, asked.seed, asked.keep)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.files):
            run.file(number, Path(folder))
            if number % 1_000 == 999:
                print(f"{number + 1} files, {len(run.failures)} failures", flush=True)
    print(f"{asked.files} files of {len(run.formats)} formats, {len(run.failures)} failures")
    print(f"slowest {run.slowest:.2f} s of processor time, largest {run.largest / 1e6:.0f} MB")
    print(", ".join(f"{code} {count}" for code, count in run.codes.most_common()))
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
