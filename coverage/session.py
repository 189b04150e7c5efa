"""What pages share: cached data, the sidebar that is the scope, deep links, and the page head.

The only module beside `app.py` and `pages/` that knows Streamlit. Computes nothing itself: it keeps
what `reading` and the measures gave, for as long as files and scope stay the same.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from coverage.accepted import Accepted, accepted_in, gaps_files
from coverage.catalogue import CatalogueError, shelf
from coverage.charts.theme import THEMES, Theme, colours_by_place
from coverage.corpora import offered
from coverage.loaders import CorpusSource, Loaded, corpus_sources, fingerprint, load
from coverage.mapping import Reader
from coverage.reading import Reading, other_releases, platforms_of, read_in, release_in_use
from coverage.scope import ENABLED_CHOICES, View
from coverage.settings import Settings, SettingsError, settings_at
from coverage.tables import TableError
from coverage.vocabulary import PRE_PLATFORM, ROLLUPS, RULE_CLASSES
from coverage.words import amount

if TYPE_CHECKING:
    from coverage.measures.difference import Difference
    from coverage.migrate import Plan

PATHS_KEY = "rule_paths"
# Query parameters of the sidebar: a link with them shows a colleague the same scope. Rule paths are
# left out on purpose: a link must not make the server read a folder of its sender's choosing.
ATTACK, PLATFORM, CLASS, ENABLED, PRE, ROLLUP = "attack", "platform", "class", "enabled", "pre", "rollup"


class _Kept:
    """The last few values by key, shared by all sessions; one session computes, the others wait."""

    def __init__(self, most: int) -> None:
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._most, self._lock = most, threading.RLock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._values:
                self._values[key] = make()
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
            return self._values[key]


@st.cache_resource(show_spinner=False)
def _kept(kind: str, most: int) -> _Kept:
    return _Kept(most)


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


@st.cache_data(ttl=2, show_spinner=False)
def _fingerprint(sources: tuple[tuple[str, str], ...]) -> str:
    return fingerprint([CorpusSource(name, Path(path)) for name, path in sources])


def sources() -> list[CorpusSource]:
    """The corpora chosen in the sidebar."""
    chosen = st.session_state.get(PATHS_KEY) or default_texts()
    return corpus_sources(offered.resolved(chosen, settings()[0]))


def colours() -> dict[str, str]:
    """Each chosen corpus and its colour: the one picked in the sidebar, else that of coverage.toml, else one by its place."""
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


def _source_key() -> tuple:
    pairs = tuple((source.name, str(source.path)) for source in sources())
    return pairs, _fingerprint(pairs)


def _at_hand() -> tuple[str, ...]:
    """The content of every release at hand: how a mapping is read depends on all of them."""
    return tuple(entry.sha256 for entry in shelf.releases_at_hand())


def loaded() -> Loaded:
    """The rules of the chosen folders, read again only when a file in them changed."""
    return _kept("loaded", 4).get(_source_key(), _load_with_progress)


def _load_with_progress() -> Loaded:
    bar = st.progress(0.0, "Reading rules …")

    def show(done: int, total: int, _path: str) -> None:
        if total and (done % 50 == 0 or done == total):
            bar.progress(min(done / total, 1.0), f"Reading rules: {done:,} of {amount(total, 'file')}")

    try:
        return load(sources(), show)
    finally:
        bar.empty()


def reading(release: str | None = None) -> Reading:
    """The rules as read in a release, by default the one chosen in the sidebar."""
    release = release or st.session_state.get(ATTACK) or default_release()
    key = (*_source_key(), release, _at_hand())
    return _kept("readings", 8).get(key, lambda: read_in(loaded(), release))


def default_release() -> str:
    """The release read where none is chosen; the project's, with a note, where coverage.toml's cannot be."""
    try:
        return release_in_use(settings()[0])
    except CatalogueError as error:
        st.warning(str(error))
        return str(shelf.default_release())


def view(release: str | None = None) -> View:
    """The rules as read in a release (`reading`), cut to the sidebar's scope. Measures are kept in it."""
    state = st.session_state
    options = {
        "platforms": tuple(state.get(PLATFORM) or ()),
        "pre": bool(state.get(PRE, False)),
        "classes": tuple(state.get(CLASS) or ("production",)),
        "enabled": state.get(ENABLED) or "not_disabled",
        "rollup": state.get(ROLLUP) or "any",
    }
    now = reading(release)
    key = (*_source_key(), str(now.catalogue.release), _at_hand(), *options.values(), _today())
    return _kept("views", 24).get(key, lambda: now.view(**options))


def _today() -> str:
    from datetime import date

    return date.today().isoformat()


def findings() -> pd.DataFrame:
    """FINDINGS of every rule in the chosen release, without lines; the project's coverage.toml says which are silenced.

    A settings file that cannot be used is said on the page, and silences nothing.
    """
    from coverage.findings.silencing import silenced
    from coverage.settings import SettingsError, settings_at

    now = reading()
    try:
        return silenced(now.findings, settings_at(), now.loaded.corpora)
    except SettingsError as error:
        st.warning(f"Nothing is silenced: {error}")
        return now.findings


def accepted(now: View) -> Accepted:
    """What gaps.toml says in the view's release: beside coverage.toml, else in the folders of the view's corpora."""
    files = gaps_files(settings()[0].file, now.scope.corpora)
    if not files:
        return Accepted()
    states = tuple(
        (str(file), (status := file.stat()).st_mtime_ns, status.st_size) for file in files if file.is_file()
    )
    key = (states, str(now.catalogue.release), now.catalogue.sha256, _at_hand())
    return _kept("accepted", 8).get(
        key, lambda: accepted_in(files, Reader(now.catalogue, other_releases(now.catalogue)))
    )


