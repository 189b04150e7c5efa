"""What a page shows, as the sidebar asks for it: rules, readings, views, findings, gaps and changes.

Computes nothing itself: keeps what `reading` and the measures gave, for as long as its `Inputs` and the scope
stay the same.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from coverage.catalogue import CatalogueError, shelf
from coverage.catalogue.model import Catalogue
from coverage.charts.theme import colours_by_place
from coverage.corpora import offered
from coverage.inputs import Inputs, inputs_of
from coverage.inventory.arrivals import Arrivals, arrivals_in
from coverage.inventory.reading import Inventories, read_inventories
from coverage.inventory.verdicts import on_data
from coverage.loaders import CorpusSource, Loaded, corpus_sources, fingerprint, load
from coverage.loaders.corpora import Progress
from coverage.mapping.reader import Reader
from coverage.project.accepted_gaps import Accepted, accepted_in, gaps_files
from coverage.project.settings import Settings, SettingsError, release_in_use, settings_at
from coverage.project.silencing import silenced
from coverage.reading import Reading, other_releases, read_in
from coverage.scope import OPTIONS, Scope, View
from coverage.session import inventory, waiting
from coverage.session.shared_values import kept_for_all
from coverage.text import plain
from coverage.threats.profile import Profile
from coverage.threats.threat import Threat, threat_in
from coverage.words import amount

if TYPE_CHECKING:
    from coverage.changes.difference import Difference
    from coverage.migrate import Plan

PATHS_KEY = "rule_paths"
ATTACK = "attack"  # the release's key and query parameter
INPUTS = "inputs"
BASELINE = "baseline_snapshot"  # (name, bytes) of the snapshot given on the Share page


def settings() -> tuple[Settings, str | None]:
    """The settings of the folder the dashboard was started in; none, and why, when they cannot be used."""
    try:
        return settings_at(), None
    except SettingsError as error:
        return Settings(), str(error)


def default_texts() -> list[str]:
    """What is read to start with: command-line arguments, else what `offered.default_texts` says."""
    given = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    found, _ = settings()
    return offered.resolved(given, found) or offered.default_texts(found)


@st.cache_data(ttl=2, max_entries=32, show_spinner=False)
def _fingerprint(sources: tuple[tuple[str, str], ...]) -> str:
    return fingerprint([CorpusSource(name, Path(path)) for name, path in sources])


def sources() -> list[CorpusSource]:
    """The corpora chosen in the sidebar."""
    chosen = st.session_state.get(PATHS_KEY) or default_texts()
    return corpus_sources(offered.resolved(chosen, settings()[0]))


def colours() -> dict[str, str]:
    """Each chosen corpus and its colour: the one picked in the sidebar, else that of coverage.toml, else one
    by its place.
    """
    names, picked = [source.name for source in sources()], st.session_state
    chosen = {corpus.name: corpus.colour for corpus in settings()[0].corpora if corpus.colour}
    chosen |= {name: picked[colour_key(name)] for name in names if colour_key(name) in picked}
    return colours_by_place(names, chosen)


def colour_key(corpus: str) -> str:
    """The session's key of the colour picked for a corpus."""
    return f"corpus_colour_{corpus}"


def corpus_colours(now: View) -> dict[str, str]:
    """The colour of each corpus of a view."""
    found = colours()
    return {stamp.name: found[stamp.name] for stamp in now.scope.corpora}


def inputs() -> Inputs:
    """What this run of the page is made from: found once, with the sidebar, so that the page is of one
    piece.
    """
    found = st.session_state.get(INPUTS)
    return inputs_now() if found is None else found


def inputs_now() -> Inputs:
    chosen = sources()
    places = tuple((source.name, str(source.path.absolute())) for source in chosen)
    return inputs_of(chosen, _fingerprint(places))


def loaded() -> Loaded:
    """The rules of the chosen folders, read again only when an input changed."""
    now, known = inputs(), _digests_read()
    if now.digest not in known:
        waiting.start("Reading rules …")  # also while another session reads them
    found = _loaded(now)
    known.add(now.digest)
    return found


