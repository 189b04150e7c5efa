"""What is measured, one function a letter. Each yields `Line`s; all imports of the project are inside."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks.timing import Cost, Line, in_turn, middle

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = ("rules", "rules_building_block")
TIMES = 10

_RULE_ID = re.compile(r'^(rule_id = ")[^"]*(")', re.MULTILINE)


class Corpus:
    """The rules that are measured: Elastic's rules and building blocks."""

    def __init__(self, shared: Path, quick: bool = False) -> None:
        self.quick = quick
        self.bundles = shared / "attack"
        self.folders = [shared / "corpora" / "elastic" / name for name in FOLDERS]
        self.files = sorted(path for folder in self.folders for path in folder.rglob("*.toml"))

    def repeats(self, usual: int) -> int:
        return max(1, usual // 3) if self.quick else usual


def _load(folders: list[Path]):
    from coverage.loaders import corpus_sources, load

    return load(corpus_sources(str(folder) for folder in folders))


def _measured(loaded) -> dict:
    """The join and every measure of one view, as the first page after a change of scope needs them."""
    from coverage.measures import MEASURES, summary
    from coverage.reading import read_in

    view = read_in(loaded).view()
    for measure in MEASURES.values():
        measure.function(view)
    return summary(view, problems=len(loaded.problems))


def reading(corpus: Corpus) -> Iterator[Line]:
    """a: reading the files into frames, against a bare loop of `tomli.loads` over them."""
    import tomli

    def bare() -> None:
        for path in corpus.files:
            tomli.loads(path.read_text(encoding="utf-8"))

    _load(
        corpus.folders
    )  # once untimed: the first load of a process imports its loaders, which is no reading
    ours, theirs = in_turn(corpus.repeats(7), lambda: _load(corpus.folders), bare)
    yield Line(
        "a",
        "rule files into frames / tomli.loads",
        ours.wall / theirs.wall,
        "x",
        2.0,
        ours.cpu / theirs.cpu,
        detail=f"{len(corpus.files):,} files: {ours.wall:.2f} s / {theirs.wall:.2f} s",
    )


def catalogue(corpus: Corpus) -> Iterator[Line]:
    """b: every frame of the embedded default release, against MitreAttackData over the same bundle."""
    from mitreattack.stix20 import MitreAttackData

    from coverage.catalogue import shelf
    from coverage.catalogue.frames import CATALOGUE_FRAMES

    release = shelf.default_release()
    packed = corpus.bundles / f"{release.domain}-attack-{release.version}.json.gz"
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / packed.stem
        bundle.write_bytes(gzip.decompress(packed.read_bytes()))

        def ours() -> None:
            opened = shelf.open_release(release)
            for name in CATALOGUE_FRAMES:
                opened.frame(name)

        ours()
        mine, theirs = in_turn(corpus.repeats(3), ours, lambda: MitreAttackData(str(bundle)))
    yield Line(
        "b",
        "MitreAttackData / embedded catalogue",
        theirs.wall / mine.wall,
        "x",
        20.0,
        theirs.cpu / mine.cpu,
        at_least=True,
        detail=f"{release}, {len(CATALOGUE_FRAMES)} frames: {theirs.wall:.2f} s / {mine.wall * 1000:.0f} ms",
    )


def measures(corpus: Corpus) -> Iterator[Line]:
    """c: the join and all measures."""
    loaded = _load(corpus.folders)
    _measured(loaded)
    (ours,) = in_turn(corpus.repeats(15), lambda: _measured(loaded))
    figures = _measured(loaded)
    part = figures["techniques"]
    yield Line(
        "c",
        "mappings as read, all measures, summary",
        ours.wall,
        "s",
        0.3,
        ours.cpu,
        detail=f"{figures['rules']['read']:,} rules; {part['covered']} of {part['total']} techniques",
    )


def _whole_process(repeats: int, *arguments: str) -> tuple[Cost, float] | None:
    """What a command of the command line costs as a process, and its peak in MB; None where that cannot be
    told.

    As it runs from the second time on: its byte code is there.
    """
    if not hasattr(os, "wait4"):
        return None
    launcher = [sys.executable, str(Path(__file__).with_name("launch.py"))]
    command = [sys.executable, "-m", "coverage.cli", *arguments]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def run() -> dict:
            done = subprocess.run(
                launcher + command, cwd=PROJECT, env=environment, capture_output=True, text=True
            )
            if done.returncode:
                raise RuntimeError(f"the command failed: {done.stderr.strip()}")
            return json.loads(done.stdout)

        run()
        runs = [run() for _ in range(repeats)]
    return middle([Cost(one["wall"], one["cpu"]) for one in runs]), max(one["peak"] for one in runs)


def command_line(corpus: Corpus) -> Iterator[Line]:
    """d: `coverage.cli summary` as a whole process."""
    if (measured := _whole_process(corpus.repeats(7), "summary", *map(str, corpus.folders))) is None:
        return
    taken, peak = measured
    yield Line("d", "coverage.cli summary, whole process", taken.wall, "s", 2.5, taken.cpu)
    yield Line("d", "coverage.cli summary, peak memory", peak, "MB", 450)


def migration(corpus: Corpus) -> Iterator[Line]:
    """h: `coverage.cli migrate --diff` over all of Elastic's rules as a whole process."""
    elastic = str(corpus.folders[0].parent)
    if (
        measured := _whole_process(corpus.repeats(5), "migrate", elastic, "--to", "enterprise-19.0", "--diff")
    ) is not None:
        taken, _ = measured
        yield Line("h", "coverage.cli migrate --diff, whole process", taken.wall, "s", 10.0, taken.cpu)


def exports(corpus: Corpus) -> Iterator[Line]:
    """k: `coverage.cli export --what all` over all of Elastic's rules as a whole process."""
    elastic = str(corpus.folders[0].parent)
    with tempfile.TemporaryDirectory() as folder:
        measured = _whole_process(
            corpus.repeats(5), "export", elastic, "--what", "all", "-o", str(Path(folder) / "out")
        )
    if measured is not None:
        taken, _ = measured
        yield Line("k", "coverage.cli export --what all, whole process", taken.wall, "s", 6.0, taken.cpu)


def pages(corpus: Corpus) -> Iterator[Line]:
    """e: a rerun of each page, server side; also of a technique's and of a rule's detail."""
    from streamlit.testing.v1 import AppTest

    from coverage.pages import PAGES

    os.environ["COVERAGE_RULES"] = os.pathsep.join(map(str, corpus.folders))
    sys.argv[1:] = []  # the dashboard would take our options for rule paths
    first = corpus.files[0].relative_to(corpus.folders[0].parent).as_posix()
    details = [
        ("rules.py", "Technique", {"technique": "T1059"}),
        ("rules.py", "Rule", {"rule": first}),
        ("plan.py", "Gap", {"gap": "T1680"}),
        ("plan.py", "Plan by need", {"gap_need": "true"}),
        ("matrix.py", "Matrix with what is needed", {"show_need": "true"}),
        ("threats.py", "Adversary", {"adversary": "G0016"}),
        ("threats.py", "Adversary's matrix", {"adversary": "G0016", "adversary_view": "matrix"}),
        ("threats.py", "Own profile", {"threat": "chosen", "threat_sectors": "Finance"}),
        (
            "threats.py",
            "Two profiles",
            {"threat_groups": "G0016", "threat_view": "pair", "threat_pair": "profiles"},
        ),
        ("mapping.py", "Move to another release", {"health": "move"}),
    ]
    for file, title, link in [*((file, title, {}) for file, title, *_ in PAGES), *details]:
        app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=600).run()
        app.switch_page(f"coverage/pages/{file}")
        for name, value in link.items():
            app.query_params[name] = value
        app.run()
        if app.exception or not app.title or app.title[0].value == "No rules yet":
            raise RuntimeError(f"the page {title} failed: {[error.message for error in app.exception]}")
        (again,) = in_turn(corpus.repeats(9), app.run)
        one = " with one open" if link else ""
        yield Line("e", f"page {title}{one}, rerun", again.wall, "s", 0.3, again.cpu)


