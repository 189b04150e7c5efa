"""The options about accepted gaps that commands share, and what they do to a list of gaps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from coverage.cli.options import chosen_settings, stop
from coverage.cli.short_help import ADVANCED
from coverage.cli.terminal import error_console
from coverage.mapping.reader import Reader
from coverage.measures.accepted import in_force, with_accepted
from coverage.project.accepted_gaps import Accepted as AcceptedGaps
from coverage.project.accepted_gaps import accepted_in, gaps_files, place_and_message
from coverage.reading import other_releases
from coverage.scope import View

# Which gaps are listed: a mask over ACCEPTED_GAPS. An entry that is over hides nothing.
ACCEPTED_CHOICES: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "show": lambda found: pd.Series(True, index=found.index),
    "hide": lambda found: ~in_force(found),
    "only": in_force,
}

Accepted = Annotated[
    str,
    typer.Option(
        "--accepted",
        metavar="CHOICE",
        help="Gaps that gaps.toml accepts or plans: show, hide or only. `show` marks them.",
    ),
]
GapsFile = Annotated[
    Path | None,
    typer.Option(
        "--gaps-file",
        metavar="FILE",
        help="File of accepted gaps. [default: gaps.toml beside coverage.toml or in the rules' folder]",
        rich_help_panel=ADVANCED,
    ),
]


def with_accepted_gaps(found: pd.DataFrame, view: View, file: Path | None) -> pd.DataFrame:
    """ACCEPTED_GAPS of some gaps; what is wrong with the file goes to standard error, and its other entries
    count.
    """
    return with_accepted(found, accepted_gaps(view, file), view)


def accepted_gaps(view: View, file: Path | None, reader: Reader | None = None) -> AcceptedGaps:
    """What gaps.toml says in the view's release; what is wrong with it goes to standard error. `reader`: of
    that release, if there is one.
    """
    if file is not None and not file.is_file():
        raise stop(f"file not found: {file!s}")
    files = gaps_files(chosen_settings().file, view.scope.corpora, file)
    accepted = (
        accepted_in(files, reader or Reader(view.catalogue, other_releases(view.catalogue)))
        if files
        else AcceptedGaps()
    )
    for problem in accepted.problems.to_dict("records"):
        error_console.print(f"{problem['severity']}: {place_and_message(problem)}")
    return accepted
