"""The address of a page: what it shows, as query parameters by ID, and the widgets that follow it.

A filter is in the link, but it is not a step in the browser's history: `address.js` replaces the entry. Only
going to another page, or opening a rule or technique, is a step. Filters stay while one works on another
page. A widget takes its value from the address when the reader came by a link, or went back or forward; else
it keeps its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Query = dict[str, list[str]]

PAGE = "address_page"  # the page of the last run
_CAME = "address_came"  # the query this run came with
_OWN = "address_own"  # queries that are this page's own doing, newest last: they tell of no navigation
_TARGET = "address_target"  # parameters of the page that is being opened
_ARRIVED = "address_arrived"  # whether the last run was of another page
_FOLLOWED = "address_followed"  # whether widgets follow the address in this run
_SHOWN = "address_shown"  # the query of what this run shows
_KEPT = "address_kept"  # page -> key -> value, of widgets that are not shown now
_STEPPING = "address_stepping"  # this run ends for a step: the next one shows its query
_DRAWN, _DRAWN_BEFORE = "address_drawn", "address_drawn_before"  # keys of this run's widgets, of the last's
_REMEMBERED = 20  # queries of one's own: the browser may be a few runs behind

SIDEBAR = "*"  # the "page" of the widgets that every page has; the first page's own name is ""


# ---- a run ---------------------------------------------------------------------------------------------


@contextmanager
def run(page: str) -> Iterator[None]:
    """One run of the app over a page, by its part of the address."""
    _begin(page)
    place = st.container(height=1, border=False)
    with place:
        _component()(data={}, key="address_ahead")  # the browser loads what draws components meanwhile
    try:
        yield
    finally:
        _finish(place)


def _begin(page: str) -> None:
    """Finds whether the reader navigated since the last run."""
    state = st.session_state
    came: Query = {name: st.query_params.get_all(name) for name in st.query_params}
    target = state.pop(_TARGET, None)
    arrived = state.get(PAGE) != page
    own = [] if arrived else state.get(_OWN, [])
    state[_FOLLOWED] = arrived or (came not in own and came != state.get(_CAME))
    state[PAGE], state[_OWN] = page, [*own, came][-_REMEMBERED:]
    state[_CAME] = came if target is None else target
    state[_SHOWN] = {}
    state[_DRAWN_BEFORE], state[_DRAWN] = state.get(_DRAWN, frozenset()), frozenset()
    state[_ARRIVED] = arrived


def _finish(place: DeltaGenerator) -> None:
    """Ends a run: shows its query in the address bar."""
    state = st.session_state
    if state.pop(_STEPPING, False):
        return  # its old query would come after the new one
    shown: Query = state.get(_SHOWN, {})
    state[_OWN] = [*state.get(_OWN, []), shown][-_REMEMBERED:]
    state[_CAME] = shown
    with place:
        _put({"page": state.get(PAGE, ""), "query": urlencode(shown, doseq=True)})


def replace_page(page: str, query: Query) -> None:
    """Loads another page in place of this one, whose address leads to it: going back does not come here."""
    with st.container(height=1, border=False):
        _put({"instead": f"./{page}?{urlencode(query, doseq=True)}"})


def _put(data: dict[str, str]) -> None:
    _component()(data=data, key="address")


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    return st.components.v2.component(
        "coverage_address", js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    )


def parameter(name: str) -> str | None:
    """A parameter of the page's address that no widget has, such as the rule that is open."""
    values = st.session_state[_CAME].get(name)
    if values:
        st.session_state[_SHOWN][name] = values
        return values[-1]
    return None


def shown(**changed: str | Sequence[str] | None) -> Query:
    """The query of this run with some parameters changed; None takes one out."""
    query = dict(st.session_state[_SHOWN])
    for name, value in changed.items():
        query.pop(name, None)
        if value is not None:
            query[name] = [value] if isinstance(value, str) else list(value)
    return query


def step(**changed: str | None) -> None:
    """A step of the browser's history on the same page: opens or closes something, and runs it again."""
    query = shown(**changed)
    st.session_state[_OWN] = [*st.session_state[_OWN], query][-_REMEMBERED:]
    st.session_state[_STEPPING] = True
    st.query_params.from_dict(query)
    st.rerun()


def open_page(file: str, page: str, *, keep_filters: bool = False, **parameters: str | Sequence[str]) -> None:
    """Go to another page in one step, with these parameters.

    Filters that page had before are cleared, unless they are kept: they could hide what is asked for.
    """
    state = st.session_state
    if parameters and not keep_filters:
        state.setdefault(_KEPT, {}).pop(page, None)
    state[_TARGET] = {
        name: [value] if isinstance(value, str) else list(value) for name, value in parameters.items()
    }
    # As the browser shows it: without a query, or with another, leaving would be a step of its own.
    st.switch_page(file, query_params={name: st.query_params.get_all(name) for name in st.query_params})


# ---- widgets -------------------------------------------------------------------------------------------


