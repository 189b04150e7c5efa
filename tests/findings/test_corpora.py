"""Findings and releases written for on the real corpora, beside a second count: plain TOML and YAML over
MITRE's bundles.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import tomli

from coverage.findings import CHECKS
from coverage.findings.frames import FINDINGS
from coverage.findings.places import placed
from coverage.frames import checked
from coverage.loaders import CorpusSource, Loaded, load
from coverage.measures.frames import CORPUS_RELEASES, WRITTEN_FOR
from coverage.measures.written_for import INVALID, releases_by_corpus, releases_of, written_for
from coverage.tables import PROJECT
from tests.helpers import small
from tests.helpers.releases import RawRelease
from tests.helpers.small import E18, E19, read_embedded

pytestmark = pytest.mark.corpora
URL = "https://attack.mitre.org/{}/{}/"
NAMES = ("elastic", "elastic-endpoint", "sigma")


@pytest.fixture(scope="module")
def loaded(shared) -> Loaded:
    return small.real(*(shared("corpora", name) for name in NAMES))


@pytest.fixture(scope="module")
def readings(shared):
    corpora = [shared("corpora", name) for name in NAMES]
    return {release: small.real_reading(release, *corpora) for release in (E18, E19)}


@pytest.fixture(scope="module")
def with_places(loaded, readings) -> dict[str, pd.DataFrame]:
    """Release -> every finding, with its place."""
    return {release: placed(reading.findings, loaded) for release, reading in readings.items()}


@pytest.fixture(scope="module")
def written(readings) -> pd.DataFrame:
    """What every rule was written for, by the releases that come with the project."""
    return checked(written_for_embedded(readings[E19]), WRITTEN_FOR)


@pytest.fixture(scope="module")
def raw(shared) -> dict[str, RawRelease]:
    return {
        release: RawRelease(shared("attack", f"{release.replace('-', '-attack-')}.json.gz"))
        for release in (E18, E19)
    }


# ---- Elastic's mappings, read plainly --------------------------------------------------------------------


@dataclass(frozen=True)
class MappedPath:
    """One mapping of a rule: tactic, technique and sub-technique tables, and the file."""

    file: str
    tactic: dict
    technique: dict
    sub: dict

    @property
    def leaf(self) -> dict:
        return self.sub or self.technique


def elastic_paths(root: Path) -> Iterator[MappedPath]:
    for file in sorted(root.rglob("*.toml")):
        document = tomli.loads(file.read_text("utf-8-sig"))
        threats = document.get("rule", {}).get("threat", []) + document.get("threat", [])
        for threat in threats:
            if threat.get("framework", "MITRE ATT&CK") != "MITRE ATT&CK":
                continue
            techniques = threat.get("technique") or [{}]
            for technique in techniques:
                for sub in technique.get("subtechnique") or [{}]:
                    yield MappedPath(file.relative_to(root).as_posix(), threat["tactic"], technique, sub)


@pytest.fixture(scope="module", params=["elastic", "elastic-endpoint"])
def corpus(request, shared) -> tuple[str, list[MappedPath]]:
    return request.param, list(elastic_paths(shared("corpora", request.param)))


def in_toml(readings, release: str, corpus: str, code: str) -> pd.DataFrame:
    """The findings of a code in a corpus's rules, without those of hunts, which have no threat tables."""
    frame = readings[release].findings
    return frame[
        (frame["corpus"] == corpus) & (frame["code"] == code) & ~frame["path"].str.startswith("hunting/")
    ]


@pytest.mark.parametrize("release", [E18, E19])
def test_revoked_ids_and_their_replacements(corpus, readings, raw, release):
    name, paths = corpus
    expected = Counter(
        (p.file, p.leaf["id"], *raw[release].live_ends(p.leaf["id"]))
        for p in paths
        if p.leaf and raw[release].status.get(p.leaf["id"]) == "revoked"
    )
    frame = in_toml(readings, release, name, "revoked-technique")
    assert Counter(zip(frame["path"], frame["value"], frame["fix"], strict=True)) == expected
    if release == E19:
        assert expected


@pytest.mark.parametrize("release", [E18, E19])
def test_names_that_are_not_those_of_live_ids(corpus, readings, raw, release):
    name, paths = corpus
    expected = set()
    for p in paths:
        for table in (p.technique, p.sub):
            o = raw[release].live.get(table.get("id"))
            if o and o["name"] != table["name"]:
                expected.add((p.file, table["name"], o["name"]))
    frame = in_toml(readings, release, name, "technique-name")
    assert set(zip(frame["path"], frame["value"], frame["fix"], strict=True)) == expected


