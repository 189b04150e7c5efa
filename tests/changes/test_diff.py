"""What became of coverage between two states: exact on the small corpus, sums in every scope, and git left as
it was.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from coverage.changes.difference import Difference, difference
from coverage.changes.frames import DIFF_CAUSES, DIFF_LEDGER, DIFF_TOTALS, DIFF_UNITS, RULE_DIFF
from coverage.changes.rule_diff import RuleDiff, facts_of, matched
from coverage.changes.snapshot import snapshot_bytes, snapshot_of
from coverage.changes.steps import State
from coverage.corpora.git import RevisionError, repository_of, revision
from coverage.corpora.revision import load_revision
from coverage.exports.difference import MARK, difference_csv, difference_json, difference_markdown
from coverage.frames import checked
from coverage.loaders import CorpusSource, Loaded, corpus_sources, load
from coverage.measures import coverage_by_id
from coverage.scope import Scope
from coverage.vocabulary import DIFFERENCE_CAUSES, ROLLUPS, RULE_DIFFERENCES
from tests.helpers import small
from tests.helpers.command_line import run
from tests.helpers.ledgers import GRAINS, totals_again
from tests.helpers.small import DAY, E18, E19, PATHS, SMALL
from tests.helpers.states import (
    GAINED_AND_LOST,
    changed,
    committed,
    copy_of_small,
    git,
    refused,
    replaced,
    rule_file,
)


@pytest.fixture(autouse=True)
def embedded(monkeypatch):
    """The releases that come with the project alone, whatever the user's cache holds."""
    monkeypatch.setenv("COVERAGE_CACHE", str(SMALL / "no-cache-here"))


@pytest.fixture(scope="module")
def after(tmp_path_factory) -> Loaded:
    return load([CorpusSource("small", changed(copy_of_small(tmp_path_factory.mktemp("after") / "small")))])


def state(loaded: Loaded, release: str = E18, snapshot=None, **scope) -> State:
    made = Scope(small.catalogue(release).release, corpora=tuple(loaded.corpora), date=DAY, **scope)
    return State("a state", loaded, made, snapshot)


def assert_adds_up(found: Difference) -> None:
    """Ledger, units and causes sum to the difference of the totals, and every line has a cause that is
    one.
    """
    for frame, spec in (
        (found.ledger, DIFF_LEDGER),
        (found.units, DIFF_UNITS),
        (found.totals, DIFF_TOTALS),
        (found.by_cause, DIFF_CAUSES),
        (found.rules.frame, RULE_DIFF),
    ):
        checked(frame, spec)
    old, new = totals_again(found.before), totals_again(found.after)
    shares = "share" in (found.before.scope.rollup, found.after.scope.rollup)
    exact = {"abs": 1e-9} if shares else {"abs": 0.0, "rel": 0.0}
    for grain in GRAINS:
        wanted, entered = new[grain][0] - old[grain][0], new[grain][1] - old[grain][1]
        for frame in (found.ledger, found.units, found.by_cause):
            rows = frame[frame["grain"] == grain]
            assert rows["covered_change"].sum() == pytest.approx(wanted, **exact)
            assert rows["total_change"].sum() == entered
        row = found.totals.set_index("grain").loc[grain]
        assert (row["covered_before"], row["total_before"]) == pytest.approx(old[grain])
        assert (row["covered_after"], row["total_after"]) == pytest.approx(new[grain])
        changes = found.units.loc[found.units["grain"] == grain, "change"].tolist()
        assert (row["gained"], row["lost"]) == (changes.count("gained"), changes.count("lost"))
    parts = found.units["by_rule"] + found.units["by_attack"] + found.units["by_scope"]
    assert (parts - found.units["covered_change"]).abs().max() < 1e-9 or found.units.empty
    assert set(found.ledger["cause"]) <= set(DIFFERENCE_CAUSES) and "unexplained" not in set(
        found.ledger["detail"]
    )
    by_rules = found.ledger[found.ledger["cause"] == "rule"]
    assert by_rules["rules"].map(len).min() > 0 or by_rules.empty
    assert set(by_rules["detail"]) <= set(RULE_DIFFERENCES)
    known = set(found.rules.frame["rule_key"])
    assert {key for keys in by_rules["rules"] for key in keys} <= known


def units_of(found: Difference, grain: str, change: str) -> set:
    rows = found.units[(found.units["grain"] == grain) & (found.units["change"] == change)]
    return (
        set(zip(rows["tactic_id"], rows["attack_id"], strict=True))
        if grain == "placements"
        else set(rows["attack_id"])
    )


def unit(found: Difference, attack_id: str) -> pd.Series:
    rows = found.units[(found.units["attack_id"] == attack_id) & (found.units["grain"] != "placements")]
    assert len(rows) == 1
    return rows.iloc[0]


# ---- counted by hand
# --------------------------------------------------------------------------------------------


def test_what_a_day_of_work_gains_and_loses(after):
    found = difference(state(small.loaded()), state(after))
    assert_adds_up(found)
    for grain, (gained, lost) in GAINED_AND_LOST.items():
        assert units_of(found, grain, "gained") == gained
        assert units_of(found, grain, "lost") == lost
    techniques = totals_again(small.view(E18))["techniques"]
    covered, total = int(techniques[0]), techniques[1]
    assert (
        found.sentence()
        == f"Covered techniques go from {covered} of {total} to {covered + 1} of {total}: 2 gained, 1 lost "
        "(rules +1)."
    )


def test_every_rule_that_changed_and_how(after):
    diff = RuleDiff(small.loaded(), after)
    said = {
        Path(row["path_before"] if isinstance(row["path_before"], str) else row["path"]).name: row["changes"]
        for row in diff.frame.to_dict("records")
    }
    assert said == {
        "scheduled_task.toml": ("removed",),
        "defender_tampering.toml": ("class",),
        "dll_hijack.toml": ("remapped",),
        "powershell_disabled.toml": ("enabled",),
        "new.toml": ("added",),
    }
    assert (diff.moved, diff.edited) == (1, 1)
    remapped = diff.frame[diff.frame["path"] == PATHS["e"]].iloc[0]
    assert (remapped["written_before"], remapped["written_after"]) == (
        ("T1574.001 in TA0003",),
        ("T1574.006 in TA0003",),
    )
    assert not remapped["same_file"]


