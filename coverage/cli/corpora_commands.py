"""corpora list, fetch, path: the rule corpora that have a name, and public ones from their home."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer

from coverage.cli.main import app
from coverage.cli.options import AsJson, choice, chosen_settings, stop
from coverage.cli.output import print_json, print_table, with_download_progress
from coverage.cli.short_help import Application
from coverage.cli.terminal import write_line
from coverage.corpora.offered import offered_corpora
from coverage.corpora.public import PUBLIC, FetchError, fetch_corpus, fetched_corpora
from coverage.words import amount

corpora_app = Application(
    no_args_is_help=True, help="Rule sets by name: list them, fetch a public one, find its folder."
)
app.add_typer(corpora_app, name="corpora")


@corpora_app.command("list", epilog="Example:  corpora list --json")
def corpora_list(as_json: AsJson = False) -> None:
    """The corpora that have a name: those of coverage.toml, fetched and uploaded ones, and what can be
    fetched.
    """
    fetched = {corpus.name: corpus for corpus in fetched_corpora()}
    offered = offered_corpora(chosen_settings())
    rows = [
        {
            "name": corpus.name,
            "from": corpus.origin,
            "on": corpus.enabled,
            "commit": corpus.commit,
            "fetched": fetched[corpus.name].fetched if corpus.origin == "fetched" else None,
            "path": str(corpus.path),
        }
        for corpus in offered
    ]
    rows += [
        {
            "name": name,
            "from": f"github.com/{corpus.repository}",
            "on": False,
            "commit": None,
            "fetched": None,
            "path": None,
        }
        for name, corpus in PUBLIC.items()
        if name not in fetched
    ]
    if as_json:
        print_json({"corpora": rows})
        return
    frame = pd.DataFrame(rows)
    frame["on"] = frame["on"].map({True: "on", False: ""})
    frame["commit"] = frame["commit"].str[:12].fillna("")
    frame["path"] = frame["path"].fillna("not fetched: corpora fetch " + frame["name"])
    print_table(frame.fillna(""), "Rule sets by name")


@corpora_app.command("fetch", epilog="Examples:  corpora fetch sigma  |  corpora fetch elastic --ref v9.2.0")
def corpora_fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"{', '.join(PUBLIC)}.")],
    ref: Annotated[
        str | None,
        typer.Option(
            "--ref", metavar="REF", help="Branch, tag or commit. [default: the repository's own branch]"
        ),
    ] = None,
) -> None:
    """Download a public rule repository into your data folder, with its commit recorded, in place of the one
    there.
    """
    name = choice("public rule set", name, PUBLIC)
    try:
        corpus = with_download_progress(
            f"Fetching {name}", lambda progress: fetch_corpus(name, ref, progress=progress)
        )
    except FetchError as error:
        raise stop(str(error)) from error
    commit = f"commit {corpus.commit[:12]}" if corpus.commit else "its archive names no commit"
    write_line(
        f"{name} is ready: {amount(corpus.files, 'rule file')} of {corpus.ref} ({commit}), under "
        f"the {PUBLIC[name].licence}. "
        f"Use it as {name}, or as {corpus.path}."
    )


@corpora_app.command("path", epilog="Example:  corpora path sigma")
def corpora_path(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A rule set that 'corpora list' shows.")],
) -> None:
    """The folder of a corpus."""
    offered = {corpus.name: corpus.path for corpus in reversed(offered_corpora(chosen_settings()))}
    if name in PUBLIC and name not in offered:
        raise stop(f"{name} is not downloaded yet; get it with 'python -m coverage.cli corpora fetch {name}'")
    if name not in offered:
        raise stop(f"'{name}' is not a known rule set; choose from {', '.join(offered) or 'none'}")
    write_line(str(offered[name]))
