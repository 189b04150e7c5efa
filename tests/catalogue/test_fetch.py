"""Fetching a release from a real HTTP server, and every way in which that can fail."""

from __future__ import annotations

import gzip
import hashlib
import socket
import time
from pathlib import Path

import pytest

from coverage.catalogue import CatalogueError
from coverage.catalogue.fetch import fetch, known_versions
from coverage.catalogue.shelf import open_release
from tests.helpers.bundles import small_bundle
from tests.helpers.file_server import serving

GOOD = small_bundle("21.0", "2.1")
PATH = "/enterprise-attack/enterprise-attack-21.0.json"


def hashes_for(content: bytes = GOOD) -> dict[str, dict[str, str]]:
    return {"enterprise": {"20.0": "0" * 64, "21.0": hashlib.sha256(content).hexdigest(), "9.0": "1" * 64}}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("COVERAGE_ATTACK_URL", raising=False)
    return tmp_path / "cache"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_release_is_fetched_checked_and_installed():
    steps = []
    with serving(lambda handler: handler.reply(GOOD)) as (server, url):
        catalogue = fetch(
            base_url=f"{url}/", progress=lambda done, total: steps.append((done, total)), hashes=hashes_for()
        )
        assert server.asked == [PATH]
    assert str(catalogue.release) == "enterprise-21.0"
    assert catalogue.sha256 == hashlib.sha256(GOOD).hexdigest()
    assert catalogue.source == f"{url}{PATH}"
    assert steps == sorted(steps)
    assert steps[-1] == (len(GOOD), len(GOOD))
    assert open_release("enterprise-21.0") == catalogue


def test_a_large_file_reports_its_progress_in_steps():
    content = GOOD[:-1] + b" " * 300_000 + b"}"
    steps = []
    with serving(lambda handler: handler.reply(content)) as (_, url):
        fetch(base_url=url, progress=lambda done, _: steps.append(done), hashes=hashes_for(content))
    assert len(steps) > 3
    assert sorted(set(steps)) == steps
    assert steps[-1] == len(content)


def test_what_the_cache_has_is_not_downloaded_again():
    with serving(lambda handler: handler.reply(GOOD)) as (_, url):
        first = fetch(base_url=url, hashes=hashes_for())
    with serving(lambda handler: handler.reply(b"", 500)) as (server, url):
        assert fetch(base_url=url, hashes=hashes_for()) == first
        assert server.asked == []


def test_the_variable_names_a_mirror_and_an_argument_stands_before_it(monkeypatch):
    with serving(lambda handler: handler.reply(GOOD)) as (server, url):
        monkeypatch.setenv("COVERAGE_ATTACK_URL", f"{url}/mirror")
        fetch(hashes=hashes_for())
        with pytest.raises(CatalogueError, match="SHA-256"):
            fetch(version="20.0", base_url=f"{url}/other", hashes=hashes_for())
        assert server.asked == [f"/mirror{PATH}", "/other/enterprise-attack/enterprise-attack-20.0.json"]


def test_a_compressed_answer_and_one_without_length_are_read():
    packed = gzip.compress(GOOD)
    steps = []
    with serving(lambda handler: handler.reply(packed, Content_Encoding="gzip")) as (_, url):
        fetch(base_url=url, progress=lambda *step: steps.append(step), hashes=hashes_for())
    assert steps[-1] == (len(packed), len(packed))
    other = small_bundle("21.0", "2.0")
    with serving(lambda handler: handler.reply(other, length=-1)) as (_, url):
        fetch(base_url=url, progress=lambda *step: steps.append(step), hashes=hashes_for(other))
    assert steps[-1] == (len(other), None)


def test_a_redirect_is_followed():
    def answer(handler):
        if handler.path == PATH:
            handler.reply(b"", 302, Location="/elsewhere")
        else:
            handler.reply(GOOD)

    with serving(answer) as (server, url):
        assert fetch(base_url=url, hashes=hashes_for()).release.version == "21.0"
        assert server.asked == [PATH, "/elsewhere"]


def slow(handler):
    time.sleep(1)


def stalls(handler):
    handler.reply(GOOD[:5000], length=len(GOOD))
    handler.wfile.flush()
    time.sleep(1)