def test_no_link_of_the_corpora_is_wrong_by_either_count(corpus, readings):
    name, paths = corpus
    wrong = [
        table
        for p in paths
        for kind, table in (("tactics", p.tactic), ("techniques", p.technique), ("techniques", p.sub))
        if table and table["reference"] != URL.format(kind, table["id"].replace(".", "/"))
    ]
    assert len(wrong) == len(in_toml(readings, E19, name, "reference-url")) == 0


def test_links_that_are_made_wrong_are_all_found(shared, tmp_path):
    """Every technique link of some real rules leads to its neighbour: as many findings as links, each with
    its fix.
    """
    root, changed = shared("corpora", "elastic") / "rules" / "linux", []
    for file in sorted(root.glob("*.toml"))[:60]:
        text = file.read_text("utf-8")
        links = re.findall(
            r'\breference = "(https://attack\.mitre\.org/techniques/T\d{4}/(?:\d{3}/)?)"', text
        )
        (tmp_path / file.name).write_text(
            re.sub(r"(attack\.mitre\.org/techniques/T)\d{4}/", r"\g<1>0001/", text), encoding="utf-8"
        )
        changed += links
    loaded = load([CorpusSource("changed", tmp_path)])
    frame = placed(read_embedded(loaded, E19).findings, loaded).query("code == 'reference-url'")
    assert Counter(frame["fix"]) == Counter(changed) and len(changed) > 100


@pytest.mark.parametrize("release", [E18, E19])
def test_tactics_the_technique_is_not_in(corpus, readings, raw, release):
    name, paths = corpus
    expected, here = Counter(), raw[release]
    for p in paths:
        ends = here.live_ends(p.leaf["id"]) if p.leaf else set()
        if (
            len(ends) == 1
            and p.tactic["id"] in here.tactics
            and p.tactic["id"] not in here.tactics_of[min(ends)]
        ):
            expected[p.file, p.tactic["id"], p.leaf["id"]] += 1
    frames = [in_toml(readings, release, name, code) for code in ("tactic-left", "tactic-never")]
    found = pd.concat(frames)
    assert set(zip(found["path"], found["value"], found["leaf"], strict=True)) == set(expected)


def test_rules_without_a_mapping(corpus, readings, shared):
    name, _ = corpus
    root = shared("corpora", name)
    expected = set()
    for file in root.rglob("*.toml"):
        document = tomli.loads(file.read_text("utf-8-sig"))
        if "rule" in document and not document["rule"].get("threat") and not document.get("threat"):
            expected.add(file.relative_to(root).as_posix())
    assert set(in_toml(readings, E19, name, "no-mapping")["path"]) == expected


def test_sigma_tags_that_name_revoked_ids(readings, raw, shared):
    """Lines of the files alone: no YAML is parsed."""
    root, expected = shared("corpora", "sigma"), Counter()
    for file in root.rglob("*.yml"):
        for tag in re.findall(
            r"^\s*-\s*['\"]?attack\.(t\d{4}(?:\.\d{3})?)\b", file.read_text("utf-8-sig"), re.MULTILINE
        ):
            if raw[E19].status.get(tag.upper()) == "revoked":
                expected[file.relative_to(root).as_posix(), tag.upper()] += 1
    frame = readings[E19].findings.query("corpus == 'sigma' and code == 'revoked-technique'")
    assert Counter(zip(frame["path"], frame["value"], strict=True)) == expected and expected


# ---- places ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", [E18, E19])
def test_every_finding_with_a_value_stands_where_it_is_written(loaded, with_places, release):
    frame = with_places[release]
    checked(frame, FINDINGS)
    stamps, texts = {stamp.name: stamp for stamp in loaded.corpora}, {}
    with_place = frame[frame["value"].notna()]
    for row in with_place.itertuples():
        file = stamps[row.corpus].file(row.path)
        if file not in texts:
            texts[file] = file.read_text("utf-8-sig").split("\n")
        rest = texts[file][row.line - 1][row.column - 1 :]
        assert rest[: len(row.value)].lower() == row.value.lower(), row
        assert row.field != "technique_id" or not rest[len(row.value) :].startswith("."), row
    assert set(frame.loc[frame["value"].isna(), "code"]) == {"no-mapping"}