def in_browser(corpus: Corpus) -> Iterator[Line]:
    """m: the matrix over all of Elastic's and Sigma's rules in Chromium, from a warm server; `cpu` is the
    page's own main thread. Nothing where there is no Chromium or no Playwright.
    """
    from tests.benchmarks.browser import matrix_costs

    folders = [str(corpus.bundles.parent / "corpora" / name) for name in ("elastic", "sigma")]
    bars = {"first matrix in a fresh browser": 1.5, "a click on a cell to its detail": 0.5}
    for what, cost in matrix_costs(folders, corpus.repeats(9)).items():
        yield Line("m", what, cost.wall, "s", bars[what], cost.cpu)


def ten_times(corpus: Corpus) -> Iterator[Line]:
    """f: reading, join and measures at ten times the rules, against the same at one time."""

    def whole(folders: list[Path]) -> Callable[[], None]:
        return lambda: _measured(_load(folders)) and None

    with tempfile.TemporaryDirectory() as folder:
        folders = [_copy(corpus, Path(folder) / f"copy{i}", i) for i in range(TIMES)]
        once, many = in_turn(corpus.repeats(3), whole(corpus.folders), whole(folders))
    yield Line(
        "f",
        f"a + c at {TIMES} times the rules / at one",
        many.wall / once.wall,
        "x",
        11.0,
        many.cpu / once.cpu,
        detail=f"{len(corpus.files) * TIMES:,} files: {many.wall:.2f} s / {once.wall:.2f} s",
    )