def test_each_unit_names_the_rules_behind_it(after):
    found = difference(state(small.loaded()), state(after))
    lost = unit(found, "T1053")
    assert (lost["before"], lost["after"], lost["cause"], lost["detail"]) == (
        "covered",
        "open",
        "rule",
        "removed",
    )
    assert (
        lost["rules"] == (f"small/{PATHS['a']}",)
        and lost["because"] == "Scheduled task made from Office: removed"
    )
    assert (
        unit(found, "T1562.001")["detail"] == "class"
        and "class (production → development)" in unit(found, "T1562.001")["because"]
    )
    assert (
        unit(found, "T1059")["detail"] == "enabled"
        and "enabled (no → yes)" in unit(found, "T1059")["because"]
    )
    assert "T1574.001 in TA0003 → T1574.006 in TA0003" in unit(found, "T1574.001")["because"]
    assert unit(found, "T1190")["rules"] == ("small/rules/network/new.toml",)


def test_a_file_that_breaks_is_unreadable_and_not_removed(tmp_path):
    folder = copy_of_small(tmp_path / "small")
    (folder / PATHS["a"]).write_text("[rule\n", encoding="utf-8")
    found = difference(state(small.loaded()), state(load([CorpusSource("small", folder)])))
    assert unit(found, "T1053")["detail"] == "unreadable"
    assert_adds_up(found)


@pytest.mark.parametrize("rollup", list(ROLLUPS))
@pytest.mark.parametrize(
    ("pre", "classes", "platforms"),
    [
        (False, ("production",), ()),
        (True, ("production", "hunt", "development", "deprecated"), ()),
        (False, ("production",), ("Windows",)),
    ],
)
def test_it_adds_up_in_every_scope_and_both_ways(after, rollup, pre, classes, platforms):
    scope = {"rollup": rollup, "pre": pre, "classes": classes, "platforms": platforms}
    there = difference(state(small.loaded(), **scope), state(after, **scope))
    back = difference(state(after, **scope), state(small.loaded(), **scope))
    for found in (there, back):
        assert_adds_up(found)
    keys = ["grain", "tactic_id", "attack_id"]
    pd.testing.assert_frame_equal(there.units[keys], back.units[keys])
    assert (there.units["covered_change"] + back.units["covered_change"]).abs().max() < 1e-12


def test_nothing_differs_between_equal_states():
    found = difference(state(small.loaded()), state(small.loaded()))
    assert found.ledger.empty and found.units.empty and found.rules.frame.empty
    assert found.sentence().endswith(": none gained, none lost.")
    assert_adds_up(found)


# ---- ATT&CK and scope
# ---------------------------------------------------------------------------------------------


def test_a_release_is_its_own_cause_and_comes_before_the_rules(tmp_path):
    """d is rewritten for 19.0 (T1562.001 -> T1685): ATT&CK moves it, and the rule neither loses nor gains
    anything.
    """
    folder = copy_of_small(tmp_path / "small")
    replaced(folder / PATHS["d"], "T1562.001", "T1685.999")
    text = (folder / PATHS["d"]).read_text(encoding="utf-8")
    technique = text[text.index("[[rule.threat.technique]]") : text.index("[rule.threat.tactic]")]
    (folder / PATHS["d"]).write_text(
        text.replace(technique, '[[rule.threat.technique]]\nid = "T1685"\nname = "x"\nreference = ""\n\n'),
        encoding="utf-8",
    )
    found = difference(state(small.loaded(), E18), state(load([CorpusSource("small", folder)]), E19))
    assert_adds_up(found)
    assert unit(found, "T1562.001")["cause"] == "attack" and unit(found, "T1685")["cause"] == "attack"
    ids = found.by_cause[found.by_cause["grain"] != "placements"].set_index(["grain", "cause"])
    assert (ids.xs("rule", level="cause")["units"] == 0).all() and (
        ids.xs("attack", level="cause")["units"] > 0
    ).all()
    assert [row["changes"] for row in found.rules.frame.to_dict("records")] == [("remapped",)]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("pre", True),
        ("platforms", ("Linux",)),
        ("classes", ("hunt", "production")),
        ("enabled", "any"),
        ("rollup", "share"),
    ],
)
def test_an_option_is_its_own_cause(option, value):
    found = difference(state(small.loaded()), state(small.loaded(), **{option: value}))
    assert_adds_up(found)
    assert set(found.ledger["cause"]) == {"scope"} and set(found.ledger["detail"]) == {option}


def test_all_causes_at_once_add_up(after):
    for rollup in ROLLUPS:
        head = state(
            after,
            E19,
            pre=True,
            platforms=("Windows", "Linux", "PRE"),
            classes=("production", "hunt"),
            enabled="any",
            rollup=rollup,
        )
        found = difference(state(small.loaded(), E18), head)
        assert_adds_up(found)
        assert set(found.ledger["cause"]) == set(DIFFERENCE_CAUSES)


def test_domains_have_nothing_to_compare():
    with pytest.raises(ValueError, match="of different domains"):
        difference(state(small.loaded()), state(small.loaded(), "mobile-18.1"))


def test_a_snapshot_is_the_state_it_was_made_of(after):
    kept = snapshot_of(snapshot_bytes(small.view(E18), small.loaded()))
    direct = difference(state(small.loaded()), state(after))
    found = difference(state(kept.loaded, snapshot=kept), state(after))
    pd.testing.assert_frame_equal(found.units, direct.units)
    pd.testing.assert_frame_equal(
        found.rules.frame.drop(columns="severity_before"), direct.rules.frame.drop(columns="severity_before")
    )
    kept_after = snapshot_of(snapshot_bytes(small.read_embedded(after, E18).view(on=DAY), after))
    pd.testing.assert_frame_equal(
        difference(state(kept.loaded, snapshot=kept), state(kept_after.loaded, snapshot=kept_after)).units,
        direct.units,
    )


def test_a_mapping_that_was_read_differently_then_is_attacks_doing():
    """When the snapshot was made no installed release knew the ID of a, so it counts for nothing there."""
    kept = snapshot_of(snapshot_bytes(small.view(E19), small.loaded()))
    mappings = kept.mappings.copy()
    key = f"small/{PATHS['a']}"
    mappings.loc[mappings["rule_key"] == key, ["attack_id", "tactic_id"]] = None
    mappings.loc[mappings["rule_key"] == key, "status"] = "unknown"
    older = replace(kept, mappings=mappings.astype({"attack_id": "str", "tactic_id": "str"}))
    found = difference(state(kept.loaded, E19, snapshot=older), state(small.loaded(), E19))
    assert_adds_up(found)
    assert set(found.ledger["cause"]) == {"attack"} and set(found.ledger["detail"]) == {"read"}
    back = difference(state(small.loaded(), E19), state(kept.loaded, E19, snapshot=older))
    assert_adds_up(back)
    assert set(back.ledger["detail"]) == {"read"}


