"""What the dashboard keeps for all its readers: nobody waits for another's rules, and little is held.

The functions of `session` are called as a page calls them, from one thread a reader.
"""

from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from coverage import session
from coverage.changes.difference import Difference
from coverage.changes.snapshot import snapshot_bytes
from coverage.loaders import CorpusSource
from coverage.session import shared_values, values
from tests.helpers.states import rule_file
from tests.helpers.threads import SECONDS, Gate, at_once

READER = threading.local()  # whose rules a thread looks at


@pytest.fixture
def corpora(monkeypatch, tmp_path) -> dict[str, Path]:
    """Two corpora, each looked at by the threads that set `READER.corpus` to its name."""
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    folders = {name: tmp_path / name for name in ("one", "two")}
    for name, folder in folders.items():
        rule_file(folder / "rule.toml", f"r-{name}", "T1059")
    monkeypatch.setattr(values.inventory, "stated", lambda _settings: None)  # no page, so no address to ask
    monkeypatch.setattr(values, "sources", lambda: [CorpusSource(READER.corpus, folders[READER.corpus])])
    return folders


@pytest.fixture
def gate(monkeypatch) -> Gate:
    """Reading the corpus `one` waits here, as on a folder that is slow."""
    waiting, load = Gate(), values.load

    def slow_load(sources, progress=None):
        if sources[0].name == "one":
            waiting()
        return load(sources, progress)

    monkeypatch.setattr(values, "load", slow_load)
    return waiting


def rules_of(corpus: str, found: list) -> None:
    READER.corpus = corpus
    found.append(session.view().all_rules["rule_id"].tolist())


def test_a_folder_that_is_slow_holds_up_no_other_reader(corpora, gate):
    slow, quick = [], []
    (first,) = at_once(lambda: rules_of("one", slow))
    assert gate.entered.wait(SECONDS)
    (second,) = at_once(lambda: rules_of("two", quick))
    second.join(SECONDS)
    assert quick == [["r-two"]] and slow == []
    gate.opened.set()
    first.join(SECONDS)
    assert slow == [["r-one"]]


def test_the_same_rules_are_read_once_for_all_readers(corpora, gate):
    found: list = []
    threads = at_once(*[lambda: rules_of("one", found)] * 3)
    assert gate.entered.wait(SECONDS)
    gate.opened.set()
    for thread in threads:
        thread.join(SECONDS)
    assert found == [["r-one"]] * 3 and gate.count == 1


def test_what_is_read_while_a_table_changes_is_not_kept(corpora, gate, monkeypatch, tmp_path):
    """Edited during a slow load and put back afterwards: what was read is not taken for the old."""
    found, before = [], {"tables": "old"}
    inputs_of = shared_values.inputs_of

    def inputs(sources, rules=None):
        return replace(inputs_of(sources, rules), tables=before["tables"])

    for module in (values, shared_values):
        monkeypatch.setattr(module, "inputs_of", inputs)
    (thread,) = at_once(lambda: rules_of("one", found))
    assert gate.entered.wait(SECONDS)
    before["tables"] = "edited"
    gate.opened.set()
    thread.join(SECONDS)
    before["tables"] = "old"
    rules_of("one", found)
    assert found == [["r-one"]] * 2 and gate.count > 1


def test_differences_to_snapshots_are_kept_a_few_at_a_time(corpora):
    READER.corpus = "two"
    now = session.view()
    snapshot = snapshot_bytes(now, session.loaded())
    found: list[weakref.ref[Difference]] = [
        weakref.ref(session.difference_since(now, snapshot, f"{number}.jsonl")) for number in range(6)
    ]
    again = session.difference_since(now, snapshot, "5.jsonl")
    gc.collect()
    assert again is found[-1]()
    assert [one() is not None for one in found] == [False, False, True, True, True, True]