def _linked(
    key: str,
    default: Any,
    read: Callable[[list[str]], Any],
    write: Callable[[Any], list[str]],
    draw: Callable[[], Any] | None,
    page: str | None,
    known: Callable[[Any], Any] = lambda value: value,
) -> Any:
    """A widget's value. `read` and `write`: its texts in the address and back; `draw` shows it, `known` is
    what of a value counts where nothing is drawn.
    """
    state = st.session_state
    if draw is None and key in state.get(_DRAWN, ()):
        return known(state[key])  # its widget is on this page
    home = state[PAGE] if page is None else page
    kept = state.setdefault(_KEPT, {}).setdefault(home, {})
    texts = state[_CAME].get(key)
    if state[_FOLLOWED] or key not in state:
        if texts is None and (state[_ARRIVED] or key not in state):
            texts = kept.get(key) or None
        state[key] = default if texts is None else read(texts)
    elif draw is None or key not in state[_DRAWN_BEFORE]:
        state[key] = state[key]  # Streamlit forgets it with its widget, and the browser is sent it again
    if draw is not None:
        state[_DRAWN] |= {key}
    value = known(state[key]) if draw is None else draw()
    texts = [] if value == default else write(value)
    kept[key] = texts
    if texts:
        state[_SHOWN][key] = texts
    return value


def multiselect(
    where: Any,
    label: str,
    options: Iterable[Any],
    key: str,
    *,
    default: Sequence[Any] = (),
    page=None,
    **more: Any,
) -> list[Any]:
    """`st.multiselect` in the address. Without a `where` it keeps its value and is not drawn."""
    options = list(options)
    known = _known(options, more)
    return _linked(
        key,
        list(default),
        lambda texts: [known[text] for text in texts if text in known],
        lambda value: list(map(str, value)) or [""],
        None if where is None else lambda: where.multiselect(label, options, key=key, **more),
        page,
        lambda value: [one for one in value if one in options],
    )


def selectbox(
    where: Any, label: str, options: Iterable[Any], key: str, *, default: Any = None, page=None, **more: Any
) -> Any:
    """`st.selectbox` in the address; without a default it may be empty. Without a `where` it keeps its value
    and is not drawn.
    """
    return _one(None if where is None else where.selectbox, label, options, key, default, page, more)


def segmented_control(
    where: Any, label: str, options: Iterable[Any], key: str, *, default: Any, page=None, **more: Any
) -> Any:
    """`st.segmented_control` of one choice, in the address."""
    return _one(where.segmented_control, label, options, key, default, page, {"required": True, **more})


def _one(
    widget: Callable[..., Any] | None,
    label: str,
    options: Iterable[Any],
    key: str,
    default: Any,
    page: str | None,
    more: Mapping[str, Any],
) -> Any:
    options = list(options)
    known = _known(options, more)
    return _linked(
        key,
        default,
        lambda texts: known.get(texts[-1], default),
        lambda value: [str(value)] if value is not None else [""],
        None if widget is None else lambda: widget(label, options, key=key, **more),
        page,
        lambda value: value if value in options else default,
    )


def _known(options: Sequence[Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Text in the address -> option: by its ID, or by its label, which is what older links have."""
    labelled = {more["format_func"](option): option for option in options} if "format_func" in more else {}
    return labelled | {str(option): option for option in options}


def text_input(where: Any, label: str, key: str, *, page: str | None = None, **more: Any) -> str:
    """`st.text_input` in the address. Without a `where` it keeps its value and is not drawn."""
    return _linked(
        key,
        "",
        lambda texts: texts[-1],
        lambda value: [value],
        None if where is None else lambda: where.text_input(label, key=key, **more),
        page,
    )


def number_input(
    where: Any,
    label: str,
    key: str,
    *,
    default: float,
    least: float,
    most: float,
    page: str | None = None,
    **more: Any,
) -> float:
    """`st.number_input` from `least` to `most` in the address. Without a `where` it keeps its value and is
    not drawn.
    """
    bounds = {"min_value": least, "max_value": most}
    return _linked(
        key,
        default,
        lambda texts: _number(texts[-1], default, least, most),
        lambda value: [f"{value:g}"],
        None if where is None else lambda: where.number_input(label, key=key, **bounds, **more),
        page,
    )


def _number(text: str, default: float, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        return default
    return value if least <= value <= most else default


def date_input(where: Any, label: str, key: str, *, page: str | None = None, **more: Any) -> date | None:
    """`st.date_input` of one day or none, in the address as `2026-03-31`."""
    return _linked(
        key,
        None,
        lambda texts: _day(texts[-1]),
        lambda value: [value.isoformat()],
        lambda: where.date_input(label, key=key, **more),
        page,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def toggle(
    where: Any, label: str, key: str, *, default: bool = False, page: str | None = None, **more: Any
) -> bool:
    """`st.toggle` in the address. Without a `where` it keeps its value and is not drawn."""
    return _linked(
        key,
        default,
        lambda texts: texts[-1].casefold() in ("true", "1", "yes", "on"),
        lambda value: [str(value).lower()],
        None if where is None else lambda: where.toggle(label, key=key, **more),
        page,
    )


def texts(key: str, *, page: str | None = None) -> list[str]:
    """The texts in the address of a part of the page that is not a Streamlit widget.

    The part puts what the reader does there into `st.session_state[key]`, as a list of texts.
    """
    return _linked(key, [], list, list, None, page)
