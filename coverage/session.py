"""What pages share: cached data, the sidebar that is the scope, deep links, and the page head.

The only module beside `app.py` and `pages/` that knows Streamlit. Computes nothing itself: it keeps
what `reading` and the measures gave, for as long as its `Inputs` and the scope stay the same.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage.catalogue import CatalogueError, shelf
from coverage.catalogue.model import Catalogue
from coverage.charts.theme import THEMES, Theme, colours_by_place
from coverage.corpora import offered
from coverage.inputs import Inputs, inputs_of
from coverage.loaders import CorpusSource, Loaded, corpus_sources, fingerprint, load
from coverage.loaders.corpora import Progress
from coverage.mapping.reader import Reader
from coverage.project.accepted_gaps import Accepted, accepted_in, gaps_files
from coverage.project.settings import Settings, SettingsError, release_in_use, settings_at
from coverage.project.silencing import silenced
from coverage.reading import Reading, other_releases, platforms_of, read_in
from coverage.scope import OPTIONS, Known, Scope, ScopeOption, View
from coverage.scope.options import FLAG, MANY, SIDEBAR
from coverage.tables import TableError
from coverage.text import plain
from coverage.words import amount

if TYPE_CHECKING:
    from coverage.changes.difference import Difference
    from coverage.migrate import Plan

PATHS_KEY = "rule_paths"
# Query parameters of the sidebar: a link with them shows a colleague the same scope. Rule paths are
# left out on purpose: a link must not make the server read a folder of its sender's choosing.
ATTACK = "attack"
_INPUTS = "inputs"

Value = TypeVar("Value")


class _Outdated(Exception):
    """A value made while its inputs changed: it is shown, and not kept for those it was asked for."""

    def __init__(self, value: object) -> None:
        super().__init__("the inputs changed while a value was made of them")
        self.value = value


def _kept(most: int) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Keeps the last few values of a function for all sessions, by its inputs and its other arguments.

    Arguments whose names start with `_` are no part of the key. Streamlit makes a value once: who asks for it
    meanwhile waits, and nobody who asks for another.
    """

    def decorated(make: Callable[..., Value]) -> Callable[..., Value]:
        @wraps(make)
        def checked(inputs: Inputs, *arguments: Any) -> Value:
            value = make(inputs, *arguments)
            if inputs_of(inputs.sources, inputs.rules) != inputs:
                raise _Outdated(value)
            return value

        hashes = {Inputs: lambda inputs: inputs.digest}
        kept = st.cache_resource(max_entries=most, show_spinner=False, hash_funcs=hashes)(checked)

        @wraps(make)
        def asked(inputs: Inputs, *arguments: Any) -> Value:
            try:
                return kept(inputs, *arguments)
            except _Outdated as outdated:
                return outdated.value

        return asked

    return decorated


class _Bar:
    """A progress bar on the page while something is made; gone afterwards, absent when nothing is made.

    It is drawn as if outside of the function that keeps the value: what is drawn inside, Streamlit draws
    again each time the value is used.
    """

    def __init__(self, words: str, every: int) -> None:
        self._words, self._every = words, every
        self._outside = copy_context()
        self._bar: DeltaGenerator | None = None

    def __call__(self, done: int, total: int, _path: str) -> None:
        if total and (done == 1 or done % self._every == 0 or done == total):
            self._outside.run(self._show, done, total)

    def _show(self, done: int, total: int) -> None:
        share, text = min(done / total, 1.0), f"{self._words}: {done:,} of {amount(total, 'file')}"
        if self._bar is None:
            self._bar = st.progress(share, text)
        else:
            self._bar.progress(share, text)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.empty()


# ---- rules ---------------------------------------------------------------------------------------------


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
    found = st.session_state.get(_INPUTS)
    return _inputs_now() if found is None else found


def _inputs_now() -> Inputs:
    chosen = sources()
    places = tuple((source.name, str(source.path.absolute())) for source in chosen)
    return inputs_of(chosen, _fingerprint(places))


def loaded() -> Loaded:
    """The rules of the chosen folders, read again only when an input changed."""
    with _Bar("Reading rules", every=50) as bar:
        return _loaded(inputs(), bar)


@_kept(4)
def _loaded(inputs: Inputs, _progress: Progress) -> Loaded:
    return load(inputs.sources, _progress)