# ---- which rule is which
# -------------------------------------------------------------------------------------------


def pairs(before: list, after: list) -> dict[str, str]:
    from coverage.loaders.frames import rules_frame

    return matched(facts_of(rules_frame(before)), facts_of(rules_frame(after)))


def made(key: str, **values):
    corpus, _, path = key.partition("/")
    return small.rule(key, **{"corpus": corpus, "path": path.partition("#")[0], "rule_id": None, **values})


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ([made("c/a.toml", rule_id="1x")], [made("c/b.toml", rule_id="1x")], {"c/a.toml": "c/b.toml"}),
        ([made("c/a.toml", rule_id="1x")], [made("c/a.toml", rule_id="2x")], {"c/a.toml": "c/a.toml"}),
        (
            [made("c/a.toml", content_hash="h")],
            [made("c/b.toml", content_hash="h")],
            {"c/a.toml": "c/b.toml"},
        ),
        (
            [made("c/a.toml", rule_id="1x"), made("c/b.toml", rule_id="2x")],
            [made("c/a.toml", rule_id="2x"), made("c/b.toml", rule_id="1x")],
            {"c/a.toml": "c/b.toml", "c/b.toml": "c/a.toml"},
        ),
        (
            [made("old/a.toml", rule_id="1x")],
            [made("new/a.toml", rule_id="1x")],
            {"old/a.toml": "new/a.toml"},
        ),
        (
            [made("c/a.toml", rule_id="7", format="suricata")],
            [made("c/b.toml", rule_id="7", format="wazuh")],
            {},
        ),
        # Two files that claim one id: the one at the same path first, then the one with the same content.
        (
            [made("c/a.toml", rule_id="1x"), made("c/b.toml", rule_id="1x", content_hash="h")],
            [made("c/z.toml", rule_id="1x", content_hash="h"), made("c/a.toml", rule_id="1x")],
            {"c/a.toml": "c/a.toml", "c/b.toml": "c/z.toml"},
        ),
        # A file of many rules: one put before the others moves none of them.
        (
            [made("c/a.yml", rule_id="1x"), made("c/a.yml#1", rule_id="2x")],
            [made("c/a.yml", rule_id="0x"), made("c/a.yml#1", rule_id="1x"), made("c/a.yml#2", rule_id="2x")],
            {"c/a.yml": "c/a.yml#1", "c/a.yml#1": "c/a.yml#2"},
        ),
        (
            [made("c/l.json", name="L: T1"), made("c/l.json#1", name="L: T3")],
            [
                made("c/l.json", name="L: T1"),
                made("c/l.json#1", name="L: T2"),
                made("c/l.json#2", name="L: T3"),
            ],
            {"c/l.json": "c/l.json", "c/l.json#1": "c/l.json#2"},
        ),
    ],
)
def test_rules_are_matched_by_id_then_path_then_content(before, after, same):
    assert pairs(before, after) == same
    assert pairs(after, before) == {new: old for old, new in same.items()}


def test_copies_in_several_corpora_are_matched_each_with_its_own(tmp_path, monkeypatch):
    """The same rule in two corpora: taking one copy away loses nothing, taking both away loses it."""
    for name in ("one", "two"):
        rule_file(tmp_path / name / "a.toml", "r-1", "T1190")
    rule_file(tmp_path / "two" / "b.toml", "r-2", "T1105")
    both = load([CorpusSource(name, tmp_path / name) for name in ("one", "two")])
    (tmp_path / "one" / "a.toml").unlink()
    one = load([CorpusSource(name, tmp_path / name) for name in ("one", "two")])
    (tmp_path / "two" / "a.toml").unlink()
    none = load([CorpusSource(name, tmp_path / name) for name in ("one", "two")])
    found = difference(state(both), state(one))
    assert found.units.empty and found.rules.frame["rule_key"].tolist() == ["one/a.toml"]
    found = difference(state(both), state(none))
    assert_adds_up(found)
    assert unit(found, "T1190")["rules"] == ("one/a.toml", "two/a.toml")


# ---- git
# -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository with two commits: the small corpus in rules/, and what a day of work made of it."""
    root = tmp_path / "repo"
    root.mkdir()
    copy_of_small(root / "detections")
    committed(root, "small")
    changed(root / "detections")
    committed(root, "a day of work")
    return root


def at(root: Path, name: str, path: str = "detections") -> Loaded:
    sources = corpus_sources([str(root / path)])
    return load_revision(revision(repository_of(sources), name), sources).loaded


def test_a_revision_has_the_rules_it_had(repository):
    old = at(repository, "HEAD~1")
    columns = [name for name in old.rules.columns if name not in ("rule_key", "corpus")]
    pd.testing.assert_frame_equal(old.rules[columns], small.loaded().rules[columns])
    assert (
        old.corpora[0].commit == git(repository, "rev-parse", "HEAD~1")
        and old.corpora[0].content == small.loaded().corpora[0].content
    )
    assert old.corpora[0].path == f"{repository / 'detections'}@HEAD~1"
    assert at(repository, "HEAD", "detections/rules/network/new.toml").rules["name"].tolist() == ["New rule"]
    assert at(repository, "HEAD~1", "detections/rules/network/new.toml").rules.empty  # it was not there yet