FAILURES = {
    "not found": (lambda h: h.reply(b"gone", 404), "the server returned HTTP 404 Not Found"),
    "server error": (lambda h: h.reply(b"oh", 500), "the server returned HTTP 500"),
    "no content": (lambda h: h.reply(b"", 204), "the server returned HTTP 204"),
    "empty": (lambda h: h.reply(b""), "the file is not MITRE's Enterprise 21.0: its SHA-256 differs"),
    "wrong hash": (lambda h: h.reply(small_bundle("20.0", "2.1")), "its SHA-256 differs"),
    "one byte off": (lambda h: h.reply(GOOD[:-2] + b" }"), "its SHA-256 differs"),
    "cut off": (
        lambda h: h.reply(GOOD[:5000], length=len(GOOD)),
        r"the download broke off after 5,000 bytes of [\d,]+",
    ),
    "cut off without length": (lambda h: h.reply(GOOD[:5000], length=-1), "its SHA-256 differs"),
    "no gzip": (lambda h: h.reply(GOOD, Content_Encoding="gzip"), "the download broke off"),
    "slow": (slow, "no answer within 0.2 seconds"),
    "stalls": (stalls, r"the download broke off after [\d,]+ bytes of [\d,]+$"),
    "no http": (lambda h: h.wfile.write(b"nonsense\r\n\r\n"), "no connection"),
    "closes": (lambda h: h.connection.shutdown(socket.SHUT_RDWR), "no connection"),
    "redirect to a file": (
        lambda h: h.reply(b"", 302, Location="file:///etc/hostname"),
        "the download failed",
    ),
    "redirects for ever": (lambda h: h.reply(b"", 302, Location=PATH), "the download failed"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_one_sentence_and_leaves_everything_as_it_was(case, cache):
    answer, cause = FAILURES[case]
    with serving(lambda handler: handler.reply(small_bundle("9.0", "2.1"))) as (_, url):
        content = small_bundle("9.0", "2.1")
        fetch(
            version="9.0", base_url=url, hashes={"enterprise": {"9.0": hashlib.sha256(content).hexdigest()}}
        )
    before = files(cache)
    with serving(answer) as (_, url), pytest.raises(CatalogueError, match=cause) as caught:
        fetch(base_url=url, timeout=0.2, hashes=hashes_for())
    assert str(caught.value).startswith(url)
    assert "\n" not in str(caught.value)
    assert files(cache) == before
    assert len(list((cache / "attack").iterdir())) == 1


def test_no_server_and_no_such_host(cache):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for base in (f"http://127.0.0.1:{port}", "http://attack.invalid"):
        with pytest.raises(CatalogueError, match="no connection; is the network up"):
            fetch(base_url=base, timeout=2, hashes=hashes_for())
    assert not cache.exists()


@pytest.mark.parametrize(
    "base", ["file:///etc", "ftp://host/x", "/work", "http://", "http://[nonsense", "nonsense"]
)
def test_only_http_and_https(base):
    with pytest.raises(CatalogueError, match="is not an http or https address"):
        fetch(base_url=base, hashes=hashes_for())


def test_a_password_in_the_address_is_not_shown():
    with (
        serving(lambda handler: handler.reply(b"", 404)) as (_, url),
        pytest.raises(CatalogueError) as caught,
    ):
        fetch(base_url=url.replace("http://", "http://me:secret@"), hashes=hashes_for())
    assert "secret" not in str(caught.value)
    assert url in str(caught.value)


def test_an_unwritable_cache_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("a file where the cache should be")
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "occupied"))
    with (
        serving(lambda handler: handler.reply(GOOD)) as (_, url),
        pytest.raises(CatalogueError, match="cannot be stored"),
    ):
        fetch(base_url=url, hashes=hashes_for())


def test_unknown_versions_and_domains():
    with pytest.raises(
        CatalogueError,
        match=r"unknown release: Enterprise 99\.0; the newest versions are 21\.0, 20\.0, 9\.0",
    ):
        fetch(version="99", hashes=hashes_for())
    with pytest.raises(CatalogueError, match="'latest' is not an ATT&CK version"):
        fetch(version="latest", hashes=hashes_for())
    with pytest.raises(CatalogueError, match="'pre' is not an ATT&CK domain; choose from enterprise, mobile"):
        fetch(domain="pre", hashes=hashes_for())


def test_mitres_own_list_is_the_default():
    from mitreattack import release_info

    for domain in ("enterprise", "mobile", "ics"):
        versions = known_versions(domain)
        assert versions[0] == release_info.LATEST_VERSION
        assert set(release_info.STIX21[domain]) - set(versions) <= {"11.0-beta", "11.1-beta", "11.2-beta"}
        assert set(versions) <= set(release_info.STIX21[domain])
    assert known_versions().index("10.0") < known_versions().index("9.0")
