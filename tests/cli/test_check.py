"""`check` as a process: each condition holds and fails, says both numbers and what to do, and says in one
sentence why it cannot run.
"""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from coverage.changes.snapshot import snapshot_bytes
from coverage.project.check_settings import CheckSettings, ScopeSetting, ShareCondition, TargetsCondition
from coverage.project.settings import SettingsError, read_settings
from tests.helpers import small
from tests.helpers.command_line import run
from tests.helpers.small import E18, E19, PATHS, SMALL
from tests.helpers.states import changed, committed, copy_of_small, refused, rule_file

SCOPE = f'[check.scope]\nattack = "{E18}"\n'


@pytest.fixture
def project(tmp_path) -> Path:
    """A repository with the small corpus in detections/ as its first commit."""
    root = tmp_path / "project"
    root.mkdir()
    copy_of_small(root / "detections")
    committed(root, "small")
    return root


def stated(project: Path, text: str, name: str = "coverage.toml") -> Path:
    file = project / name
    file.write_text(text, encoding="utf-8")
    return file


def asked(project: Path, text: str, *arguments: str, code: int = 0) -> list[dict]:
    """The conditions as JSON; the exit code is this one, and agrees with what is said."""
    stated(project, text)
    done = run("check", "detections", "--json", *arguments, cwd=project)
    assert done.returncode == code, (done.stdout, done.stderr)
    value = json.loads(done.stdout)
    assert value["passed"] is (code == 0) and value["settings"] == "coverage.toml"
    assert all(one["passed"] for one in value["conditions"]) is value["passed"]
    return value["conditions"]


def ratio(release: str, grain: str, **scope) -> tuple[int, int]:
    """Covered and total of a grain from the measures that the pages show."""
    from coverage.measures import summary

    part = summary(small.view(release, **scope))[grain]
    return part["covered"], part["total"]


# ---- shares
# -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", ["techniques", "subtechniques", "placements"])
def test_a_share_holds_up_to_the_very_unit(project, grain):
    covered, total = ratio(E18, grain)
    enough = f'{SCOPE}[[check.share]]\ngrain = "{grain}"\nat_least = {covered / total!r}\n'
    (one,) = asked(project, enough)
    assert (one["covered"], one["total"], one["condition"], one["line"]) == (covered, total, "share", 3)
    (one,) = asked(project, enough.replace(repr(covered / total), repr((covered + 0.5) / total)), code=1)
    words = {"subtechniques": "sub-techniques", "placements": "matrix cells"}.get(grain, grain)
    assert one["found"] == f"{covered} of {total} {words} covered ({covered / total:.1%})"
    assert f"{covered + 1} of {total} {words} covered" in one["wanted"] and one["advice"].startswith(
        "map rules to 1 more of them"
    )
    assert len(one["missing"]) == total - covered


def test_a_share_is_asked_in_its_own_scope(project):
    text = (
        f'{SCOPE}classes = ["production", "hunt"]\n[[check.share]]\nat_least = 0\nclasses = '
        f'["hunt"]\nplatforms = ["linux"]\nrollup = "direct"\nattack = "{E19}"\npre = true\n'
    )
    (one,) = asked(project, text)
    assert (one["covered"], one["total"]) == ratio(
        E19, "techniques", classes=("hunt",), platforms=("Linux",), rollup="direct", pre=True
    )
    assert (
        "hunt rules" in one["scope"]
        and "Enterprise 19.0" in one["scope"]
        and "platforms: Linux" in one["scope"]
    )


@pytest.mark.parametrize("tactic", ["TA0006", "Credential Access", "credential-access"])
def test_a_share_of_one_tactic(project, tactic):
    """b and c cover T1003 and T1003.001, and nothing else in Credential Access."""
    said = asked(
        project,
        f'{SCOPE}[[check.share]]\nat_least = 0.5\ntactic = "{tactic}"\n[[check.share]]\ngrain = '
        f'"placements"\nat_least = 0.01\ntactic = "{tactic}"\n',
        code=1,
    )
    assert [one["covered"] for one in said] == [1, 2] and [one["passed"] for one in said] == [False, True]
    cells = small.catalogue().placements.query("tactic_id == 'TA0006'")["attack_id"]
    assert said[1]["total"] == len(cells) and said[0]["total"] == sum("." not in one for one in cells)
    assert all(one["why"] == "open in Credential Access" for one in said[0]["missing"])