def test_reading_a_revision_leaves_the_repository_as_it_was(repository, tmp_path):
    (repository / "detections" / "rules" / "network" / "new.toml").write_text("[rule]\n", encoding="utf-8")
    (repository / "untracked.txt").write_text("x", encoding="utf-8")
    git(repository, "add", "untracked.txt")

    def seen() -> tuple:
        files = {
            path: path.stat().st_mtime_ns
            for path in sorted(repository.rglob("*"))
            if ".git" not in path.parts
        }
        return (
            files,
            git(repository, "status", "--porcelain"),
            git(repository, "rev-parse", "HEAD"),
            (repository / ".git" / "index").read_bytes(),
        )

    before = seen()
    done = run(
        "diff",
        "HEAD~1..HEAD",
        "--path",
        "detections",
        "--attack",
        E18,
        "--json",
        cwd=repository,
        TMPDIR=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert seen() == before
    assert list(tmp_path.glob("coverage-revision-*")) == []


@pytest.mark.parametrize(
    "name", ["--output=x", "-p", "--help", "HEAD --", "nope", "HEAD~9", "", "a\nb", ":/", "HEAD:detections"]
)
def test_a_name_that_is_no_revision_is_said_to_be_none(repository, name):
    with pytest.raises(RevisionError, match="is neither a file, a folder nor a revision"):
        revision(repository, name)
    assert sorted(path.name for path in repository.iterdir()) == [".git", "detections"]


def test_a_branch_may_be_named_like_an_option_or_a_range(repository):
    commit = git(repository, "rev-parse", "HEAD~1")
    for name in ("--all", "-x", "--output=y"):
        git(repository, "update-ref", f"refs/heads/{name}", commit)
        assert revision(repository, name).commit == commit
        done = run(
            "diff", "--path", "detections", "--attack", E18, "--json", "--", f"{name}..HEAD", cwd=repository
        )
        assert json.loads(done.stdout)["base"]["name"].startswith(f"{name} (")


def test_export_ignore_and_submodules_do_not_apply(repository, tmp_path):
    other = tmp_path / "other"
    rule_file(other / "elsewhere.toml", "r-elsewhere", "T1595")
    committed(other)
    (repository / ".gitattributes").write_text("detections/rules/network export-ignore\n", encoding="utf-8")
    git(repository, "submodule", "--quiet", "add", str(other), "detections/vendor")
    committed(repository, "a submodule")
    sources = corpus_sources([str(repository / "detections")])
    read = load_revision(revision(repository, "HEAD"), sources)
    assert read.submodules == 1 and "r-elsewhere" not in set(read.loaded.rules["rule_id"])
    assert "rules/network/web_protocols.toml" in set(read.loaded.rules["path"])
    done = run("diff", "HEAD~1", "HEAD", "--path", "detections", cwd=repository)
    assert "1 submodule is not read" in done.stderr and done.returncode == 0


def test_a_link_that_leaves_the_tree_is_not_followed(repository, tmp_path):
    rule_file(tmp_path / "secret" / "secret.toml", "r-secret", "T1595")
    links = {
        "out": "../../secret",
        "whole": str(tmp_path / "secret"),
        "up": "rules/../../../secret",
        "inside": "rules/network",
    }
    for name, target in links.items():
        (repository / "detections" / name).symlink_to(target)
    committed(repository, "links")
    found = at(repository, "HEAD")
    assert "r-secret" not in set(found.rules["rule_id"])
    # `inside` alone was there, and leads to what is read anyway; the other is a rule whose sub-technique is
    # named by the ID that it had before it was changed
    assert set(found.problems["code"]) == {"same-file", "id-not-read"}


def test_links_in_the_repository_are_followed_at_a_revision(tmp_path):
    """The rules' folder is a link, a folder in it is one, and that leads to a third: as in the work tree."""
    root = tmp_path / "repo"
    rule_file(root / "sets" / "live" / "one.toml", "r-one", "T1105")
    rule_file(root / "common" / "two.toml", "r-two", "T1190")
    (root / "sets" / "shared").symlink_to("../common")
    (root / "sets" / "live" / "shared").symlink_to("../shared")
    (root / "sets" / "live" / "up").symlink_to("../..")
    (root / "rules").symlink_to("sets/live")
    committed(root, "links")
    now = load(corpus_sources([str(root / "rules")]))
    assert now.rules["path"].tolist() == ["one.toml", "shared/two.toml"]
    then = at(root, "HEAD", "rules")
    assert (
        then.rules["rule_key"].tolist() == now.rules["rule_key"].tolist()
        and then.corpora[0].content == now.corpora[0].content
    )
    assert at(root, "HEAD", "rules/shared").rules["rule_id"].tolist() == ["r-two"]


def test_a_link_that_git_does_not_know_or_knew_as_a_folder_leads_to_the_rules(tmp_path):
    root = tmp_path / "repo"
    rule_file(root / "rules" / "one.toml", "r-one", "T1105")
    committed(root, "a folder")
    (root / "rules").rename(root / "moved")
    rule_file(root / "moved" / "two.toml", "r-two", "T1190")
    (root / "rules").symlink_to(
        root / "moved"
    )  # absolute: at a revision only the work tree tells where it leads
    (root / "untracked").symlink_to("moved")
    (root / ".gitignore").write_text("untracked\n", encoding="utf-8")
    committed(root, "a link")
    assert at(root, "HEAD~1", "rules").rules["rule_id"].tolist() == ["r-one"]
    for name in ("rules", "untracked"):
        assert at(root, "HEAD", name).rules["rule_id"].tolist() == ["r-one", "r-two"]


def test_a_link_into_another_repository_is_refused(repository, tmp_path):
    other, inner = tmp_path / "other", repository / "inner"
    for folder in (other, inner):
        rule_file(folder / "rules" / "one.toml", "r-one", "T1105")
        committed(folder, "rules")
    for name, target in (("out", other / "rules"), ("down", inner / "rules")):
        (repository / name).symlink_to(target)
        refused(
            run("diff", "HEAD", "--path", name, cwd=repository),
            f"{name} is a link into another git repository, {target.parent}: name the folder it leads to",
        )
    (inner / "up").symlink_to(repository / "detections")
    refused(
        run("diff", "HEAD", "inner/up", cwd=repository),
        f"inner/up is a link into another git repository, {repository}: name",
    )
    (tmp_path / "beside").symlink_to(repository / "detections")
    refused(
        run("diff", "HEAD", str(tmp_path / "beside"), cwd=repository), "is a link into another git repository"
    )


@pytest.mark.parametrize(
    "name",
    ["a\\b.toml", "a[b]*?.toml", ":(top)x.toml", "-r.toml", 'quo"te.toml', "ü ñ.toml", "new\nline.toml"],
)
def test_a_file_may_have_any_name(tmp_path, name):
    root = tmp_path / "repo"
    rule_file(root / "rules" / name, "r-one", "T1105")
    rule_file(root / "rules" / f"{name[:-5]} d" / "two.toml", "r-two", "T1190")
    rule_file(root / "rules" / "axb.toml", "r-three", "T1110")
    committed(root, "names")
    assert sorted(at(root, "HEAD", "rules").rules["rule_id"]) == ["r-one", "r-three", "r-two"]
    assert at(root, "HEAD", f"rules/{name}").rules["rule_id"].tolist() == ["r-one"]
    assert at(root, "HEAD", f"rules/{name[:-5]} d").rules["rule_id"].tolist() == ["r-two"]


def test_a_partial_clone_fetches_what_is_read_at_once(tmp_path):
    root, clone, trace = tmp_path / "repo", tmp_path / "clone", tmp_path / "trace"
    for number in range(5):
        rule_file(root / "rules" / f"{number}.toml", f"r-{number}", "T1105")
    (root / "rules" / "link.toml").symlink_to("../more/six.toml")
    rule_file(root / "more" / "six.toml", "r-six", "T1110")
    (root / "rules" / "notes.txt").write_text("no rule format has this suffix\n", encoding="utf-8")
    rule_file(root / "other" / "seven.toml", "r-seven", "T1190")
    committed(root, "rules")
    git(root, "config", "uploadpack.allowFilter", "true")
    git(root, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{root}", str(clone))

    def lacked() -> int:
        return git(clone, "rev-list", "--objects", "--all", "--missing=print").count("?")

    assert lacked() == 9  # seven rules, the notes and what the link says
    done = run("diff", "HEAD..HEAD", "--path", "rules", "--json", cwd=clone, GIT_TRACE=str(trace))
    assert done.returncode == 0, done.stderr
    assert [corpus["rules"] for corpus in json.loads(done.stdout)["base"]["stamp"]["corpora"]] == [6]
    assert lacked() == 2  # the notes, and the rule that is elsewhere
    assert (
        len(re.findall(r"built-in: git fetch\b", trace.read_text(encoding="utf-8"))) == 2
    )  # the rules, then what the link leads to
    assert not (clone / ".git" / "FETCH_HEAD").exists()


def test_what_is_not_there_at_a_revision_is_said(repository):
    """`gone` never was; new.toml came with the last commit."""
    (repository / "gone").mkdir()
    done = run("diff", "HEAD~1", "--path", "detections", "--path", "gone", "--json", cwd=repository)
    assert done.returncode == 0 and re.fullmatch(
        r"HEAD~1 \([0-9a-f]{12}\) has no gone: no rules are read there\n", done.stderr
    )
    for arguments in (("HEAD~1..HEAD", "--path", "detectoins"), ("HEAD~1", "HEAD", "--path", "detectoins")):
        refused(
            run("diff", *arguments, cwd=repository),
            "has detectoins: name rules that were there, or compare with a snapshot",
        )
    refused(run("diff", "HEAD", "--path", "detectoins", cwd=repository), "not found: detectoins")
    for arguments in (("HEAD~1", "--path", "gone"), ("HEAD", "gone"), ("gone", "HEAD")):
        done = run("diff", *arguments, "--json", cwd=repository)
        assert done.returncode == 0 and "has no gone: no rules are read there" in done.stderr
        (sentence,) = json.loads(done.stdout)["without_rules"]
        assert sentence.startswith("Neither ") and sentence.endswith(" has a rule.")
    new = "detections/rules/network/new.toml"
    done = run("diff", "HEAD..HEAD", "--path", new, "--json", cwd=repository)
    assert (done.returncode, done.stderr) == (0, "")
    sources = corpus_sources([str(repository / "gone"), str(repository / new)])
    assert load_revision(revision(repository, "HEAD"), sources).missing == (str(repository / "gone"),)


@pytest.mark.parametrize("before", ["nothing", "a folder without a rule"])
def test_the_first_rules_are_compared_with_nothing(tmp_path, before):
    root = tmp_path / "team"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "README.md").write_text("Rules will come.\n", encoding="utf-8")
    if before != "nothing":
        (root / "rules").mkdir()
        (root / "rules" / "README.md").write_text("Here.\n", encoding="utf-8")
    committed(root, "no rule yet")
    rule_file(root / "rules" / "a.toml", "r-a", "T1105")
    rule_file(root / "rules" / "b.toml", "r-b", "T1053.005")
    committed(root, "the first rules")
    for arguments in (
        ("HEAD~1", "--path", "rules"),
        ("HEAD~1..HEAD", "--path", "rules"),
        ("HEAD~1", "rules"),
    ):
        done = run("diff", *arguments, "--json", cwd=root)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        (sentence,) = found["without_rules"]
        assert re.match(r"HEAD~1 \([0-9a-f]{12}\) has no rule: this compares .* with nothing\.$", sentence)
        gained = {unit["attack_id"] for unit in found["units"] if unit["change"] == "gained"}
        assert gained == {"T1105", "T1053", "T1053.005"}
        assert [row["lost"] for row in found["totals"]] == [0, 0, 0]
    done = run("diff", "HEAD~1", "--path", "rules", "--markdown", cwd=root)
    assert done.returncode == 0 and "compares the current rules with nothing" in done.stdout
    assert "with nothing." in run("diff", "HEAD~1", "--path", "rules", cwd=root).stdout
    last = json.loads(run("diff", "HEAD", "HEAD~1", "--path", "rules", "--json", cwd=root).stdout)
    assert last["without_rules"][0].endswith(" covered is lost.")


def test_a_folder_without_a_rule_is_there(repository):
    (repository / "empty").mkdir()
    (repository / "empty" / "README.md").write_text("Rules will come.\n", encoding="utf-8")
    (repository / "link").symlink_to("empty")
    (repository / "nowhere").symlink_to("none")
    committed(repository, "an empty folder")
    sources = corpus_sources([str(repository / name) for name in ("empty", "link", "nowhere", ".")])
    read = load_revision(revision(repository, "HEAD"), sources)
    assert read.missing == (str(repository / "nowhere"),)
    assert [stamp.rules for stamp in read.loaded.corpora] == [0, 0, 0, 17]


def test_a_revision_is_that_of_the_rules_it_is_compared_with(repository, tmp_path):
    """In another repository with rules of its own, as git -C REPOSITORY diff REV FOLDER has it."""
    other = tmp_path / "other"
    rule_file(other / "rules" / "one.toml", "r-one", "T1105")
    committed(other, "other")
    committed(other, "HEAD~1 is a revision here, too")
    folder = str(repository / "detections")
    there = json.loads(run("diff", "HEAD~1", "detections", "--json", cwd=repository).stdout)
    here = json.loads(run("diff", "HEAD~1", folder, "--json", cwd=other).stdout)
    assert len(here["rules"]) == 5 and here["units"] == there["units"]
    assert here["base"]["name"] == f"HEAD~1 ({git(repository, 'rev-parse', 'HEAD~1')[:12]})"
    assert here["base"]["stamp"]["corpora"][0]["path"] == f"{folder}@HEAD~1"
    back = json.loads(run("diff", folder, "HEAD~1", "--json", cwd=other).stdout)
    assert back["head"]["name"] == here["base"]["name"] and len(back["rules"]) == 5
    named = json.loads(
        run("diff", "HEAD~1", folder, "--path", "rules", "--json", cwd=other).stdout
    )  # what is named is meant
    assert named["base"]["name"] == f"HEAD~1 ({git(other, 'rev-parse', 'HEAD~1')[:12]})"


def test_a_clone_without_its_history_is_told_how_to_get_it(repository, tmp_path):
    git(repository, "branch", "work")
    rule_file(repository / "detections" / "more.toml", "r-more", "T1110")
    committed(repository, "more")
    git(repository, "checkout", "--quiet", "work")
    rule_file(repository / "detections" / "other.toml", "r-other", "T1110")
    committed(repository, "other")
    clone, tree = tmp_path / "shallow", tmp_path / "tree"
    git(
        tmp_path, "clone", "--quiet", "--depth", "1", "--no-single-branch", f"file://{repository}", str(clone)
    )
    git(clone, "worktree", "add", "--quiet", "--detach", str(tree))
    hint = (
        "; the clone is shallow, so fetch the history first (in CI: fetch-depth: 0, else: git fetch "
        "--unshallow)"
    )
    for folder in (clone, tree):
        refused(
            run("diff", "origin/main...HEAD", "--path", "detections", cwd=folder),
            f"'origin/main' and 'HEAD' have no commit in common{hint}",
        )
        refused(run("diff", "HEAD~1", "--path", "detections", cwd=folder), hint)
    git(repository, "checkout", "--quiet", "--orphan", "alone")
    committed(repository, "alone")
    done = run("diff", "main...alone", "--path", "detections", cwd=repository)
    refused(done, "have no commit in common")
    assert "shallow" not in done.stderr


def test_it_is_said_when_git_or_a_repository_is_missing(repository, tmp_path):
    outside = copy_of_small(tmp_path / "outside")
    refused(run("diff", "main", "--path", str(outside), cwd=tmp_path), "outside is not in a git repository")
    refused(
        run("diff", "main", "--path", "detections", cwd=repository, PATH=str(tmp_path)),
        "git is not installed here",
    )
    refused(
        run("diff", "gone", "--path", "detections", cwd=repository),
        "'gone' is neither a file, a folder nor a revision",
    )
    refused(run("diff", "gone..HEAD", "--path", "detections", cwd=repository), "'gone' is neither")
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", str(clone))
    refused(
        run("diff", "HEAD~1", "--path", "detections", cwd=clone),
        "the clone is shallow, so fetch the history first",
    )


def test_variables_of_a_git_hook_lead_nowhere_else(repository, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    committed(other)
    done = run(
        "diff",
        "HEAD~1..HEAD",
        "--path",
        "detections",
        "--json",
        cwd=repository,
        GIT_DIR=str(other / ".git"),
        GIT_INDEX_FILE="nowhere",
    )
    assert done.returncode == 0 and len(json.loads(done.stdout)["rules"]) == 5


# ---- the command
# ----------------------------------------------------------------------------------------------------


def test_every_way_to_name_the_two_states_says_the_same(repository, tmp_path):
    """Snapshots, folders, revisions and a range: the units are equal."""
    copy_of_small(tmp_path / "old" / "detections")
    for name, folder in (("old", tmp_path / "old" / "detections"), ("new", repository / "detections")):
        assert (
            run("snapshot", str(folder), "-o", f"{name}.jsonl", "--attack", E18, cwd=tmp_path).returncode == 0
        )
    here = ("--path", str(repository / "detections"))
    git(repository, "branch", "work")
    ways = [
        (tmp_path, ("old.jsonl", "new.jsonl")),
        (tmp_path, ("old.jsonl", *here)),
        (tmp_path, ("old/detections", "new.jsonl")),
        (tmp_path, ("old/detections", str(repository / "detections"), "--attack", E18)),
        (repository, ("HEAD~1", *here, "--attack", E18)),
        (repository, ("HEAD~1..HEAD", *here, "--attack", E18)),
        (repository, ("HEAD~1...work", *here, "--attack", E18)),
        (repository, ("HEAD~1..", *here, "--attack", E18)),
        (repository, ("HEAD~1", "main", *here, "--attack", E18)),
    ]
    said = [json.loads(run("diff", *arguments, "--json", cwd=folder).stdout) for folder, arguments in ways]
    drop = ("rules",)
    first = [{key: value for key, value in row.items() if key not in drop} for row in said[0]["units"]]
    assert {row["attack_id"] for row in first if row["grain"] == "techniques"} == {"T1053", "T1059", "T1190"}
    for one in said[1:]:
        assert [
            {key: value for key, value in row.items() if key not in drop} for row in one["units"]
        ] == first
        assert one["totals"] == said[0]["totals"] and one["sentence"] == said[0]["sentence"]


def test_without_path_the_rules_are_the_repositorys_own(tmp_path):
    """rules/ here, or beside coverage.toml; never those of the project that the program lies in."""
    root = tmp_path / "repo"
    rule_file(root / "rules" / "one.toml", "r-one", "T1105")
    (root / "deep").mkdir()
    (root / "deep" / "notes.txt").write_text("x", encoding="utf-8")
    committed(root, "one")
    rule_file(root / "rules" / "two.toml", "r-two", "T1190")
    committed(root, "two")

    def names(*arguments: str, cwd: Path = root) -> list[str]:
        done = run("diff", *arguments, "--json", cwd=cwd)
        assert done.returncode == 0, done.stderr
        return [row["name"] for row in json.loads(done.stdout)["rules"]]

    assert names("HEAD~1") == names("HEAD~1..HEAD") == ["r-two"]
    words = "no folder named rules here: give a path, or put [[corpora]] in coverage.toml"
    for arguments in (("HEAD~1",), ("HEAD~1..HEAD",), ("notes.txt/../../rules",), ("../rules",)):
        refused(run("diff", *arguments, cwd=root / "deep"), words)
    (root / "coverage.toml").write_text("[check]\nno_unmapped_rule = true\n", encoding="utf-8")
    assert names("HEAD~1", cwd=root / "deep") == ["r-two"]


def test_what_is_no_state_is_said_so(repository):
    for arguments in (("",), (" ",), ("HEAD", ""), ("", "detections")):
        refused(
            run("diff", *arguments, "--path", "detections", cwd=repository),
            "nothing to compare with: name a snapshot, a folder or file of rules",
        )
    for arguments in (("HEAD~1..HEAD", "detections"), ("HEAD", "HEAD~1..HEAD")):
        refused(
            run("diff", *arguments, cwd=repository),
            "HEAD~1..HEAD already names both states; use --path for the rules to read",
        )
    for name in ("../nope", "detections/../nope", "../../none/.."):
        refused(
            run("diff", name, "--path", "detections", cwd=repository),
            f"'{name}' is neither a file, a folder nor a revision",
        )


def test_another_release_of_the_same_version_is_noted(tmp_path):
    folder, kept = copy_of_small(tmp_path / "small"), snapshot_bytes(small.view(E18), small.loaded())
    (tmp_path / "same.jsonl").write_bytes(kept)
    (tmp_path / "other.jsonl").write_bytes(kept.replace(small.catalogue().sha256.encode(), b"0" * 64))
    (tmp_path / "none.jsonl").write_bytes(kept.replace(small.catalogue().sha256.encode(), b""))
    note = (
        "other.jsonl: its Enterprise 18.1 has the SHA-256 000000000000, the installed one "
        f"{small.catalogue().sha256[:12]}, so the same rules may be read differently\n"
    )
    for name, said in (("same.jsonl", ""), ("none.jsonl", ""), ("other.jsonl", note)):
        done = run("diff", name, str(folder), "--json", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, said)
    assert run("diff", "other.jsonl", "other.jsonl", "--json", cwd=tmp_path).stderr == note


def test_three_dots_start_where_the_two_parted(repository):
    git(repository, "checkout", "--quiet", "-b", "side", "HEAD~1")
    rule_file(repository / "detections" / "side.toml", "r-side", "T1110")
    committed(repository, "beside")
    arguments = ("--path", "detections", "--attack", E18, "--json")
    two = json.loads(run("diff", "main..side", *arguments, cwd=repository).stdout)
    three = json.loads(run("diff", "main...side", *arguments, cwd=repository).stdout)
    assert [row["name"] for row in three["rules"]] == ["r-side"] and len(two["rules"]) == 6
    assert three["base"]["name"].startswith("merge base of main and side (")


def test_options_are_those_of_the_snapshot_until_given(repository, tmp_path):
    folder = str(repository / "detections")
    run(
        "snapshot",
        folder,
        "-o",
        str(tmp_path / "kept.jsonl"),
        "--attack",
        E18,
        "--platform",
        "Windows",
        "--pre",
        "--rollup",
        "share",
    )
    same = json.loads(run("diff", str(tmp_path / "kept.jsonl"), folder, "--json").stdout)
    assert same["units"] == [] and same["scopes_differ"] == []
    assert same["head"]["stamp"] | {"date": ""} == same["base"]["stamp"] | {"date": ""}
    other = json.loads(
        run(
            "diff",
            str(tmp_path / "kept.jsonl"),
            folder,
            "--no-pre",
            "--platform",
            "all",
            "--rollup",
            "any",
            "--attack",
            E19,
            "--json",
        ).stdout
    )
    assert other["scopes_differ"] == [
        "ATT&CK: Enterprise 18.1 before, Enterprise 19.0 after",
        "including pre-attack techniques: yes before, no after",
        "platforms: Windows before, all after",
        "counts as covered when: share of its sub-techniques before, any sub-technique is after",
    ]
    assert {row["cause"] for row in other["ledger"]} == {"attack", "scope"}


def test_the_table_says_it_in_words(repository):
    done = run("diff", "HEAD~1..HEAD", "--path", "detections", "--attack", E18, cwd=repository)
    text = " ".join(done.stdout.split())
    assert "2 gained, 1 lost (rules +1)" in text
    assert (
        "Lost: 1 technique and 3 sub-techniques" in text
        and "Gained: 2 techniques and 2 sub-techniques" in text
    )
    assert (
        "18 rules" not in text
        and "17 rules, 17 before: 1 added, 1 class, 1 enabled, 1 remapped, 1 removed, 1 in another file, 1 "
        "edited, mapping unchanged"
        in text
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("HEAD~1", "--json", "--markdown"), "choose one of --json, --markdown and --csv"),
        (("HEAD~1", "--rollup", "most"), "unknown roll-up: 'most'"),
        (("HEAD~1", "--class", "best"), "unknown rule class: 'best'"),
        (("HEAD~1", "--platform", "Toaster"), "unknown platform of Enterprise 19.0: 'Toaster'"),
        (("HEAD~1", "--attack", "nineteen"), "is not an ATT&CK release"),
        (("HEAD~1", "--attack", "enterprise-1.0"), "is not installed"),
        (("notes.txt",), "notes.txt is not a snapshot, and no rules could be read from it"),
        (("cut.jsonl",), "cut.jsonl is cut off"),
        (("old.jsonl", "--attack", "mobile-18.1"), "different domains"),
        (("gone.jsonl",), "ATT&CK Enterprise 7.0 is not installed"),
    ],
)
def test_it_says_why_it_cannot_compare(repository, arguments, words):
    kept = snapshot_bytes(small.view(E18), small.loaded())
    (repository / "notes.txt").write_text("nothing", encoding="utf-8")
    (repository / "cut.jsonl").write_bytes(kept[:5000])
    (repository / "old.jsonl").write_bytes(kept)
    (repository / "gone.jsonl").write_bytes(kept.replace(b'"enterprise-18.1"', b'"enterprise-7.0"'))
    refused(run("diff", *arguments, "--path", "detections", cwd=repository), words)