def reading(release: str | None = None) -> Reading:
    """The rules as read in a release, by default the one chosen in the sidebar."""
    release = release or st.session_state.get(ATTACK) or default_release()
    return _reading(inputs(), release, loaded())


@_kept(8)
def _reading(inputs: Inputs, release: str, _loaded: Loaded) -> Reading:
    return read_in(_loaded, release)


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
    return _view(inputs(), str(now.catalogue.release), options, _today(), now)


@_kept(24)
def _view(inputs: Inputs, release: str, options: Mapping[str, Any], day: str, _reading: Reading) -> View:
    return _reading.view(**options, on=date.fromisoformat(day))


def _today() -> str:
    return date.today().isoformat()


def findings() -> pd.DataFrame:
    """FINDINGS of every rule in the chosen release, without lines; the project's coverage.toml says which are
    silenced.

    A settings file that cannot be used is said on the page, and silences nothing.
    """
    found, fault = settings()
    if fault:
        st.warning(f"Nothing is silenced: {plain(fault)}")
    now = reading()
    return _findings(inputs(), str(now.catalogue.release), _today(), now, found)


@_kept(8)
def _findings(inputs: Inputs, release: str, day: str, _reading: Reading, _settings: Settings) -> pd.DataFrame:
    return silenced(_reading.findings, _settings, _reading.loaded.corpora, date.fromisoformat(day))


def unplaced() -> pd.DataFrame:
    """FINDINGS of the IDs that could not be placed in the chosen release, with their lines and columns."""
    now = reading()
    return _unplaced(inputs(), str(now.catalogue.release), now)


@_kept(4)
def _unplaced(inputs: Inputs, release: str, _reading: Reading) -> pd.DataFrame:
    from coverage.findings.places import placed

    return placed(_reading.unplaced, _reading.loaded)


def accepted(now: View) -> Accepted:
    """What gaps.toml says in the view's release: beside coverage.toml, else in the folders of the view's
    corpora.
    """
    files = gaps_files(settings()[0].file, now.scope.corpora)
    return _accepted(inputs(), files, str(now.catalogue.release), now.catalogue) if files else Accepted()


@_kept(8)
def _accepted(inputs: Inputs, files: tuple[Path, ...], release: str, _catalogue: Catalogue) -> Accepted:
    return accepted_in(files, Reader(_catalogue, other_releases(_catalogue)))


def difference_since(now: View, data: bytes, name: str) -> Difference:
    """What became of coverage between a snapshot's bytes and a view of all the chosen rules.

    Raises
    ------
    SnapshotError, CatalogueError, ValueError
        When it is no snapshot, its release is not at hand, or it is of another domain.
    """
    digest = hashlib.sha256(data).hexdigest()
    return _difference(inputs(), name, digest, now.scope.stamp(), data, now.scope, loaded())


@_kept(4)  # each holds the rules of a snapshot: 20 MB for a few thousand
def _difference(
    inputs: Inputs, name: str, digest: str, stamp: dict, _data: bytes, _scope: Scope, _loaded: Loaded
) -> Difference:
    from coverage.changes.difference import difference
    from coverage.changes.snapshot import snapshot_of
    from coverage.changes.steps import State

    base = snapshot_of(_data, name)
    return difference(State(name, base.loaded, base.scope, base), State("these rules", _loaded, _scope))


def written_for() -> pd.DataFrame:
    """WRITTEN_FOR of every mapped rule, by the releases at hand of the chosen release's domain."""
    now = reading()
    return _written_for(inputs(), now.catalogue.release.domain, now)


@_kept(4)
def _written_for(inputs: Inputs, domain: str, _reading: Reading) -> pd.DataFrame:
    from coverage.measures.written_for import written_for

    return written_for(_reading)


def migration(release: str, decisions: bytes = b"") -> Plan:
    """What moving the rules' mappings to a release would do, with the answers of a decisions file.

    Raises
    ------
    CatalogueError, DecisionError
        When the release is not at hand, or the decisions cannot be used.
    """
    with _Bar("Reading mappings", every=100) as bar:
        return _migration(inputs(), release, decisions, bar)


@_kept(4)
def _migration(inputs: Inputs, release: str, decisions: bytes, _progress: Progress) -> Plan:
    from coverage.migrate import decisions_from, open_target, plan_sources

    answers = decisions_from(decisions, "the decisions file")
    return plan_sources(inputs.sources, open_target(release), answers, progress=_progress)