def test_a_share_of_nothing_fails(project):
    """Reconnaissance holds PRE-only techniques alone, which are out of the default scope."""
    (one,) = asked(project, f'{SCOPE}[[check.share]]\nat_least = 0\ntactic = "Reconnaissance"\n', code=1)
    assert one["total"] == 0 and "nothing is in this scope" in one["advice"]


# ---- targets
# ------------------------------------------------------------------------------------------------------


def test_targets_by_id_are_read_as_mappings_are(project):
    text = (
        f'[check.scope]\nattack = "{E19}"\n[[check.targets]]\nname = "ours"\nids = ["T1562.001", '
        '"t1003", '
        '"T1020", "T1595.002"]\n'
    )
    (one,) = asked(project, text, code=1)
    assert (one["covered"], one["total"], one["title"]) == (2, 4, "targets: ours")
    assert {row["attack_id"]: row["why"] for row in one["missing"]} == {
        "T1020": "open",
        "T1595.002": "not in the stated scope",
    }
    asked(project, text.replace('"T1020", ', "").replace('"T1595.002"', '"T1685"'))


def layer(project: Path, *entries: dict, **more) -> None:
    document = {
        "name": "wanted",
        "domain": "enterprise-attack",
        "versions": {"layer": "4.5", "attack": "18"},
        "techniques": list(entries),
    } | more
    (project / "targets.json").write_text(json.dumps(document), encoding="utf-8")


def test_targets_from_a_layer_are_its_scored_techniques(project):
    layer(
        project,
        {"techniqueID": "T1003", "score": 1},
        {"techniqueID": "T1105", "score": 3, "tactic": "command-and-control"},
        {"techniqueID": "T1020", "score": 0},
        {"techniqueID": "T1123", "comment": "no score"},
        {"techniqueID": "T1119", "score": 5, "enabled": False},
    )
    text = f'{SCOPE}[[check.targets]]\nlayer = "targets.json"\n'
    (one,) = asked(project, text)
    assert (one["covered"], one["total"], one["title"]) == (2, 2, "targets: targets.json")
    layer(project, {"techniqueID": "T1020", "score": 1}, {"techniqueID": "T9999", "score": 1})
    (one,) = asked(project, text, code=1)
    assert [(row["attack_id"], row["why"]) for row in one["missing"]] == [
        ("T1020", "open"),
        ("T9999", "No installed release knows T9999"),
    ]


def test_targets_that_are_read_as_one_id_are_one_target(project):
    """In 19.0 T1562 and T1562.001 are read as T1685, which d and a rule written for 19.0 cover."""
    text = (
        f'[check.scope]\nattack = "{E19}"\n[[check.targets]]\nids = ["T1685", "T1562", "T1562.001", '
        '"T1003"]\n'
    )
    (one,) = asked(project, text)
    assert (one["covered"], one["total"]) == (2, 2)
    assert one["found"] == "2 of 2 targets covered; T1562 and T1562.001 are read as T1685"
    for path in (PATHS["d"], "rules/windows/written_for_19.toml"):
        (project / "detections" / path).unlink()
    (one,) = asked(project, text, code=1)
    assert [(row["attack_id"], row["why"]) for row in one["missing"]] == [
        ("T1685", "open; T1562 and T1562.001 are read as it")
    ]


def test_a_layer_s_tactic_counts(project):
    """a covers T1053 in Execution and Persistence alone, though the technique is in Privilege Escalation,
    too.
    """
    layer(
        project,
        *(
            {"techniqueID": "T1053", "score": 1, "tactic": tactic}
            for tactic in ("execution", "privilege-escalation", "impact", "cooking")
        ),
    )
    text = f'{SCOPE}[[check.targets]]\nlayer = "targets.json"\n'
    (one,) = asked(project, text, code=1)
    assert (one["covered"], one["total"]) == (1, 4)
    assert [(row["attack_id"], row["why"]) for row in one["missing"]] == [
        ("T1053", "open in Privilege Escalation"),
        ("T1053", f"T1053 is not in Impact in {small.catalogue().release.title}"),
        ("T1053", "unknown tactic: 'cooking'"),
    ]


def test_a_layer_without_techniques_is_a_layer(project):
    layer(project)
    (one,) = asked(project, f'{SCOPE}[[check.targets]]\nlayer = "targets.json"\n', code=1)
    assert (one["total"], one["advice"]) == (0, "the layer has no technique with a score above 0")


