"""attack list, import, fetch: the ATT&CK releases at hand and how to get more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from coverage.catalogue import CatalogueError, shelf
from coverage.cli.main import app
from coverage.cli.options import AsJson, choice, stop
from coverage.cli.output import print_json, print_table, with_download_progress
from coverage.cli.terminal import write_line
from coverage.vocabulary import DOMAINS

attack_app = typer.Typer(
    no_args_is_help=True, help="ATT&CK releases: list them, import a bundle, fetch MITRE's."
)
app.add_typer(attack_app, name="attack")


@attack_app.command("list", epilog="Example:  attack list --json")
def attack_list(as_json: AsJson = False) -> None:
    """The ATT&CK releases at hand, and where each comes from."""
    rows = [
        {
            "release": str(entry.release),
            "from": "project" if entry.embedded else "your cache",
            "source": entry.source,
            "sha256": entry.sha256,
            "folder": str(entry.folder),
            "default": entry.release == shelf.default_release(),
        }
        for entry in shelf.releases_at_hand()
    ]
    if as_json:
        print_json({"releases": rows})
        return
    frame = pd.DataFrame(rows)
    frame["sha256"] = frame["sha256"].str[:12]
    frame["default"] = frame["default"].map({True: "default", False: ""})
    print_table(frame[["release", "default", "from", "sha256", "source"]], "ATT&CK releases at hand")


@attack_app.command("import", epilog="Example:  attack import enterprise-attack-20.0.json.gz")
def attack_import(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A STIX bundle of MITRE's: .json or .json.gz, STIX 2.0 or 2.1."),
    ],
) -> None:
    """Read an ATT&CK release from a STIX bundle and keep it in your cache."""
    try:
        catalogue = shelf.import_bundle(file)
    except CatalogueError as error:
        raise stop(str(error)) from error
    _report_added(catalogue)


@attack_app.command("fetch", epilog="Examples:  attack fetch  |  attack fetch --domain mobile --release 18.1")
def attack_fetch(
    domain: Annotated[
        str, typer.Option("--domain", metavar="D", help=f"{', '.join(DOMAINS)}.")
    ] = "enterprise",
    release: Annotated[
        str | None, typer.Option("--release", metavar="V", help="Version, such as 20.0. [default: newest]")
    ] = None,
) -> None:
    """Download MITRE's official release, check its SHA-256 and keep it in your cache."""
    from coverage.catalogue.fetch import fetch

    domain = choice("domain", domain, DOMAINS)
    try:
        catalogue = with_download_progress(
            "Fetching ATT&CK", lambda progress: fetch(domain, release, progress=progress)
        )
    except CatalogueError as error:
        raise stop(str(error)) from error
    _report_added(catalogue)


def _report_added(catalogue) -> None:
    write_line(
        f"{catalogue.release} is ready (sha256 {catalogue.sha256[:12]}). Use it with --attack {catalogue.release}."
    )
