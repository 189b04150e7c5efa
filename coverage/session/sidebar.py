"""The sidebar: which rules, and the scope that every page counts in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from coverage.catalogue import CatalogueError, shelf
from coverage.inputs import Inputs
from coverage.loaders import Loaded
from coverage.reading import platforms_of
from coverage.scope import OPTIONS, Known, ScopeOption
from coverage.scope.options import FLAG, MANY, SIDEBAR
from coverage.session import address
from coverage.session.shared_values import kept_for_all
from coverage.session.values import (
    ATTACK,
    INPUTS,
    default_release,
    digest_of_data,
    inputs,
    inputs_now,
    reading,
)
from coverage.text import plain

ALWAYS_SHOWN = ("platforms", "enabled")  # options that every reader needs; the others are under *Advanced*
ADVANCED = "advanced_open"


def sidebar(rule_sets: Callable[[], None]) -> None:
    """The scope, the same on every page. Stops the page with a sentence when nothing can be read.

    `rule_sets` draws the choice of rules, which stands first.
    """
    with st.sidebar:
        rule_sets()
        top = st.container()
        expander = st.expander("Advanced", key=ADVANCED, on_change="rerun")
        advanced = expander if expander.open else None
        releases = [str(entry.release) for entry in shelf.installed_releases()]
        default = default_release()
        address.selectbox(
            advanced,
            "ATT&CK release",
            releases,
            ATTACK,
            default=default,
            page=address.SIDEBAR,
            help="Every mapping is read in this release, also when it was written for another.",
        )
        set_here = _scope_widgets(top, advanced, default)
        if set_here:
            top.caption("Advanced: " + plain(" · ".join(set_here)))
        _fetch_widget(releases)
        st.page_link("coverage/pages/about.py", label="About the numbers", icon=":material/help:")
    st.session_state[INPUTS] = inputs_now()


def _scope_widgets(top: DeltaGenerator, advanced: DeltaGenerator | None, default: str) -> list[str]:
    """Draws the options, those under *Advanced* where it is open; what is set there, in words."""
    release = st.session_state[ATTACK]
    try:
        platforms = platforms_of(shelf.open_release(release))
    except CatalogueError as error:
        st.error(plain(str(error)))
        st.stop()
    known = Known(platforms)
    filters = _filter_choices(inputs(), digest_of_data(), reading().loaded)
    set_here = [release] if release != default else []
    for option in OPTIONS.values():
        is_filter = option.name not in SIDEBAR
        choices = (filters[option.name] if is_filter else option.choices(known)) or {}
        if is_filter and not choices:
            continue
        where = top if option.name in ALWAYS_SHOWN else advanced
        value = option.chosen(_widget(where, option, choices))
        if where is advanced and not option.is_default(value):
            set_here.append(f"{option.label.lower()}: {option.words(value)}")
    return set_here


@kept_for_all(4)
def _filter_choices(inputs: Inputs, data: str, _loaded: Loaded) -> dict[str, Mapping[str, str]]:
    """What each filter of rules can be, over the rules that were read."""
    known = Known(rules=_loaded.rules)
    return {name: option.choices(known) or {} for name, option in OPTIONS.items() if name not in SIDEBAR}


def _widget(where: DeltaGenerator | None, option: ScopeOption, choices: Mapping[str, str]) -> Any:
    """One option of the scope. A choice may say after a colon what it means: that stands in the help."""
    explained = [words.partition(":") for words in choices.values() if ":" in words]
    meanings = "  \n".join(f"**{name}**:{meaning}" for name, _, meaning in explained)
    help_words = option.help if option.kind == FLAG or option.name not in SIDEBAR else meanings or option.help
    common: dict[str, Any] = {"help": help_words, "page": address.SIDEBAR}
    if option.kind == FLAG:
        return address.toggle(where, option.label, option.parameter, **common)
    common["format_func"] = lambda value: option.title_of(value, choices)
    common["placeholder"] = option.placeholder or None
    if option.kind == MANY:
        return address.multiselect(
            where, option.label, choices, option.parameter, default=option.default, **common
        )
    return address.selectbox(where, option.label, choices, option.parameter, default=option.default, **common)


def _fetch_widget(releases: Sequence[str]) -> None:
    shown = st.expander("Get another ATT&CK release", key="fetch_open", on_change="rerun")
    if not shown.open:  # like what is rare in `pages/rule_sets.py`
        return
    with shown:
        domain = st.selectbox("Domain", ["enterprise", "mobile", "ics"], key="fetch_domain")
        version = st.text_input("Version", placeholder="newest", key="fetch_version")
        if st.button(
            "Fetch from MITRE", key="fetch", help="Downloads the official bundle and checks its SHA-256."
        ):
            _fetch(domain, version.strip() or None)
        st.caption(f"Installed: {', '.join(releases)}")


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
