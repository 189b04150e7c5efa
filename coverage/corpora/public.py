"""Public rule repositories, fetched as an archive into the user's data folder with their commit recorded.

Nothing is fetched unless asked for, and what was there stays when a fetch fails. Of an archive only the
rule folders and the licence are kept. Knows no rule format.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import quote

from coverage.corpora.archive import ArchiveError, Limits, written_folder, zip_comment, zip_files
from coverage.formats.registry import SUFFIXES, suffix_of
from coverage.outside.download import DownloadError, Progress, address, downloaded, shown
from coverage.outside.folders import FILES, RECORD, data_root, kept_corpora

ARCHIVES_URL = "https://codeload.github.com"

# Another place with the same layout: a mirror, or a test's server.
URL_VARIABLE = "COVERAGE_CORPORA_URL"

MOST_BYTES = 1 << 29  # ten times the largest of them
LIMITS = Limits(files=100_000, bytes=1 << 29)


class FetchError(ValueError):
    """A corpus that could not be fetched; the message is one sentence."""


@dataclass(frozen=True)
class PublicCorpus:
    """A public rule repository: where it is, and which of its folders hold rules."""

    name: str
    repository: str  # owner/name on GitHub
    branch: str
    folders: tuple[str, ...]
    licence: str

    def url(self, base: str, ref: str | None) -> str:
        """The address of its archive at a branch, tag or commit; at its own branch when none is given."""
        where = quote(ref, safe="/") if ref else f"refs/heads/{self.branch}"
        return address(base, f"{self.repository}/zip/{where}", "rules")


PUBLIC: dict[str, PublicCorpus] = {
    corpus.name: corpus
    for corpus in (
        PublicCorpus(
            "elastic",
            "elastic/detection-rules",
            "main",
            ("rules", "rules_building_block", "hunting"),
            "Elastic License 2.0",
        ),
        PublicCorpus(
            "sigma",
            "SigmaHQ/sigma",
            "master",
            (
                "rules",
                "rules-compliance",
                "rules-dfir",
                "rules-emerging-threats",
                "rules-placeholder",
                "rules-threat-hunting",
                "deprecated",
                "unsupported",
            ),
            "Detection Rule License 1.1",
        ),
        PublicCorpus("splunk", "splunk/security_content", "develop", ("detections",), "Apache License 2.0"),
    )
}


@dataclass(frozen=True)
class FetchedCorpus:
    """A fetched corpus: its name, where its rules are, and what was fetched when."""

    name: str
    path: Path
    commit: str | None  # None where the archive did not say
    ref: str
    source: str
    fetched: str  # ISO date
    files: int


def corpora_folder() -> Path:
    """The folder of fetched corpora: in the user's data folder, or in `$COVERAGE_DATA`."""
    return data_root() / "corpora"


def fetched_corpora() -> list[FetchedCorpus]:
    """The fetched corpora, by name."""
    found = []
    for folder, record in kept_corpora(corpora_folder()):
        commit, texts = record.get("commit"), [record.get(key) for key in ("ref", "source", "fetched")]
        if (
            folder.name in PUBLIC
            and isinstance(record.get("files"), int)
            and all(isinstance(text, str) for text in texts)
        ):
            found.append(FetchedCorpus(folder.name, folder / FILES, commit, *texts, record["files"]))
    return found


def fetch_corpus(
    name: str,
    ref: str | None = None,
    base_url: str | None = None,
    progress: Progress | None = None,
    timeout: float = 30.0,
    today: date | None = None,
    limits: Limits = LIMITS,
) -> FetchedCorpus:
    """A public corpus, downloaded again in place of the one that is there.

    Parameters
    ----------
    name : key of PUBLIC
    ref : str, optional
        Branch, tag or commit; the repository's own branch when not given.
    base_url : str, optional
        Where `<owner>/<name>/zip/<ref>` lies; else `$COVERAGE_CORPORA_URL`, else GitHub.
    progress : callable, optional
        Called with the bytes received and their total, None where the server does not say.
    timeout : float
        Seconds of silence after which the download is given up.

    Raises
    ------
    FetchError
        One sentence: no such corpus, every network failure, an archive that is none, breaks a limit or
        holds no rules, and an unwritable folder. What was there is then as it was.
    """
    corpus = PUBLIC.get(name)
    if corpus is None:
        raise FetchError(f"'{name}' is not a known public corpus; choose from {', '.join(PUBLIC)}")
    if ref is not None and (
        not re.fullmatch(r"[\w./+@-]+", ref) or ".." in ref or ref.startswith(("/", "-"))
    ):
        raise FetchError(f"'{ref}' is not a branch, tag or commit")
    try:
        url = corpus.url(base_url or os.environ.get(URL_VARIABLE) or ARCHIVES_URL, ref)
        content = downloaded(url, MOST_BYTES, "any rule repository", progress, timeout)
    except DownloadError as error:
        raise FetchError(str(error)) from error
    day = (today or date.today()).isoformat()
    try:
        return _kept(corpus, content, ref or corpus.branch, shown(url), day, limits)
    except ArchiveError as error:
        raise FetchError(f"{shown(url)}: {error}") from error


def _kept(
    corpus: PublicCorpus, content: bytes, ref: str, source: str, day: str, limits: Limits
) -> FetchedCorpus:
    files = list(zip_files(content, lambda path: _inside(path, corpus), limits))
    count = sum("/" in path for path, _ in files)
    if not count:
        raise ArchiveError(f"it holds no rule file in {', '.join(corpus.folders)}")
    comment = zip_comment(content)
    commit = comment if re.fullmatch(r"[0-9a-f]{40}", comment) else None
    record = {
        "name": corpus.name,
        "commit": commit,
        "repository": corpus.repository.rpartition("/")[2],
        "ref": ref,
        "source": source,
        "licence": corpus.licence,
        "fetched": day,
        "files": count,
    }
    folder = corpora_folder() / corpus.name
    written_folder(files, folder, {RECORD: f"{json.dumps(record, indent=2)}\n".encode()})
    return FetchedCorpus(corpus.name, folder / FILES, commit, ref, source, day, count)


def _inside(path: str, corpus: PublicCorpus) -> str | None:
    """The path below the archive's own folder, of rule files and the licence; None for everything else."""
    _, _, below = path.partition("/")
    top, _, rest = below.partition("/")
    if rest:
        return below if top in corpus.folders and suffix_of(below) in SUFFIXES else None
    return below if re.match(r"(?i)licen[cs]e|notice", top) else None
