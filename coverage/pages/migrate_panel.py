"""The part of the Mapping health page that moves mappings to another release: what changes, what is open, the
patch. Widgets only.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from coverage import session
from coverage.catalogue import CatalogueError
from coverage.migrate import QUESTION_CODES, DecisionError, Plan, Question, grouped, open_target
from coverage.migrate.decisions import FILE_NAME
from coverage.migrate.listing import question_list
from coverage.migrate.unified_diff import file_diff, patch
from coverage.migrate.writing import WriteError, patch_root
from coverage.reading import releases_beside
from coverage.scope import View
from coverage.session import address
from coverage.text import plain
from coverage.words import amount, noun

COLUMNS = {
    "mappings": st.column_config.NumberColumn("Mappings", width=84, format="localized"),
    "written": st.column_config.TextColumn("As written", width=150),
    "choices": st.column_config.TextColumn("Choices", width=130),
    "reason": st.column_config.TextColumn("Why you must decide", width=470),
    "kind": st.column_config.TextColumn("Kind", width=280),
    "first": st.column_config.TextColumn("First place", width="medium"),
}


def show(now: View) -> None:
    """The whole panel."""
    st.subheader("The patch", anchor=False)
    row = st.columns([2, 7], vertical_alignment="bottom")
    here = now.catalogue.release
    releases = [str(one) for one in sorted([here, *releases_beside(now.catalogue)], reverse=True)]
    release = address.selectbox(row[0], "Move to", releases, "move_to", default=releases[0])
    row[1].caption(
        "IDs, names, links, tactics and their tags of Elastic and Sigma rules follow ATT&CK; every other "
        f"byte stays. On the command line: `migrate --to {release} --diff` or `--write`."
    )
    answers = st.file_uploader(
        "Decisions",
        type="toml",
        key="move_decisions",
        help=f"A `{FILE_NAME}` with answers to open questions.",
    )
    try:
        made = session.migration(release, answers.getvalue() if answers else b"")
    except (CatalogueError, DecisionError) as error:
        st.error(plain(str(error)))
        return
    _summary(made)
    _questions(made, release)
    _preview(made, now)


def _summary(made: Plan) -> None:
    counts = made.summary()
    open_ = sum(counts["questions"].values())
    st.markdown(
        f"**{counts['files_changed']:,} of "
        f"{amount(counts['files_read'], 'rule file changes', 'rule files change')}; "
        f"{amount(open_, 'mapping')} in {amount(counts['files_with_questions'], 'file')} "
        f"{noun(open_, 'needs', 'need')} your decision.**"
    )
    if others := counts["files_of_other_formats"]:
        st.caption(
            f"{amount(others, 'rule file is of a format that is', 'rule files are of formats that are')} "
            "not rewritten."
        )
    for file in made.faults:
        st.error(plain(f"{file.path} is not changed: {file.fault}"))


def _questions(made: Plan, release: str) -> None:
    groups = grouped(made.questions)
    if not groups:
        return
    st.dataframe(
        pd.DataFrame([_row(first, len(group)) for first, group in groups]),
        hide_index=True,
        column_config=COLUMNS,
        key="move_questions",
    )
    st.download_button(
        "Download decisions to fill in",
        lambda: question_list(made.questions, open_target(release)),
        FILE_NAME,
        "application/toml",
        icon=":material/download:",
        on_click="ignore",
        key="move_template",
    )


def _row(first: Question, mappings: int) -> dict:
    return {
        "mappings": mappings,
        "written": f"{first.written} in {first.tactic}" if first.tactic else first.written,
        "choices": ", ".join(first.choices),
        "reason": first.reason,
        "kind": QUESTION_CODES[first.code],
        "first": f"{first.path}:{first.line}" if first.line else first.path,
    }


def _preview(made: Plan, now: View) -> None:
    if not made.changed:
        st.success("No mapping changes.")
        return
    row = st.columns([2, 5, 3], vertical_alignment="bottom")
    corpora = list(dict.fromkeys(file.corpus for file in made.changed))
    corpus = row[0].selectbox("Rule set", corpora, key="move_corpus")
    mine = replace(made, files=tuple(file for file in made.files if file.corpus == corpus))
    paths = {file.path: file for file in mine.changed}
    path = row[1].selectbox(
        f"One of {amount(len(paths), 'file that changes', 'files that change')}", list(paths), key="move_file"
    )
    stamp = next((one for one in now.scope.corpora if one.name == corpus), None)
    try:
        root = patch_root(mine, Path(stamp.path) if stamp else Path.cwd())
    except WriteError as error:
        row[2].warning(plain(str(error)))
    else:
        row[2].download_button(
            f"Download the patch ({amount(len(paths), 'file')})",
            lambda: patch(mine, lambda one: Path(one.location).relative_to(root).as_posix()),
            f"{corpus}_to_{made.target}.patch",
            "text/x-diff",
            icon=":material/download:",
            on_click="ignore",
            key="move_patch",
            help=f"Paths start at {plain(str(root))}: apply it there with `git apply`.",
            type="primary",
        )
    if path in paths:
        file = paths[path]
        st.code(file_diff(file.before, file.after, path).decode("utf-8", "replace"), language="diff")