def test_two_findings_of_one_code_and_value_in_a_rule_stand_apart(with_places):
    frame = with_places[E19]
    one_place = frame[
        frame["code"].isin(["revoked-technique", "duplicate-mapping", "technique-name", "tactic-renamed"])
    ]
    assert not one_place.duplicated(["rule_key", "code", "line", "column"]).any()


# ---- written for -----------------------------------------------------------------------------------------


def valid_by_hand(paths: list[MappedPath], raw: RawRelease) -> dict[str, bool]:
    """File -> whether every ID, name and tactic pair of its mapping is right in the release."""
    valid: dict[str, bool] = {}
    for p in paths:
        right = raw.tactics.get(p.tactic["id"]) == p.tactic["name"]
        for table in (p.technique, p.sub):
            if table:
                right &= table["id"] in raw.live and raw.live[table["id"]]["name"] == table["name"]
        if p.sub:
            right &= raw.parents.get(p.sub["id"]) == p.technique["id"]
        if p.leaf:
            right &= p.tactic["id"] in raw.tactics_of.get(p.leaf["id"], ())
        valid[p.file] = valid.get(p.file, True) and right
    return valid


@pytest.mark.parametrize("release", [E18, E19])
def test_validity_agrees_with_a_count_by_hand(corpus, written, raw, release):
    name, paths = corpus
    frame = written[(written["corpus"] == name) & ~written["path"].str.startswith("hunting/")]
    found = {path: release in valid for path, valid in zip(frame["path"], frame["valid_in"], strict=True)}
    assert found == valid_by_hand(paths, raw[release])


def written_for_embedded(reading) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVERAGE_CACHE", str(PROJECT / "no-cache-here"))
        return written_for(reading)


def test_shares_by_corpus_are_counts_over_rules_with_a_mapping(readings, written):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVERAGE_CACHE", str(PROJECT / "no-cache-here"))
        releases = releases_of(readings[E19])
        again = written_for(readings[E18])
    assert releases == [E18, E19]
    pd.testing.assert_frame_equal(written, again)  # whichever release was chosen
    shares = checked(releases_by_corpus(written, releases), CORPUS_RELEASES).set_index(["corpus", "release"])
    assert (shares["share"] == shares["valid"] / shares["rules"]).all()
    assert shares.loc[("elastic-endpoint", E18), "share"] == 1  # written for 18.1
    assert shares.loc[("elastic", E18), "share"] > 0.99 > shares.loc[("elastic", E19), "share"]
    assert shares.loc[("sigma", E19), "share"] > shares.loc[("sigma", E18), "share"]  # written for 19.0


def test_a_rule_is_valid_just_where_no_check_marked_so_finds_anything(readings, written):
    frame = written.set_index("rule_key")["valid_in"]
    for release, reading in readings.items():
        wrong = set(reading.findings.loc[reading.findings["code"].isin(INVALID), "rule_key"])
        assert all((release in valid) == (key not in wrong) for key, valid in frame.items())
    assert {code for code, check in CHECKS.items() if check.invalid} == INVALID


def test_the_order_of_corpora_changes_no_finding(shared, readings):
    turned = load([CorpusSource(name, shared("corpora", name)) for name in reversed(NAMES)])
    there, here = read_embedded(turned, E19).findings, readings[E19].findings
    columns = ["rule_key", "position", "code", "field", "value", "message"]
    pd.testing.assert_frame_equal(
        there[columns].sort_values(columns, ignore_index=True),
        here[columns].sort_values(columns, ignore_index=True),
    )


@pytest.mark.parametrize("release", [E18, E19])
def test_every_finding_in_the_samples_of_other_formats_stands_where_it_is_written(shared, release):
    folders = sorted(path for path in shared("corpora", "samples").iterdir() if path.is_dir())
    loaded = load([CorpusSource(folder.name, folder) for folder in folders])
    frame = placed(read_embedded(loaded, release).findings, loaded)
    stamps = {stamp.name: stamp for stamp in loaded.corpora}
    with_place = frame[frame["value"].notna()]
    for row in with_place.itertuples():
        line = stamps[row.corpus].file(row.path).read_text("utf-8-sig").split("\n")[row.line - 1]
        assert line[row.column - 1 :].lower().startswith(row.value.lower()), row
    assert len(with_place) > 100 and with_place["corpus"].nunique() == len(folders)