def difference_since(now: View, data: bytes, name: str) -> Difference:
    """What became of coverage between a snapshot's bytes and a view of all the chosen rules.

    Raises
    ------
    SnapshotError, CatalogueError, ValueError
        When it is no snapshot, its release is not at hand, or it is of another domain.
    """
    from coverage.measures.difference import difference
    from coverage.measures.steps import State
    from coverage.snapshot import snapshot_of

    key = f"difference {name} {hashlib.sha256(data).hexdigest()}"
    if key not in now.results:
        base = snapshot_of(data, name)
        now.results[key] = difference(
            State(name, base.loaded, base.scope, base), State("these rules", loaded(), now.scope)
        )
    return now.results[key]


def written_for() -> pd.DataFrame:
    """WRITTEN_FOR of every mapped rule, by the releases at hand of the chosen release's domain."""
    from coverage.findings import written_for as module

    now = reading()
    key = (*_source_key(), now.catalogue.release.domain, _at_hand())
    return _kept("written_for", 4).get(key, lambda: module.written_for(now))


def migration(release: str, decisions: bytes = b"") -> Plan:
    """What moving the rules' mappings to a release would do, with the answers of a decisions file.

    Raises
    ------
    CatalogueError, DecisionError
        When the release is not at hand, or the decisions cannot be used.
    """
    key = (*_source_key(), release, decisions, _at_hand())
    return _kept("migrations", 4).get(key, lambda: _planned_with_progress(release, decisions))


def _planned_with_progress(release: str, decisions: bytes) -> Plan:
    from coverage.migrate import decisions_from, open_target, plan_sources

    target, answers = open_target(release), decisions_from(decisions, "the decisions file")
    bar = st.progress(0.0, "Reading mappings …")

    def show(done: int, total: int, _path: str) -> None:
        if total and (done % 100 == 0 or done == total):
            bar.progress(min(done / total, 1.0), f"Reading mappings: {done:,} of {amount(total, 'file')}")

    try:
        return plan_sources(sources(), target, answers, progress=show)
    finally:
        bar.empty()


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


def _scope_widgets() -> None:
    try:
        catalogue = shelf.open_release(st.session_state[ATTACK])
        platforms = [name for name in platforms_of(catalogue) if name != PRE_PLATFORM]
    except CatalogueError as error:
        st.error(str(error))
        st.stop()
    st.multiselect(
        "Platforms",
        platforms,
        key=PLATFORM,
        bind="query-params",
        placeholder="All platforms",
        help="Techniques on these platforms, and rules known to work on one of them.",
    )
    st.multiselect(
        "Rule classes",
        list(RULE_CLASSES),
        default=["production"],
        key=CLASS,
        bind="query-params",
        format_func=RULE_CLASSES.__getitem__,
        placeholder="Production",
        help="Which rules count. Building blocks, hunts and rules in development prove less than production rules.",
    )
    st.selectbox(
        "Rules switched on",
        list(ENABLED_CHOICES),
        key=ENABLED,
        bind="query-params",
        format_func=lambda name: ENABLED_CHOICES[name].capitalize(),
        help="Few formats say whether a rule is enabled.",
    )
    st.selectbox(
        "A technique counts as covered by",
        list(ROLLUPS),
        key=ROLLUP,
        bind="query-params",
        format_func=lambda name: ROLLUPS[name].partition(":")[0],
        help="  \n".join(
            f"**{name.partition(':')[0]}**:{name.partition(':')[2]}" for name in ROLLUPS.values()
        ),
    )
    st.toggle(
        "PRE-only techniques",
        key=PRE,
        bind="query-params",
        help="Techniques that happen before a SIEM sees anything, such as buying infrastructure.",
    )


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
        st.error(str(error))
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
    st.caption(f"{now.scope.sentence()}  \n{_escaped_corpora(now)} · {now.scope.date.isoformat()}")


def _escaped_corpora(now: View) -> str:
    from coverage.text import plain

    return plain(now.scope.corpora_sentence())


def guarded_view() -> View:
    """The view, or a page that says in words why there is none and what to do next."""
    try:
        now = view()
    except (CatalogueError, TableError) as error:
        st.error(str(error))
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


def compact_layout() -> None:
    """Streamlit's wide layout with narrower margins: a matrix of fifteen columns needs the room."""
    st.html(
        "<style>.stMainBlockContainer{padding:3.4rem 1.2rem 2rem 1.2rem}"
        "[data-testid='stHeading'] h1{font-size:1.6rem;padding:0.2rem 0}"
        "[data-testid='stHeading'] h3{font-size:1.2rem;padding:0.6rem 0 0.2rem 0}"
        "[data-testid='stMetricValue']{font-size:1.65rem}"
        "[data-testid='stMarkdownContainer'] h4{padding:0 0 0.2rem 0;font-size:1.15rem;font-weight:500}</style>"
    )


def open_technique(attack_id: str) -> None:
    """Go to the page of a technique. The scope stays: its parameters are bound to the sidebar."""
    st.switch_page("coverage/pages/technique.py", query_params={"technique": attack_id})


def open_rule(rule_key: str) -> None:
    """Go to the detail of a rule. The scope stays: its parameters are bound to the sidebar."""
    st.switch_page("coverage/pages/rules.py", query_params={"rule": rule_key})