def rule_file(corpus: str, path: str) -> Path | None:
    """The file of a rule that was loaded, or None when its corpus is gone."""
    stamp = next((stamp for stamp in loaded().corpora if stamp.name == corpus), None)
    return stamp.file(path) if stamp else None


# ---- sidebar -------------------------------------------------------------------------------------------


def sidebar(rule_folders: Callable[[], None]) -> None:
    """The scope, the same on every page. Stops the page with a sentence when nothing can be read.

    `rule_folders` draws the choice of rules, which stands first.
    """
    with st.sidebar:
        rule_folders()
        releases = [str(entry.release) for entry in shelf.releases_at_hand()]
        default = default_release()
        st.selectbox(
            "ATT&CK release",
            releases,
            index=releases.index(default),
            key=ATTACK,
            bind="query-params",
            help="Every mapping is read in this release, whatever release it was written for.",
        )
        _scope_widgets()
        _fetch_widget(releases)
    st.session_state[_INPUTS] = _inputs_now()


def _scope_widgets() -> None:
    try:
        platforms = platforms_of(shelf.open_release(st.session_state[ATTACK]))
    except CatalogueError as error:
        st.error(plain(str(error)))
        st.stop()
    known = Known(platforms)
    for name in SIDEBAR:
        _widget(OPTIONS[name], OPTIONS[name].choices(known) or {})
    filters = [option for name, option in OPTIONS.items() if name not in SIDEBAR]
    is_set = any(
        st.session_state.get(option.parameter) or option.parameter in st.query_params for option in filters
    )
    with st.expander("More filters", expanded=is_set):
        choices = _filter_choices(inputs(), loaded())
        for option in filters:
            if choices[option.name]:
                _widget(option, choices[option.name])


@_kept(4)
def _filter_choices(inputs: Inputs, _loaded: Loaded) -> dict[str, Mapping[str, str]]:
    """What each filter of rules can be, over the rules that were read."""
    known = Known(rules=_loaded.rules)
    return {name: option.choices(known) or {} for name, option in OPTIONS.items() if name not in SIDEBAR}


def _widget(option: ScopeOption, choices: Mapping[str, str]) -> None:
    """One option of the scope. A choice may say after a colon what it means: that stands in the help."""
    explained = [words.partition(":") for words in choices.values() if ":" in words]
    meanings = "  \n".join(f"**{name}**:{meaning}" for name, _, meaning in explained)
    words = option.help if option.kind == FLAG or option.name not in SIDEBAR else meanings or option.help
    common: dict[str, Any] = {"key": option.parameter, "bind": "query-params", "help": words}
    if option.kind == FLAG:
        st.toggle(option.label, **common)
        return
    common["format_func"] = lambda value: option.title_of(value, choices)
    if option.kind == MANY:
        values = list(option.default)
        st.multiselect(option.label, list(choices), values, placeholder=option.placeholder, **common)
    else:
        index = None if option.default is None else list(choices).index(option.default)
        st.selectbox(option.label, list(choices), index, placeholder=option.placeholder or None, **common)


def _fetch_widget(releases: Sequence[str]) -> None:
    with st.expander("Get another ATT&CK release"):
        domain = st.selectbox("Domain", ["enterprise", "mobile", "ics"], key="fetch_domain")
        version = st.text_input("Version", placeholder="newest", key="fetch_version")
        if st.button(
            "Fetch from MITRE", key="fetch", help="Downloads the official bundle and checks its SHA-256."
        ):
            _fetch(domain, version.strip() or None)
        st.caption(f"At hand: {', '.join(releases)}")


def _fetch(domain: str, version: str | None) -> None:
    from coverage.catalogue.fetch import fetch

    bar = st.progress(0.0, "Asking MITRE …")

    def show(done: int, total: int | None) -> None:
        share = min(done / total, 1.0) if total else 0.0
        bar.progress(
            share,
            f"{done / 1e6:.1f} MB" + (f" of {total / 1e6:.1f} MB" if total else "") + " · then reading it",
        )

    try:
        catalogue = fetch(domain, version, progress=show)
    except CatalogueError as error:
        bar.empty()
        st.error(plain(str(error)))
        return
    bar.empty()
    st.session_state["fetched"] = catalogue.release.title
    st.rerun()