def test_a_partly_covered_target_is_not_covered(project):
    (one,) = asked(project, f'{SCOPE}[[check.targets]]\nids = ["T1003"]\nrollup = "share"\n', code=1)
    subtechniques = sum(
        one.startswith("T1003.")
        for one in small.catalogue().techniques.query("status == 'live'")["attack_id"]
    )
    assert one["missing"][0]["why"] == f"covered to {1 / subtechniques:.0%}"


# ---- no rule without a mapping
# -------------------------------------------------------------------------------------


def test_every_rule_in_scope_has_a_mapping(project):
    """h maps to nothing; g names a tactic and j another framework, which are mappings."""
    (one,) = asked(project, f"[check]\nno_unmapped_rule = true\n{SCOPE}", code=1)
    in_scope = len(small.view(E18).rules)
    assert (one["covered"], one["total"], one["line"]) == (in_scope - 1, in_scope, 2)
    assert [row["path"] for row in one["missing"]] == [PATHS["h"]]
    (project / "detections" / PATHS["h"]).unlink()
    asked(project, f"[check]\nno_unmapped_rule = true\n{SCOPE}")


def test_a_rule_whose_ids_are_all_dead_has_no_mapping(project):
    """A tactic alone is a mapping, and so is an ID of another domain; one that no release knows is none,
    beside a live one it does not matter.
    """
    (project / "detections" / PATHS["h"]).unlink()
    rule_file(project / "detections" / "dead.toml", "r-dead", "T9998", "T9999", name="Dead")
    rule_file(project / "detections" / "half.toml", "r-half", "T9999", "T1105")
    rule_file(project / "detections" / "mobile.toml", "r-mobile", "T1625")
    (one,) = asked(project, f"[check]\nno_unmapped_rule = true\n{SCOPE}", code=1)
    assert [(row["path"], row["why"]) for row in one["missing"]] == [
        (
            "dead.toml",
            "no ID of this release: No installed release knows T9998; No installed release knows T9999",
        ),
    ]


def test_no_rule_at_all_is_no_pass(project):
    (project / "empty").mkdir()
    stated(project, f"[check]\nno_unmapped_rule = true\nno_technique_lost = true\n{SCOPE}")
    done = run("check", "empty", "--baseline", "empty", "--json", cwd=project)
    assert done.returncode == 1
    assert [
        (one["passed"], one["total"], one["advice"]) for one in json.loads(done.stdout)["conditions"]
    ] == [
        (False, 0, "the baseline covers no technique: are the rules at this path in it?"),
        (False, 0, "no rule is in scope: is this the right folder?"),
    ]


def test_before_the_first_rules_there_was_nothing_to_lose(tmp_path):
    """The baseline has no folder of rules, an empty one, or is a snapshot of none."""
    root = tmp_path / "team"
    (root / "empty").mkdir(parents=True)
    (root / "empty" / "README.md").write_text("Rules will come.\n", encoding="utf-8")
    stated(root, "[check]\nno_technique_lost = true\n")
    committed(root, "no rule yet")
    assert run("snapshot", "empty", "-o", "none.jsonl", cwd=root).returncode == 0
    rule_file(root / "rules" / "a.toml", "r-a", "T1105")
    rule_file(root / "empty" / "b.toml", "r-b", "T1105")
    for rules, baseline in (("rules", "HEAD"), ("empty", "HEAD"), ("rules", "none.jsonl")):
        done = run("check", rules, "--baseline", baseline, "--json", cwd=root)
        assert done.returncode == 0, (rules, baseline, done.stdout, done.stderr)
        (one,) = json.loads(done.stdout)["conditions"]
        assert (one["passed"], one["covered"], one["total"]) == (True, 0, 0)
        assert one["found"].startswith("none of 0 lost: ") and one["found"].endswith(" has no rule yet")


def test_a_baseline_that_cannot_be_read_is_not_empty(tmp_path):
    root = tmp_path / "team"
    (root / "rules").mkdir(parents=True)
    (root / "rules" / "a.toml").write_text("[rule]\nname = \n", encoding="utf-8")
    stated(root, "[check]\nno_technique_lost = true\n")
    committed(root, "a broken rule")
    rule_file(root / "rules" / "a.toml", "r-a", "T1105")
    done = run("check", "rules", "--baseline", "HEAD", "--json", cwd=root)
    assert done.returncode == 1
    (one,) = json.loads(done.stdout)["conditions"]
    assert one["advice"] == "the baseline covers no technique: are the rules at this path in it?"