def _copy(corpus: Corpus, target: Path, nth: int) -> Path:
    """The corpus once more, with rule ids of its own."""
    for source in corpus.folders:
        for path in source.rglob("*.toml"):
            copy = target / source.name / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8")
            copy.write_text(_RULE_ID.sub(rf"\g<1>copy-{nth}-{path.stem}\g<2>", text), encoding="utf-8")
    return target


def checks(corpus: Corpus) -> Iterator[Line]:
    """g: the findings of all of Elastic's and Sigma's rules: the join, every check and its frame, beyond
    loading.
    """
    from coverage.reading import read_in

    loaded = _load([corpus.bundles.parent / "corpora" / name for name in ("elastic", "sigma")])
    (ours,) = in_turn(corpus.repeats(7), lambda: read_in(loaded).findings)
    found = read_in(loaded).findings
    yield Line(
        "g",
        "findings of elastic and sigma",
        ours.wall,
        "s",
        1.5,
        ours.cpu,
        detail=f"{len(loaded.rules):,} rules, {len(loaded.written):,} mappings: {len(found):,} findings",
    )


def what_ifs(corpus: Corpus) -> Iterator[Line]:
    """n: what if a log source stopped: verdicts, states before and after, and what makes the difference, over
    Elastic's and Sigma's rules, where the data of every second log source arrives.
    """
    from coverage.inventory.arrivals import Arrivals
    from coverage.log_sources import listed_log_sources
    from coverage.measures.connections import connected
    from coverage.measures.what_if import what_if
    from coverage.reading import read_in

    view = read_in(_load([corpus.bundles.parent / "corpora" / name for name in ("elastic", "sigma")])).view()
    names = sorted({name for found in view.rules["log_sources"] for name in found})
    arrivals = Arrivals(connected(names[::2], listed_log_sources()), ((),))
    stopping = iter(names[::2])
    what_if(view, arrivals, arrivals.without([next(stopping)]))  # the state before is counted once
    (ours,) = in_turn(corpus.repeats(15), lambda: what_if(view, arrivals, arrivals.without([next(stopping)])))
    yield Line(
        "n",
        "what if a log source stopped, elastic and sigma",
        ours.wall,
        "s",
        0.3,
        ours.cpu,
        detail=f"{len(view.rules):,} rules, {len(names):,} log sources",
    )


# The process comes first: it is measured while this one is still small and has nothing in memory.
CASES: dict[str, Callable[[Corpus], Iterator[Line]]] = {
    "d": command_line,
    "h": migration,
    "k": exports,
    "a": reading,
    "c": measures,
    "b": catalogue,
    "e": pages,
    "m": in_browser,
    "f": ten_times,
    "g": checks,
    "n": what_ifs,
}