@st.cache_resource(show_spinner=False)
def _digests_read() -> set[str]:
    """The inputs whose rules were read once since the server started."""
    return set()


@kept_for_all(4)
def _loaded(inputs: Inputs) -> Loaded:
    return load(inputs.sources, waiting.files)


def inventories() -> Inventories | None:
    """The inventories that pages count by; None where there is none."""
    stated = inventory.stated(settings()[0])
    return None if stated is None else _arriving(inputs(), stated.digest, stated)[0]


@kept_for_all(8)
def _arriving(inputs: Inputs, digest: str, _stated: inventory.Stated) -> tuple[Inventories, Arrivals]:
    found = read_inventories(_stated.settings, contents=_stated.contents)
    return found, arrivals_in(found)


def reading(release: str | None = None) -> Reading:
    """The rules as read in a release, by default the one chosen in the sidebar, and whether each can run."""
    release = release or st.session_state.get(ATTACK) or default_release()
    now = _reading(inputs(), release, loaded())
    stated = inventory.stated(settings()[0])
    if stated is None:
        return now
    _, arrivals = _arriving(inputs(), stated.digest, stated)
    return _reading_on_data(inputs(), release, stated.digest, now, arrivals)


@kept_for_all(8)
def _reading(inputs: Inputs, release: str, _loaded: Loaded) -> Reading:
    waiting.go_on(f"Reading the mappings of {amount(len(_loaded.rules), 'rule')} …")
    return read_in(_loaded, release)


@kept_for_all(8)
def _reading_on_data(
    inputs: Inputs, release: str, digest: str, _reading: Reading, _arrivals: Arrivals
) -> Reading:
    return replace(_reading, loaded=on_data(_reading.loaded, _arrivals))


def default_release() -> str:
    """The release read where none is chosen; the project's, with a note, where coverage.toml's cannot be."""
    try:
        return release_in_use(settings()[0])
    except CatalogueError as error:
        st.warning(plain(str(error)))
        return str(shelf.default_release())


def view(release: str | None = None) -> View:
    """The rules as read in a release (`reading`), cut to the sidebar's scope. Measures are kept with it."""
    state = st.session_state
    options = {name: option.chosen(state.get(option.parameter)) for name, option in OPTIONS.items()}
    now = reading(release)
    options["runs"] &= now.loaded.arrivals is not None  # of a link from where there is an inventory
    return _view(inputs(), str(now.catalogue.release), options, _today(), digest_of_data(), now)


def digest_of_data() -> str:
    """One text for the inventories that pages count by; "" where there is none."""
    stated = inventory.stated(settings()[0])
    return "" if stated is None else stated.digest


@kept_for_all(24)
def _view(
    inputs: Inputs, release: str, options: Mapping[str, Any], day: str, data: str, _reading: Reading
) -> View:
    waiting.go_on(f"Counting what {amount(len(_reading.loaded.rules), 'rule')} cover …")
    return _reading.view(**options, on=date.fromisoformat(day))


def _today() -> str:
    return date.today().isoformat()


def findings() -> pd.DataFrame:
    """FINDINGS of every rule in the chosen release, without lines; the project's coverage.toml says which are
    silenced.

    A settings file that cannot be used silences nothing; the page names its fault.
    """
    found, fault = settings()
    if fault:
        st.warning(f"Nothing is silenced: {plain(fault)}")
    now = reading()
    return _findings(inputs(), str(now.catalogue.release), _today(), now, found)


@kept_for_all(8)
def _findings(inputs: Inputs, release: str, day: str, _reading: Reading, _settings: Settings) -> pd.DataFrame:
    return silenced(_reading.findings, _settings, _reading.loaded.corpora, date.fromisoformat(day))


def unplaced() -> pd.DataFrame:
    """FINDINGS of the IDs that could not be placed in the chosen release, with their lines and columns."""
    now = reading()
    return _unplaced(inputs(), str(now.catalogue.release), now)


@kept_for_all(4)
def _unplaced(inputs: Inputs, release: str, _reading: Reading) -> pd.DataFrame:
    from coverage.findings.places import placed

    return placed(_reading.unplaced, _reading.loaded)