# ---- nothing lost
# ---------------------------------------------------------------------------------------------------


LOST = f"[check]\nno_technique_lost = true\n{SCOPE}"
IDS = {"T1053", "T1053.005", "T1562.001", "T1574.001"}


def lost(one: dict) -> set[str]:
    return {row["attack_id"] for row in one["missing"]}


def baselines(project: Path) -> list[str]:
    """The small corpus as a revision, a snapshot made in another release and scope, and a folder."""
    view = small.view(E19, platforms=("Linux",), rollup="share")
    (project / "baseline.jsonl.gz").write_bytes(snapshot_bytes(view, small.loaded(), compressed=True))
    return ["HEAD", "baseline.jsonl.gz", str(SMALL)]


def test_what_the_baseline_covers_is_covered(project):
    covered = ratio(E18, "techniques")[0] + ratio(E18, "subtechniques")[0]
    for baseline in baselines(project):
        (one,) = asked(project, LOST, "--baseline", baseline)
        assert (one["covered"], one["total"]) == (covered, covered)
    changed(project / "detections")
    for baseline in baselines(project):
        (one,) = asked(project, LOST, "--baseline", baseline, code=1)
        assert lost(one) == IDS and (one["covered"], one["total"]) == (covered - 4, covered)
        assert one["found"] == f"4 of {covered} lost" and "gaps.toml" in one["advice"]
        assert {row["attack_id"]: row["why"] for row in one["missing"]}[
            "T1053"
        ] == "Scheduled task made from Office: removed"


def test_the_settings_may_name_the_baseline(project):
    changed(project / "detections")
    baselines(project)
    for baseline in ("baseline.jsonl.gz", "HEAD"):
        (one,) = asked(project, LOST.replace("[check]", f'[check]\nbaseline = "{baseline}"'), code=1)
        assert lost(one) == IDS
    folder = project / "below"
    folder.mkdir()
    stated(project, LOST.replace("[check]", '[check]\nbaseline = "baseline.jsonl.gz"'))
    done = run(
        "check", "../detections", "--json", cwd=folder
    )  # found from a folder below, beside the settings
    assert done.returncode == 1 and lost(json.loads(done.stdout)["conditions"][0]) == IDS


def gap(attack_id: str, state: str = "accepted", until: str = "") -> str:
    return f'[[gap]]\nid = "{attack_id}"\nstate = "{state}"\nreason = "r"\nowner = "o"\n' + (
        f"until = {until}\n" if until else ""
    )


def test_an_accepted_gap_excuses_its_loss_while_it_holds(project):
    changed(project / "detections")
    covered = ratio(E18, "techniques")[0] + ratio(E18, "subtechniques")[0]
    stated(project, "".join(gap(one) for one in sorted(IDS - {"T1053"})), "gaps.toml")
    (one,) = asked(project, LOST, "--baseline", "HEAD", code=1)
    assert (
        lost(one) == {"T1053"} and one["found"] == f"1 of {covered} lost, and 3 more that are accepted gaps"
    )
    assert one["covered"] == covered - 1
    stated(project, "".join(gap(one) for one in sorted(IDS)), "gaps.toml")
    asked(project, LOST, "--baseline", "HEAD")
    for worse in (gap("T1053", until=date(2020, 1, 1).isoformat()), gap("T1053", state="planned")):
        stated(project, "".join(gap(one) for one in sorted(IDS - {"T1053"})) + worse, "gaps.toml")
        assert lost(asked(project, LOST, "--baseline", "HEAD", code=1)[0]) == {"T1053"}
    other = stated(project, "".join(gap(one) for one in sorted(IDS)), "mine.toml")
    asked(project, LOST, "--baseline", "HEAD", "--gaps-file", str(other))


