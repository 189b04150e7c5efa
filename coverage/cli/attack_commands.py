"""attack list, import, fetch: the installed ATT&CK releases and how to get more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from coverage.catalogue import Catalogue, CatalogueError, shelf
from coverage.catalogue.model import unplaced_techniques
from coverage.cli.main import app
from coverage.cli.options import AsJson, choice, chosen_release, stop
from coverage.cli.output import print_json, print_table, with_download_progress
from coverage.cli.short_help import Application
from coverage.cli.terminal import error_console, write_line
from coverage.vocabulary import DOMAINS
from coverage.words import amount, noun

attack_app = Application(
    no_args_is_help=True, help="ATT&CK releases: list them, import a bundle, fetch MITRE's."
)
app.add_typer(attack_app, name="attack")


@attack_app.command("list", epilog="Example:  attack list --json")
def attack_list(as_json: AsJson = False) -> None:
    """Installed ATT&CK releases, where each comes from, and which in your cache are damaged."""
    damaged = [{"folder": str(folder), "cause": cause} for folder, cause in shelf.unreadable_folders()]
    default = chosen_release()
    rows = [
        {
            "release": str(entry.release),
            "from": "project" if entry.embedded else "your cache",
            "source": entry.source,
            "sha256": entry.sha256,
            "folder": str(entry.folder),
            "default": str(entry.release) == default,
        }
        for entry in shelf.installed_releases()
    ]
    if as_json:
        print_json({"releases": rows, "damaged": damaged})
        return
    frame = pd.DataFrame(rows)
    frame["sha256"] = frame["sha256"].str[:12]
    frame["default"] = frame["default"].map({True: "default", False: ""})
    print_table(frame[["release", "default", "from", "sha256", "source"]], "Installed ATT&CK releases")
    if damaged:
        print_table(pd.DataFrame(damaged), "Damaged: import or fetch these again, or remove the folder")


@attack_app.command(
    "import",
    epilog="Examples:  attack import enterprise-attack-20.0.json.gz  |  attack import mobile.json --release "
    "9.0",
)
def attack_import(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A STIX bundle of MITRE's: .json or .json.gz, STIX 2.0 or 2.1."),
    ],
    release: Annotated[
        str | None,
        typer.Option(
            "--release", metavar="V", help="Version, such as 20.0. [default: what the bundle says it is]"
        ),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option(
            "--domain", metavar="D", help=f"{', '.join(DOMAINS)}. [default: what the bundle says it is]"
        ),
    ] = None,
) -> None:
    """Read an ATT&CK release from a STIX bundle and keep it in your cache (COVERAGE_CACHE says where)."""
    domain = None if domain is None else choice("domain", domain, DOMAINS)
    try:
        catalogue = shelf.import_bundle(file, release, domain=domain)
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
    """Download MITRE's official release, check its SHA-256 and keep it in your cache.

    COVERAGE_ATTACK_URL names a mirror to download from, COVERAGE_CACHE the cache.
    """
    from coverage.catalogue.fetch import fetch

    domain = choice("domain", domain, DOMAINS)
    try:
        catalogue = with_download_progress(
            "Fetching ATT&CK", lambda progress: fetch(domain, release, progress=progress)
        )
    except CatalogueError as error:
        raise stop(str(error)) from error
    _report_added(catalogue)


def _report_added(catalogue: Catalogue) -> None:
    release = catalogue.release
    if unplaced := unplaced_techniques(catalogue):
        some = f"{', '.join(unplaced[:5])}{' …' if len(unplaced) > 5 else ''}"
        error_console.print(
            f"warning: {amount(len(unplaced), 'current technique')} of {catalogue.source} "
            f"{noun(len(unplaced), 'names', 'name')} no tactic, so no matrix shows "
            f"{noun(len(unplaced), 'it', 'them')}: {some}"
        )
    ready = f"{release} is ready (sha256 {catalogue.sha256[:12]}), from {catalogue.source}."
    write_line(f"{ready} Use it with --attack {release}.")
    if release.copy:
        plain = replace(release, copy="")
        write_line(f"{plain} alone stays the one that comes with the project.")
