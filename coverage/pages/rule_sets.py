"""The sidebar's choice of rule sets: folders by path, named ones, and uploads. Widgets only.

What is rarely opened is made when it is: the browser loads a kind of widget with the first one of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from coverage import session
from coverage.corpora.archive import ArchiveError
from coverage.corpora.offered import EXAMPLES, OfferedCorpus, offered_corpora
from coverage.corpora.uploads import Upload, kept_upload, kept_uploads, remove_upload
from coverage.formats.registry import SUFFIXES
from coverage.text import plain
from coverage.words import amount

_FILES, _RESULT = "upload_files", "upload_result"
_MOST_MB = 100


def choose() -> None:
    """What is read: the folders typed, and the named corpora that are switched on."""
    settings, fault = session.settings()
    if fault:
        st.error(plain(fault))
    offered = {corpus.text: corpus for corpus in offered_corpora(settings)}
    start = session.default_texts()
    st.session_state.setdefault(session.PATHS_KEY, start)  # not `default`: uploads choose, too
    known = list(dict.fromkeys([*start, *offered, *st.session_state[session.PATHS_KEY]]))
    labels = _labels(known, offered)
    st.multiselect(
        "Rule sets",
        known,
        key=session.PATHS_KEY,
        accept_new_options=True,
        persist_state="session",
        on_change=_send_again,
        format_func=lambda text: labels.get(text, text),
        placeholder="Type a folder and press Enter",
        help="Folders or files with detection rules, on the machine that runs the dashboard. "
        "Type a path and press Enter to add it; NAME=PATH gives it a name. Those of coverage.toml, fetched "
        "and "
        "uploaded ones can be chosen by name.",
    )
    for source in session.sources():
        if not source.path.exists():
            st.error(f"{plain(str(source.path))} does not exist: no rules are read from it.")
    examples = [source.path.resolve() == EXAMPLES for source in session.sources()]
    if all(examples):
        st.info("Example rules. Add yours above, or upload them.")
    elif any(examples):
        st.caption("The example rules count, too. Take *rules* out above to see yours alone.")
    _colours()
    shown = st.expander("Upload rules", key="upload_open", on_change="rerun")
    if shown.open:
        with shown:
            _upload()


def _colours() -> None:
    """A colour for each of several rule sets, to tell them apart."""
    found = session.colours()
    if len(found) < 2:
        return
    shown = st.expander("Rule set colours", key="colours_open", on_change="rerun")
    if not shown.open:
        return
    with shown, st.container(horizontal=True):
        for name, colour in found.items():
            st.session_state.setdefault(session.colour_key(name), colour)
            st.color_picker(plain(name), key=session.colour_key(name), persist_state="session")


def _send_again() -> None:
    """Has the browser show a path that was typed under its label: it knows it as it was typed."""
    st.session_state[session.PATHS_KEY] = list(st.session_state[session.PATHS_KEY])


def _labels(texts: Sequence[str], offered: Mapping[str, OfferedCorpus]) -> dict[str, str]:
    """What each rule set is called; those that would be called the same are shown as they were typed."""
    labels = {text: _label(text, offered.get(text)) for text in texts}
    several = {label for label, count in Counter(labels.values()).items() if count > 1}
    return {text: text if label in several else label for text, label in labels.items()}


def _label(text: str, corpus: OfferedCorpus | None) -> str:
    if corpus is not None:
        return corpus.name if corpus.origin == "coverage.toml" else f"{corpus.name} ({corpus.origin})"
    name, equals, _ = text.partition("=")
    return name if equals and "/" not in name else Path(text).name or text


def _upload() -> None:
    st.file_uploader(
        "Rule files, or a zip of them",
        type=["zip", *sorted(suffix[1:] for suffix in SUFFIXES)],
        accept_multiple_files=True,
        key=_FILES,
        max_upload_size=_MOST_MB,
        help="Kept on the machine that runs the dashboard, where everybody who uses it can choose them, "
        "until removed.",
    )
    st.button(
        "Use these rules",
        key="upload_use",
        on_click=_use,
        disabled=not st.session_state.get(_FILES),
        width="stretch",
    )
    result = st.session_state.pop(_RESULT, None)
    if result:
        (st.success if result[0] else st.error)(plain(result[1]))
    for position, upload in enumerate(kept_uploads()):
        st.button(
            f"Remove {plain(upload.name)} ({_files(upload)})",
            key=f"upload_remove_{position}",
            on_click=_remove,
            args=(upload,),
            icon=":material/delete:",
            width="stretch",
        )


def _files(upload: Upload) -> str:
    return amount(upload.files, "file")


def _use() -> None:
    files = [(file.name, file.getvalue()) for file in st.session_state[_FILES] or ()]
    try:
        upload = kept_upload(files)
    except ArchiveError as error:
        st.session_state[_RESULT] = (False, f"Nothing was added: {error}.")
        return
    _choose_also(f"{upload.name}={upload.path}")
    st.session_state[_RESULT] = (True, f"{upload.name}: {_files(upload)}.")


def _choose_also(text: str) -> None:
    chosen = st.session_state.get(session.PATHS_KEY) or session.default_texts()
    st.session_state[session.PATHS_KEY] = list(dict.fromkeys([*chosen, text]))


def _remove(upload: Upload) -> None:
    remove_upload(upload)
    text = f"{upload.name}={upload.path}"
    chosen = st.session_state.get(session.PATHS_KEY) or []
    st.session_state[session.PATHS_KEY] = [other for other in chosen if other != text]
    st.session_state[_RESULT] = (True, f"{upload.name} was removed.")