def test_an_accepted_gap_excuses_nothing_else(project):
    stated(
        project,
        gap("T1020", until="2999-01-01") + gap("T1119", "planned") + gap("T1123", until="2020-01-01"),
        "gaps.toml",
    )
    text = f'{SCOPE}[[check.targets]]\nids = ["T1020", "T1119", "T1123", "T1087"]\n'
    (one,) = asked(project, text, code=1)
    assert {row["attack_id"]: row["accepted"] for row in one["missing"]} == {
        "T1020": "accepted until 2999-01-01",
        "T1119": "planned",
        "T1123": "accepted until 2020-01-01, expired",
        "T1087": None,
    }
    assert (
        "- T1020 Automated Exfiltration: open (accepted until 2999-01-01)\n"
        in run("check", "detections", cwd=project).stdout
    )
    assert (
        "(T1020 accepted until 2999-01-01, T1119 planned, T1123 accepted until 2020-01-01, expired, T1087)"
        in run("check", "detections", "--format", "github", cwd=project).stdout
    )
    (one,) = asked(project, f"{SCOPE}[[check.share]]\nat_least = 0.99\n", code=1)
    assert {row["attack_id"]: row["accepted"] for row in one["missing"]}["T1119"] == "planned"
    changed(project / "detections")
    stated(project, gap("T1053", state="planned"), "gaps.toml")
    assert {
        row["attack_id"]: row["accepted"]
        for row in asked(project, LOST, "--baseline", "HEAD", code=1)[0]["missing"]
    }["T1053"] == "planned"


def test_a_fault_in_gaps_toml_stops_only_what_it_could_excuse(project):
    stated(project, gap("T9999") + gap("T1020"), "gaps.toml")
    text = f'{SCOPE}[[check.targets]]\nids = ["T1020"]\n'
    (one,) = asked(project, text, code=1)
    assert one["missing"][0]["accepted"] == "accepted"
    done = run("check", "detections", cwd=project)
    assert done.stderr.count("gaps.toml:1: No installed release knows T9999") == 1


# ---- how it is said
# --------------------------------------------------------------------------------------------------


EVERYTHING = f"""[check]
no_technique_lost = true
no_unmapped_rule = true
{SCOPE}
[[check.share]]
at_least = 0.99
[[check.targets]]
ids = ["T1003"]
"""


def test_people_read_what_was_wanted_found_and_to_do(project):
    changed(project / "detections")
    stated(project, EVERYTHING)
    done = run("check", "detections", "--baseline", "HEAD", cwd=project)
    assert done.returncode == 1 and done.stderr.strip() == "3 of 4 conditions failed"
    blocks = re.split(r"^(?=passed|FAILED)", done.stdout, flags=re.MULTILINE)[1:]
    assert [block.splitlines()[0] for block in blocks] == [
        "FAILED  at least 99.0% of the techniques",
        "passed  targets: target techniques",
        "FAILED  no technique lost",
        "FAILED  no rule without a mapping",
    ]
    assert all(re.search(r"wanted: .+\n +found: +(\d|none)", block) for block in blocks)
    assert all(("to do:" in block) is block.startswith("FAILED") for block in blocks)
    assert "… and" in blocks[0] and "--json lists them all" in blocks[0]
    assert f"Traffic to a rare country: no mapping ({PATHS['h']})" in blocks[3]


def test_github_gets_annotations_at_the_condition_and_the_rule(project):
    changed(project / "detections")
    rule_file(project / "detections" / "rules" / "bad, name%:.toml", "r-bad", name="two\nlines ::error::x")
    stated(project, EVERYTHING)
    done = run("check", "detections", "--baseline", "HEAD", "--format", "github", cwd=project)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert all(re.fullmatch(r"::error file=[^,]+,line=\d+,title=[^:,]+::[^\n]+", line) for line in lines)
    assert [re.search(r"file=([^,]+),line=(\d+)", line).groups() for line in lines] == [
        ("coverage.toml", "7"),
        ("coverage.toml", "2"),
        ("coverage.toml", "3"),
        ("detections/rules/bad%2C name%25%3A.toml", "1"),
        (f"detections/{PATHS['h']}", "1"),
    ]
    assert "two%0Alines ::error::x: no mapping" in lines[3] and "T1053" in lines[1]


def test_all_is_well(project):
    stated(project, f'{SCOPE}[[check.targets]]\nids = ["T1003"]\n')
    done = run("check", "detections", cwd=project)
    assert done.returncode == 0 and done.stderr.strip() == "the condition holds"
    assert run("check", "detections", "--format", "github", cwd=project).stdout == ""


