"""Public corpora from a real HTTP server: what is kept of an archive, and every way in which fetching can
fail.
"""

from __future__ import annotations

import json
import socket
import time
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coverage.cli import application
from coverage.corpora.archive import Limits
from coverage.corpora.offered import offered_corpora
from coverage.corpora.public import PUBLIC, FetchError, corpora_folder, fetch_corpus, fetched_corpora
from coverage.loaders import corpus_sources, load
from coverage.project.settings import Settings
from tests.helpers.corpora_made import rule_text, zipped
from tests.helpers.file_server import serving

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DAY = date(2026, 11, 24)
FILES = {
    "detection-rules-main/rules/windows/a.toml": rule_text("a", ["T1053"]),
    "detection-rules-main/rules_building_block/b.toml": rule_text("b", ["T1059.001"]),
    "detection-rules-main/hunting/index.md": "# an index",
    "detection-rules-main/LICENSE.txt": "Elastic License 2.0",
    "detection-rules-main/NOTICE.txt": "a notice",
    "detection-rules-main/README.md": "# what it is",
    "detection-rules-main/tests/data/c.toml": rule_text("c"),
    "detection-rules-main/pyproject.toml": "[project]",
}
PATH = "/elastic/detection-rules/zip/refs/heads/main"


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    for name in ("cache", "data"):
        monkeypatch.setenv(f"COVERAGE_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("COVERAGE_CORPORA_URL", "COVERAGE_RULES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def archive(files=FILES, comment: str = COMMIT, **more) -> bytes:
    return zipped(files, comment, **more)


def answering(content: bytes, status: int = 200, **more):
    return lambda handler: handler.reply(content, status, **more)


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_rule_folders_and_the_licence_are_kept_and_the_commit_is_recorded(folders):
    steps = []
    with serving(answering(archive())) as (server, url):
        corpus = fetch_corpus(
            "elastic", base_url=f"{url}/", progress=lambda *step: steps.append(step), today=DAY
        )
        assert server.asked == [PATH]
    assert (corpus.name, corpus.commit, corpus.ref, corpus.fetched, corpus.files) == (
        "elastic",
        COMMIT,
        "main",
        "2026-11-24",
        2,
    )
    assert set(everything(corpus.path)) == {
        "rules/windows/a.toml",
        "rules_building_block/b.toml",
        "LICENSE.txt",
        "NOTICE.txt",
    }
    record = json.loads((corpora_folder() / "elastic" / "corpus.json").read_text())
    assert record == {
        "name": "elastic",
        "commit": COMMIT,
        "repository": "detection-rules",
        "ref": "main",
        "source": f"{url}{PATH}",
        "licence": "Elastic License 2.0",
        "fetched": "2026-11-24",
        "files": 2,
    }
    assert fetched_corpora() == [corpus]
    assert steps and steps[-1] == (len(archive()), len(archive()))
    assert corpus.path.is_relative_to(folders / "data")


def test_the_stamp_and_the_list_show_the_commit():
    with serving(answering(archive())) as (_, url):
        corpus = fetch_corpus("elastic", base_url=url)
    loaded = load(corpus_sources([f"elastic={corpus.path}"]))
    assert loaded.corpora[0].commit == COMMIT and (
        "commit 0123456789ab of detection-rules" in loaded.corpora[0].sentence()
    )
    assert loaded.rules.set_index("rule_id")["rule_class"].to_dict() == {
        "a": "production",
        "b": "building_block",
    }
    assert load(corpus_sources([str(corpus.path / "rules")])).corpora[0].commit == COMMIT
    (offered,) = offered_corpora(Settings())
    assert (offered.name, offered.origin, offered.commit, offered.enabled) == (
        "elastic",
        "fetched",
        COMMIT,
        False,
    )


@pytest.mark.parametrize(
    ("name", "ref", "path"),
    [
        ("sigma", None, "/SigmaHQ/sigma/zip/refs/heads/master"),
        ("splunk", None, "/splunk/security_content/zip/refs/heads/develop"),
        ("elastic", "v9.2.0", "/elastic/detection-rules/zip/v9.2.0"),
        ("elastic", "refs/tags/v9.2.0", "/elastic/detection-rules/zip/refs/tags/v9.2.0"),
        ("elastic", COMMIT, f"/elastic/detection-rules/zip/{COMMIT}"),
    ],
)
def test_the_address_of_each_corpus_and_of_a_ref(name, ref, path):
    with serving(answering(b"", 404)) as (server, url), pytest.raises(FetchError, match="HTTP 404"):
        fetch_corpus(name, ref, base_url=url)
    assert server.asked == [path]


def test_each_corpus_keeps_its_own_folders():
    for corpus in PUBLIC.values():
        top = corpus.repository.partition("/")[2]
        files = {f"{top}-x/{folder}/r.toml": rule_text(folder) for folder in (*corpus.folders, "elsewhere")}
        with serving(answering(archive(files))) as (_, url):
            fetched = fetch_corpus(corpus.name, base_url=url)
        assert set(everything(fetched.path)) == {f"{folder}/r.toml" for folder in corpus.folders}
    assert [corpus.name for corpus in fetched_corpora()] == sorted(PUBLIC)


def test_a_newer_archive_takes_the_place_of_the_older_one():
    with serving(answering(archive())) as (_, url):
        fetch_corpus("elastic", base_url=url)
    newer = {"detection-rules-main/rules/n.toml": rule_text("n")}
    with serving(answering(archive(newer, "f" * 40))) as (_, url):
        corpus = fetch_corpus("elastic", base_url=url)
    assert corpus.commit == "f" * 40 and set(everything(corpus.path)) == {"rules/n.toml"}
    assert [path.name for path in corpora_folder().iterdir()] == ["elastic"]


@pytest.mark.parametrize("comment", ["", "no commit", "0123", COMMIT.upper()])
def test_an_archive_that_names_no_commit_is_taken_without_one(comment):
    with serving(answering(archive(comment=comment))) as (_, url):
        assert fetch_corpus("elastic", base_url=url).commit is None
    assert fetched_corpora()[0].commit is None


def test_the_variable_names_a_mirror_and_an_argument_stands_before_it(monkeypatch):
    with serving(answering(archive())) as (server, url):
        monkeypatch.setenv("COVERAGE_CORPORA_URL", f"{url}/mirror")
        fetch_corpus("elastic")
        fetch_corpus("elastic", base_url=f"{url}/other")
        assert server.asked == [f"/mirror{PATH}", f"/other{PATH}"]


def test_an_answer_without_length_is_read():
    steps = []
    with serving(answering(archive(), length=-1)) as (_, url):
        fetch_corpus("elastic", base_url=url, progress=lambda *step: steps.append(step))
    assert steps[-1] == (len(archive()), None)


def slow(handler):
    time.sleep(1)


FAILURES = {
    "not found": (answering(b"gone", 404), "the server returned HTTP 404 Not Found"),
    "server error": (answering(b"oh", 500), "the server returned HTTP 500"),
    "cut off": (
        answering(archive()[:500], length=len(archive())),
        "the download broke off after 500 bytes of",
    ),
    "cut off without length": (
        answering(archive()[:500], length=-1),
        "not a readable zip archive",
    ),
    "a page instead": (answering(b"<html>sign in</html>"), "not a readable zip archive"),
    "empty": (answering(b""), "not a readable zip archive"),
    "no rules in it": (
        answering(archive({"x/README.md": "#", "x/rules/README.md": "#", "x/LICENSE": "-"})),
        "it holds no rule file in rules, rules_building_block",
    ),
    "a rule in no folder": (answering(archive({"x/a.toml": rule_text("a")})), "it holds no rule file"),
    "leads out": (
        answering(archive({**FILES, "detection-rules-main/../../a.toml": "x"})),
        "an entry points outside its folder",
    ),
    "link": (
        answering(archive(links={"detection-rules-main/rules/l.toml": "/etc/passwd"})),
        "an entry is a link or a device",
    ),
    "bomb": (
        answering(archive({**FILES, "x/rules/b.toml": b"#" * 5_000_000})),
        "it unpacks to more than 100 times its size",
    ),
    "slow": (slow, "no answer within 0.2 seconds"),
    "no http": (lambda handler: handler.wfile.write(b"nonsense\r\n\r\n"), "no connection"),
    "closes": (lambda handler: handler.connection.shutdown(socket.SHUT_RDWR), "no connection"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_one_sentence_and_what_was_there_stays(case, folders):
    answer, cause = FAILURES[case]
    with serving(answering(archive())) as (_, url):
        fetch_corpus("elastic", base_url=url)
    before = everything(folders)
    with serving(answer) as (_, url), pytest.raises(FetchError) as caught:
        fetch_corpus("elastic", base_url=url, timeout=0.2)
    assert cause in str(caught.value) and str(caught.value).startswith(url) and "\n" not in str(caught.value)
    assert everything(folders) == before
    assert [path.name for path in corpora_folder().iterdir()] == ["elastic"]


def test_an_archive_of_the_wrong_size_is_refused():
    with serving(answering(archive())) as (_, url):
        with pytest.raises(FetchError, match="it holds more than 1 file"):
            fetch_corpus("elastic", base_url=url, limits=Limits(files=1))
        with pytest.raises(FetchError, match="bytes unpacked; the limit is 10"):
            fetch_corpus("elastic", base_url=url, limits=Limits(bytes=10))
    assert fetched_corpora() == []


def test_links_and_bombs_outside_the_rule_folders_do_not_matter():
    files = {**FILES, "detection-rules-main/docs/huge.toml": b"#" * 5_000_000}
    with serving(answering(archive(files, links={"detection-rules-main/docs/l.toml": "/etc/passwd"}))) as (
        _,
        url,
    ):
        assert fetch_corpus("elastic", base_url=url).files == 2


def test_no_network(folders):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for base in (f"http://127.0.0.1:{port}", "http://corpora.invalid"):
        with pytest.raises(FetchError, match="no connection; is the network up"):
            fetch_corpus("sigma", base_url=base, timeout=2)
    assert not (folders / "data").exists()


@pytest.mark.parametrize("base", ["file:///etc", "ftp://host/x", "/srv", "nonsense"])
def test_only_http_and_https(base):
    with pytest.raises(FetchError, match="is not an http or https address to fetch rules from"):
        fetch_corpus("sigma", base_url=base)


@pytest.mark.parametrize("ref", ["../../other/repo/zip/x", "a b", "", "-x", "/x", "a?b", "a#b", "a\nb"])
def test_a_ref_that_is_none(ref):
    with pytest.raises(FetchError, match="is not a branch, tag or commit"):
        fetch_corpus("sigma", ref, base_url="http://127.0.0.1:9")


def test_a_corpus_nobody_knows_and_a_folder_that_cannot_be_written(folders, monkeypatch):
    with pytest.raises(
        FetchError, match="'yara' is not a known public corpus; choose from elastic, sigma, splunk"
    ):
        fetch_corpus("yara")
    (folders / "occupied").write_text("a file where the data should be")
    monkeypatch.setenv("COVERAGE_DATA", str(folders / "occupied"))
    with serving(answering(archive())) as (_, url), pytest.raises(FetchError, match="it cannot be stored in"):
        fetch_corpus("elastic", base_url=url)


# ---- on the command line
# --------------------------------------------------------------------------------------


def told(*arguments: str):
    return CliRunner().invoke(application(), list(arguments))


def test_a_fetched_corpus_is_used_by_its_name(monkeypatch, folders):
    with serving(answering(archive())) as (_, url):
        monkeypatch.setenv("COVERAGE_CORPORA_URL", url)
        done = told("corpora", "fetch", "elastic")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(
        "elastic is ready: 2 rule files of main (commit 0123456789ab), under the Elastic License 2.0."
    )
    stamp = json.loads(told("summary", "elastic", "--json").stdout)["stamp"]["corpora"][0]
    assert (stamp["name"], stamp["rules"], stamp["commit"]) == ("elastic", 2, COMMIT)
    (row,) = [
        row
        for row in json.loads(told("corpora", "list", "--json").stdout)["corpora"]
        if row["name"] == "elastic"
    ]
    assert (row["from"], row["commit"]) == ("fetched", COMMIT) and row["path"] == stamp["path"]
    assert told("corpora", "path", "elastic").stdout.strip() == stamp["path"]
    assert "0123456789ab" in told("corpora", "list").stdout
    (folders / "elastic").mkdir()  # a folder of that name stands before it
    assert json.loads(told("summary", "elastic", "--json").stdout)["rules"]["read"] == 0


def test_offline_is_one_sentence_and_exit_code_2(monkeypatch):
    monkeypatch.setenv("COVERAGE_CORPORA_URL", "http://corpora.invalid")
    done = told("corpora", "fetch", "sigma")
    assert done.exit_code == 2 and done.stdout == ""
    assert done.stderr.startswith(
        "coverage: http://corpora.invalid/SigmaHQ/sigma/zip/refs/heads/master: no connection; is the network "
        "up?"
    )
    assert done.stderr.count("\n") == 1


def test_names_of_no_corpus(monkeypatch):
    assert (
        "unknown public rule set: 'yara'; choose from elastic, sigma, splunk"
        in told("corpora", "fetch", "yara").stderr
    )
    missing, unknown = told("corpora", "path", "sigma"), told("corpora", "path", "nobody")
    assert missing.exit_code == unknown.exit_code == 2
    assert (
        "sigma is not downloaded yet" in missing.stderr
        and "'nobody' is not a known rule set" in unknown.stderr
    )