def accepted(now: View) -> Accepted:
    """What gaps.toml says in the view's release: beside coverage.toml, else in the folders of the view's
    corpora.
    """
    files = gaps_files(settings()[0].file, now.scope.corpora)
    return _accepted(inputs(), files, str(now.catalogue.release), now.catalogue) if files else Accepted()


@kept_for_all(8)
def _accepted(inputs: Inputs, files: tuple[Path, ...], release: str, _catalogue: Catalogue) -> Accepted:
    return accepted_in(files, Reader(_catalogue, other_releases(_catalogue)))


def threat(profile: Profile) -> Threat:
    """A threat profile in the chosen release.

    Raises
    ------
    TableError
        When `data/group_sectors.csv` cannot be used.
    """
    now = reading()
    return _threat(inputs(), str(now.catalogue.release), profile.digest, _today(), profile, now)


@kept_for_all(20)
def _threat(
    inputs: Inputs, release: str, stated: str, day: str, _profile: Profile, _reading: Reading
) -> Threat:
    found = threat_in(_profile, _reading.catalogue, _reading.reader, date.fromisoformat(day))
    return replace(found, profile=replace(_profile, contents={}))  # files are not kept for all sessions


def difference_since(now: View, data: bytes, name: str) -> Difference:
    """What became of coverage between a snapshot's bytes and a view of all the chosen rules.

    Raises
    ------
    SnapshotError, CatalogueError, ValueError
        When it is not a snapshot, its release is not installed, or it is of another domain.
    """
    digest = hashlib.sha256(data).hexdigest()
    rules = reading().loaded
    return _difference(inputs(), name, digest, now.scope.stamp(), digest_of_data(), data, now.scope, rules)


def baseline() -> tuple[str, bytes] | None:
    """The snapshot that pages compare with, by name: the one given on the Share page in this session, else
    the file that `[check] baseline` in coverage.toml names.
    """
    given = st.session_state.get(BASELINE)
    if given is not None:
        return given
    found = settings()[0]
    if found.file is None or found.check.baseline is None:
        return None
    file = found.file.parent / found.check.baseline
    return (file.name, file.read_bytes()) if file.is_file() else None


@kept_for_all(4)  # each holds the rules of a snapshot: 20 MB for a few thousand
def _difference(
    inputs: Inputs,
    name: str,
    digest: str,
    stamp: dict,
    told: str,
    _data: bytes,
    _scope: Scope,
    _loaded: Loaded,
) -> Difference:
    from coverage.changes.difference import difference
    from coverage.changes.snapshot import snapshot_of
    from coverage.changes.steps import State

    base = snapshot_of(_data, name)
    return difference(State(name, base.loaded, base.scope, base), State("these rules", _loaded, _scope))


def written_for() -> pd.DataFrame:
    """WRITTEN_FOR of every mapped rule, by the installed releases of the chosen release's domain."""
    now = reading()
    return _written_for(inputs(), now.catalogue.release.domain, now)


@kept_for_all(4)
def _written_for(inputs: Inputs, domain: str, _reading: Reading) -> pd.DataFrame:
    from coverage.measures.written_for import written_for

    return written_for(_reading)


def migration(release: str, decisions: bytes = b"") -> Plan:
    """What moving the rules' mappings to a release would do, with the answers of a decisions file.

    Raises
    ------
    CatalogueError, DecisionError
        When the release is not installed, or the decisions cannot be used.
    """
    with waiting.part("Reading mappings") as bar:
        return _migration(inputs(), release, decisions, bar)


@kept_for_all(4)
def _migration(inputs: Inputs, release: str, decisions: bytes, _bar: Progress) -> Plan:
    from coverage.migrate import decisions_from, open_target, plan_sources

    answers = decisions_from(decisions, "the decisions file")
    return plan_sources(inputs.sources, open_target(release), answers, progress=_bar)


def rule_file(corpus: str, path: str) -> Path | None:
    """The file of a rule that was loaded, or None when its corpus is gone."""
    stamp = next((stamp for stamp in loaded().corpora if stamp.name == corpus), None)
    return stamp.file(path) if stamp else None