def test_a_file_that_cannot_be_read_is_named(project):
    (project / "detections" / "a.toml").write_text("[rule\n", encoding="utf-8")
    stated(project, f'{SCOPE}[[check.targets]]\nids = ["T1003"]\n[[check.targets]]\nids = ["T1105"]\n')
    done = run("check", "detections", "--json", cwd=project)
    assert done.returncode == 0 and done.stderr == "1 file cannot be read: a.toml\n"
    (file,) = json.loads(done.stdout)["unreadable_files"]
    assert (file["corpus"], file["path"], file["line"], file["rules"]) == ("detections", "a.toml", 1, 0)
    assert (
        run("check", "detections", cwd=project).stderr
        == "1 file cannot be read: a.toml\nall 2 conditions hold\n"
    )


def test_one_of_one(project):
    stated(project, f'{SCOPE}[[check.targets]]\nids = ["T1020"]\n')
    assert run("check", "detections", cwd=project).stderr == "1 of 1 condition failed\n"


# ---- it cannot run
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no condition under [check]"),
        ("[check]\nno_unmapped_rule = false\n", "has no condition under [check]"),
        (
            "[check]\nno_rules = true\n",
            "coverage.toml:2: check.no_rules is not a setting; known: scope, share",
        ),
        (
            '[check]\nno_unmapped_rule = "yes"\n',
            "coverage.toml:2: check.no_unmapped_rule is text, not true or false",
        ),
        ("[[check.share]]\n", "coverage.toml:1: check.share[0] has no at_least"),
        (
            "[[check.share]]\nat_least = 80\n",
            "coverage.toml:2: check.share[0].at_least is not a number from 0 to 1",
        ),
        (
            '[[check.share]]\nat_least = 0.8\ngrain = "rules"\n',
            "coverage.toml:3: check.share[0].grain is 'rules', none of techniques",
        ),
        (
            '[[check.share]]\nat_least = 0.8\nrollup = "most"\n',
            "coverage.toml:3: check.share[0].rollup is 'most'",
        ),
        (
            '[[check.share]]\nat_least = 0.8\nclasses = ["best"]\n',
            "coverage.toml:3: check.share[0].classes[0] is 'best'",
        ),
        (
            "[[check.share]]\nat_least = 0.8\nclasses = []\n",
            "coverage.toml:3: check.share[0].classes is empty, which could mean all or none; name at least "
            "one, or leave it out",
        ),
        (
            "[check.scope]\nplatforms = []\n",
            "coverage.toml:2: check.scope.platforms is empty, which could mean all or none; name at least "
            'one, write "all", or leave it out',
        ),
        (
            '[[check.share]]\nat_least = 0.8\nattack = "new"\n',
            "coverage.toml:3: check.share[0].attack is not a release",
        ),
        ('[[check.share]]\nat_least = 0.8\nattack = "enterprise-1.0"\n', "Enterprise 1.0 is not installed"),
        (
            '[[check.share]]\nat_least = 0.8\nplatforms = ["Toaster"]\n',
            "coverage.toml:1: unknown platform of Enterprise 19.0: 'Toaster'; choose from",
        ),
        (
            '[[check.share]]\nat_least = 0.8\n\n[[check.share]]\nat_least = 0.1\ntactic = "Cooking"\n',
            "coverage.toml:4: unknown tactic of Enterprise 19.0: 'Cooking'",
        ),
        ("[[check.targets]]\n", "coverage.toml:1: check.targets[0] names neither ids nor a layer"),
        (
            '[[check.targets]]\nids = ["T1003"]\nlayer = "x"\n',
            "coverage.toml:1: check.targets[0] names both ids and a layer",
        ),
        (
            '[[check.targets]]\nids = ["T9999"]\n',
            "coverage.toml:1: target T9999 cannot be used: No installed release knows T9999",
        ),
        ('[[check.targets]]\nlayer = "none.json"\n', "coverage.toml:1: the layer none.json cannot be used"),
        ('[[check.targets]]\nlayer = "bad.json"\n', "coverage.toml:1: the layer bad.json cannot be used"),
        ('[[check.targets]]\nlayer = "other.json"\n', "coverage.toml:1: other.json is not a Navigator layer"),
        (
            "[check]\nno_technique_lost = true\n",
            "coverage.toml:2: no_technique_lost needs something to compare with",
        ),
        (
            '[check]\nno_technique_lost = true\nbaseline = "gone"\n',
            "'gone' is neither a file, a folder nor a revision",
        ),
        ('[check.scope]\nplatform = "x"\n', "coverage.toml:2: check.scope.platform is not a setting"),
        ("[check\n", "coverage.toml:1: Not valid TOML"),
    ],
)
def test_it_says_where_the_settings_are_wrong(project, text, words):
    stated(project, text)
    (project / "bad.json").write_text('{"techniques": [{"techniqueID": ', encoding="utf-8")
    (project / "other.json").write_text("{}", encoding="utf-8")
    refused(run("check", "detections", cwd=project), words)