# ---- files
# ------------------------------------------------------------------------------------------------------------


def test_csv_and_json_hold_every_unit(after):
    found = difference(state(small.loaded()), state(after))
    rows = list(csv.DictReader(io.StringIO(difference_csv(found).decode("utf-8"))))
    assert len(rows) == len(found.units) > 0
    assert list(rows[0])[:2] == ["base", "head"] and list(rows[0])[-3:] == ["attack", "scope", "corpora"]
    assert (
        sum(float(row["covered_change"].lstrip("'")) for row in rows) == found.units["covered_change"].sum()
    )
    value = json.loads(json.dumps(difference_json(found)))
    assert [len(value[name]) for name in ("units", "ledger", "rules")] == [
        len(found.units),
        len(found.ledger),
        len(found.rules.frame),
    ]
    assert value["version"] == 1 and value["sentence"] == found.sentence()


def test_the_comment_opens_with_the_figures_and_folds_the_rest(after):
    text = difference_markdown(difference(state(small.loaded()), state(after)))
    lines = text.splitlines()
    covered, total = totals_again(small.view(E18))["techniques"]
    assert lines[:2] == [
        MARK,
        f"### ATT&CK coverage: {int(covered) + 1} of {total} techniques (+1): 2 gained, 1 lost",
    ]
    assert (
        "**Lost: 1 technique and 3 sub-techniques**" in lines
        and "**Gained: 2 techniques and 2 sub-techniques**" in lines
    )
    assert text.count("<details>") == text.count("</details>") == 2
    assert (
        "| [T1053](https://attack.mitre.org/techniques/T1053/) | Scheduled Task/Job | covered → open | rules "
        "| `Scheduled task made from Office` removed |" in lines
    )