# ---- pages ---------------------------------------------------------------------------------------------


def theme() -> Theme:
    """The colours that go with the reader's light or dark appearance."""
    return THEMES.get(getattr(st.context.theme, "type", None) or "light", THEMES["light"])


def page_head(title: str, answer: str, now: View) -> None:
    """Title, the page's answer in one sentence with its denominator, and the scope's stamp."""
    st.title(title, anchor=False)
    st.markdown(f"#### {answer}")
    scope, corpora = plain(now.scope.sentence()), plain(now.scope.corpora_sentence())
    st.caption(f"{scope}  \n{corpora} · {now.scope.date.isoformat()}")


def guarded_view() -> View:
    """The view, or a page that says in words why there is none and what to do next."""
    try:
        now = view()
    except (CatalogueError, TableError) as error:
        st.error(plain(str(error)))
        st.stop()
    if now.all_rules.empty:
        st.title("No rules yet", anchor=False)
        st.info(
            "No detection rule was found in the chosen folders. Add a folder under **Rule folders** in the "
            "sidebar, or start the dashboard with it: `streamlit run app.py -- path/to/rules`."
        )
        problems = loaded().problems
        if len(problems):
            st.dataframe(problems[["severity", "code", "path", "line", "message"]], hide_index=True)
        st.stop()
    return now


def file_name(stem: str, now: View, suffix: str = "csv") -> str:
    """A download's name: what it is, the release and the stamp's date."""
    return f"{stem}_{now.scope.attack}_{now.scope.date.isoformat()}.{suffix}"


# What `pages/untrusted.py` shows looks as Streamlit's own Markdown does; its headings are those of a text on
# a page.
_RULE_TEXT = """
.stHtml{line-height:1.6;overflow-wrap:anywhere}
.stHtml p{margin:0 0 0.75rem 0}
.stHtml h4{font-size:1.15rem;font-weight:600;padding:0.3rem 0}
.stHtml h5{font-size:1rem;font-weight:600;padding:0.3rem 0}
.stHtml h6{font-size:0.9rem;font-weight:600;padding:0.3rem 0}
.stHtml ul,.stHtml ol{margin:0 0 0.75rem 0;padding-left:1.5rem}
.stHtml code{font-family:"Source Code Pro",monospace;font-size:0.85em;padding:0.1em 0.3em;
border-radius:0.25rem;background:rgba(128,128,128,0.14)}
.stHtml pre{margin:0 0 0.75rem 0;padding:0.75rem;border-radius:0.5rem;overflow-x:auto;
background:rgba(128,128,128,0.1)}
.stHtml pre code{padding:0;background:none}
.stHtml table{border-collapse:collapse;margin:0 0 0.75rem 0}
.stHtml th,.stHtml td{border:1px solid rgba(128,128,128,0.3);padding:0.25rem 0.5rem;text-align:left}
.stHtml blockquote{margin:0 0 0.75rem 0;padding-left:0.75rem;border-left:3px solid rgba(128,128,128,0.4)}
"""


def compact_layout() -> None:
    """Streamlit's wide layout with narrower margins: a matrix of fifteen columns needs the room."""
    st.html(
        "<style>.stMainBlockContainer{padding:3.4rem 1.2rem 2rem 1.2rem}"
        "[data-testid='stHeading'] h1{font-size:1.6rem;padding:0.2rem 0}"
        "[data-testid='stHeading'] h3{font-size:1.2rem;padding:0.6rem 0 0.2rem 0}"
        "[data-testid='stMetricValue']{font-size:1.65rem}"
        "[data-testid='stMarkdownContainer'] h4{padding:0 0 0.2rem 0;font-size:1.15rem;font-weight:500}"
        f"{_RULE_TEXT}.stHtml a{{color:{theme().accent}}}</style>"
    )


def open_technique(attack_id: str) -> None:
    """Go to the page of a technique. The scope stays: its parameters are bound to the sidebar."""
    st.switch_page("coverage/pages/technique.py", query_params={"technique": attack_id})


def open_rule(rule_key: str) -> None:
    """Go to the detail of a rule. The scope stays: its parameters are bound to the sidebar."""
    st.switch_page("coverage/pages/rules.py", query_params={"rule": rule_key})