def test_it_says_what_else_is_missing(project, tmp_path):
    refused(
        run("check", "detections", cwd=project),
        "no coverage.toml here or above with conditions under [check]",
    )
    stated(project, LOST)
    refused(
        run("check", "detections", "--baseline", "gone", cwd=project),
        "'gone' is neither a file, a folder nor a revision",
    )
    refused(run("check", "detections", "--config", "none.toml", cwd=project), "none.toml: ")
    refused(
        run("check", "detections", "--format", "xml", cwd=project),
        "unknown format: 'xml'; choose from table, json, github",
    )
    refused(run("check", "nowhere", "--baseline", "HEAD", cwd=project), "file or folder not found: nowhere")
    stated(project, gap("T9999"), "gaps.toml")
    refused(
        run("check", "detections", "--baseline", "HEAD", cwd=project),
        "gaps.toml:1: No installed release knows T9999",
    )


def test_a_file_of_another_place_can_be_given(project, tmp_path):
    file = stated(tmp_path, f'{SCOPE}[[check.targets]]\nids = ["T1020"]\n', "gate.toml")
    done = run("check", "detections", "--config", str(file), "--json", cwd=project)
    assert done.returncode == 1 and json.loads(done.stdout)["settings"] == str(file)


# ---- the section
# --------------------------------------------------------------------------------------------------------


def test_the_section_as_values(tmp_path):
    file = stated(
        tmp_path,
        """
[check]
no_technique_lost = true
baseline = "b.jsonl"
[check.scope]
attack = "enterprise-attack-v18.1"
pre = true
[[check.share]]
grain = "placements"
at_least = 1
tactic = "Impact"
platforms = ["All"]
[[check.targets]]
ids = [" t1003 ", "T1059.001"]
name = "n"
""",
    )
    found = read_settings(file).check
    assert found == CheckSettings(
        ScopeSetting(E18, {"pre": True}),
        (ShareCondition("placements", 1.0, "Impact", ScopeSetting(options={"platforms": ()}), 8),),
        (TargetsCondition(("T1003", "T1059.001"), None, "n", ScopeSetting(), 13),),
        True,
        False,
        "b.jsonl",
    )
    assert found.lines["no_technique_lost"] == 3 and not found.is_empty
    chosen = ScopeSetting(options={"platforms": (), "pre": False})
    below = ScopeSetting(E18, {"platforms": ("Linux",), "pre": True, "rollup": "all"})
    assert chosen.over(below) == ScopeSetting(E18, {"platforms": (), "pre": False, "rollup": "all"})
    assert read_settings(stated(tmp_path, "")).check == CheckSettings() and CheckSettings().is_empty
    with pytest.raises(SettingsError, match=r"coverage\.toml:1: check is text, not a table"):
        read_settings(stated(tmp_path, 'check = "x"\n'))


def test_the_gate_agrees_with_summary(project):
    (one,) = asked(project, f"{SCOPE}[[check.share]]\nat_least = 0\n")
    value = json.loads(run("summary", "detections", "--attack", E18, "--json", cwd=project).stdout)
    assert (one["covered"], one["total"]) == (value["techniques"]["covered"], value["techniques"]["total"])


def test_it_never_speaks_of_the_example_rules_by_mistake(tmp_path):
    """Outside the project, without PATH and without rules nearby."""
    (tmp_path / "coverage.toml").write_text("[check]\nno_unmapped_rule = true\n", encoding="utf-8")
    for command in (
        ("check",),
        ("lint",),
        ("migrate", "--to", "enterprise-19.0"),
        ("snapshot", "-o", "s.jsonl"),
    ):
        done = run(*command, cwd=tmp_path)
        assert done.returncode == 2 and done.stdout in ("", b""), command
        assert "give a path, or put [[corpora]] in coverage.toml" in str(done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["coverage.toml"]