HOSTILE = [
    "@security-team #1 please [click](javascript:alert(1)) ![x](https://evil.example/p.png)",
    "a | b | c\n| d | `code` `` more",
    "</details><script>alert(1)</script> <!-- -->",
    "https://evil.example/ www.evil.example ** __ ~~ \\` `",
    "`" * 30,
    "\u202egnp.exe\u0000\u2028x",
    "=HYPERLINK(1)",
    "x" * 5000,
]


def test_rule_text_in_a_comment_is_nothing_but_text(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for place, name in enumerate(HOSTILE):
        rule_file(
            tmp_path / "rules" / f"r{place} @x `y` <b>.toml",
            f"id-{place}",
            f"T1{[190, 105, 133, 199, 110, 200, 566, 87][place]:03d}",
            name=name.replace("\u0000", ""),
        )
    loaded = load([CorpusSource("made `by` @me", tmp_path / "rules")])
    assert len(loaded.rules) == len(HOSTILE)
    for before, now in (
        (load([CorpusSource("empty", empty)]), loaded),
        (loaded, load([CorpusSource("empty", empty)])),
    ):
        text = difference_markdown(difference(state(before), state(now)))
        tokens = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").parse(text)
        inline = [child for token in tokens for child in token.children or []]
        assert {
            child.attrGet("href").partition("/T")[0] for child in inline if child.type == "link_open"
        } == {"https://attack.mitre.org/techniques"}
        assert not [child for child in inline if child.type in ("image", "html_inline")]
        html = {token.content.strip() for token in tokens if token.type == "html_block"}
        assert all(
            re.fullmatch(
                r"</details>|<!-- coverage diff -->|<details><summary>[\w :,→&;.-]+</summary>", block
            )
            for block in html
        ), html
        plain_text = "".join(child.content for child in inline if child.type == "text")
        assert "@" not in plain_text and "evil" not in plain_text and "#1" not in plain_text
        widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| `")}
        assert widths == {4}


def test_a_comment_is_never_longer_than_it_may_be(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    ids = sorted(small.catalogue().techniques.query("status == 'live'")["attack_id"])
    for place in range(700):
        rule_file(
            tmp_path / "rules" / f"{place}.toml",
            f"id-{place}",
            ids[place % len(ids)],
            name=f"{place} " + "long name " * 20,
        )
    found = difference(
        state(load([CorpusSource("empty", empty)])), state(load([CorpusSource("many", tmp_path / "rules")]))
    )
    whole = difference_markdown(found)
    assert len(whole) <= 60_000 and "… and" in whole and "more rules." in whole
    for most in (5_000, 2_000, 900, 100):
        assert len(difference_markdown(found, most)) <= most
    assert difference_markdown(found, 900).startswith(MARK)


# ---- Elastic
# ------------------------------------------------------------------------------------------------------------


@cache
@cache
def elastic_ids(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Path -> (class by folder and maturity, IDs as written) of each rule, from the files alone."""
    found = {}
    for file in sorted(path.rglob("*.toml")):
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        if "rule" not in document:
            continue
        threats = document["rule"].get("threat", [])
        ids = {
            leaf["id"]
            for threat in threats
            if "ATT&CK" in threat["framework"]
            for technique in threat.get("technique", ())
            for leaf in (technique.get("subtechnique") or [technique])
        }
        deprecated = "_deprecated" in file.parts or document["metadata"]["maturity"] == "deprecated"
        block = "rules_building_block" in file.parts or "building_block_type" in document["rule"]
        kind = (
            "other"
            if deprecated or document["metadata"]["maturity"] != "production"
            else "building_block"
            if block
            else "production"
        )
        found[file.relative_to(path).as_posix()] = (kind, frozenset(ids))
    return found


def covered_again(path: Path, kept: set[str]) -> set[str]:
    """IDs of 19.0 that these production rules cover under the roll-up `any`, read by the revocations
    alone.
    """
    catalogue = small.catalogue(E19)
    revoked = dict(zip(catalogue.revocations["attack_id"], catalogue.revocations["revoked_by"], strict=True))
    live = set(catalogue.techniques.query("status == 'live'")["attack_id"])
    covered = set()
    for file, (kind, ids) in elastic_ids(path).items():
        if file in kept and kind == "production":
            for attack_id in ids:
                while attack_id in revoked and attack_id not in live:
                    attack_id = revoked[attack_id]
                covered |= {attack_id, attack_id.partition(".")[0]} & live
    return covered


@pytest.mark.corpora
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_elastic_with_rules_taken_away_against_a_count_of_the_files(shared, seed):
    path = shared("corpora", "elastic")
    whole = small.real(path)
    everything = sorted(elastic_ids(path))
    gone = set(random.Random(seed).sample(everything, [40, 300, 1500][seed - 1]))
    keys = {f"elastic/{file}" for file in gone}
    rest = Loaded(
        *(
            frame[~frame["rule_key"].isin(keys)].reset_index(drop=True)
            for frame in (whole.rules, whole.written)
        ),
        whole.problems,
        whole.corpora,
    )
    kept = snapshot_of(snapshot_bytes(small.elastic_reading(path, E19).view(on=DAY), whole))
    found = difference(state(kept.loaded, E19, snapshot=kept), state(rest, E19))
    assert_adds_up(found)
    assert len(found.rules.frame) == len(gone) and set(found.rules.frame["path"]) == gone
    in_scope = set(found.before.techniques["attack_id"])
    before, now = (
        covered_again(path, set(everything)) & in_scope,
        covered_again(path, set(everything) - gone) & in_scope,
    )
    assert before == set(coverage_by_id(found.before).query("covered == 1")["attack_id"])
    assert units_of(found, "techniques", "lost") | units_of(found, "subtechniques", "lost") == before - now
    assert len(before - now) > 0 and not units_of(found, "techniques", "gained")


@pytest.mark.corpora
def test_elastic_from_an_older_release_with_rules_changed_adds_up(shared):
    path = shared("corpora", "elastic")
    whole = small.real(path)
    rules = whole.rules.copy()
    rules.loc[rules.index % 11 == 0, "rule_class"] = "development"
    other = Loaded(
        rules[rules.index % 7 != 0].reset_index(drop=True), whole.written, whole.problems, whole.corpora
    )
    for rollup in ("any", "share"):
        found = difference(
            state(whole, E18), state(other, E19, rollup=rollup, platforms=("Windows", "Linux"), pre=True)
        )
        assert_adds_up(found)
        assert set(found.ledger["cause"]) == set(DIFFERENCE_CAUSES)
