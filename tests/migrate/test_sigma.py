"""Sigma rules: exact texts before and after a move, for each form and each case."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from coverage.loaders import CorpusSource, load
from tests.helpers.migrating import E18, decision, file_plan, moved, planned, questions

PATH = "rules/windows/odd.yml"
TAIL = (
    "logsource:\n    product: windows\ndetection:\n    selection:\n        Image|endswith: "
    "'\\attack.t1562.exe'  # attack.defense-evasion\n    condition: selection\n"
)


def sigma(tags: str, head: str = "title: Odd\nid: 0b1c\n", tail: str = TAIL) -> str:
    return head + dedent(tags).lstrip("\n") + tail


def block(*tags: str) -> str:
    return sigma("tags:\n" + "".join(f"    - {tag}\n" for tag in tags))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["attack.defense-evasion", "attack.t1562.001"], ["attack.defense-impairment", "attack.t1685"]),
        (["attack.defense-evasion", "attack.t1036"], ["attack.stealth", "attack.t1036"]),
        (
            [
                "attack.execution",
                "attack.defense-evasion",
                "attack.t1059.001",
                "attack.t1036",
                "attack.t1562.004",
                "car.2016-03-001",
            ],
            [
                "attack.execution",
                "attack.stealth",
                "attack.defense-impairment",
                "attack.t1059.001",
                "attack.t1036",
                "attack.t1686",
                "car.2016-03-001",
            ],
        ),
        (
            ["attack.defense_evasion", "attack.t1562.002", "attack.s0002"],
            ["attack.defense_impairment", "attack.t1685.001", "attack.s0002"],
        ),
        (
            ["attack.privilege-escalation", "attack.defense-evasion", "attack.t1548.002"],
            ["attack.privilege-escalation", "attack.t1548.002"],
        ),
        (["attack.t1562", "attack.t1562.001", "attack.t1562.006"], ["attack.t1685"]),
        (["attack.TA0005", "attack.T1562.001"], ["attack.TA0112", "attack.T1685"]),
        (["attack.ta0005", "attack.t1036"], ["attack.ta0005", "attack.t1036"]),
    ],
)
def test_from_18_to_19(before, after):
    assert moved(block(*before), PATH) == block(*after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            ["attack.stealth", "attack.defense-impairment", "attack.t1685.002", "attack.t1036"],
            ["attack.defense-evasion", "attack.t1562.008", "attack.t1036"],
        ),
        (["attack.stealth"], ["attack.defense-evasion"]),
        (
            ["attack.stealth", "attack.privilege_escalation", "attack.t1055"],
            ["attack.defense_evasion", "attack.privilege_escalation", "attack.t1055"],
        ),
    ],
)
def test_from_19_to_18(before, after):
    assert moved(block(*before), PATH, to=E18) == block(*after)


def test_quotes_comments_indentation_and_line_ends_stay():
    before = sigma("""
        tags:
        # one
        - "attack.defense-evasion"   # two
        -   'attack.t1562.001' # three

        - attack.t1562.006 # four
        - 'attack.t1036'
        """)
    after = sigma("""
        tags:
        # one
        - "attack.stealth"   # two
        - "attack.defense-impairment"
        -   'attack.t1685' # three

        # four
        - 'attack.t1036'
        """)
    assert moved(before, PATH) == after
    assert moved(before.replace("\n", "\r\n"), PATH) == after.replace("\n", "\r\n")


def test_tags_at_the_end_of_a_file_without_a_final_newline():
    head = "title: Odd\nid: 0b1c\n" + TAIL
    before = head + "tags:\n  - attack.t1036\n  - attack.t1562\n  - attack.defense-evasion"
    assert (
        moved(before, PATH)
        == head
        + "tags:\n  - attack.t1036\n  - attack.t1685\n  - attack.stealth\n  - attack.defense-impairment"
    )
    before = head + "tags:\n  - attack.t1562\n  - attack.t1562.001"
    assert moved(before, PATH) == head + "tags:\n  - attack.t1685"


def test_lists_between_brackets():
    before = sigma("tags: [attack.defense-evasion, 'attack.t1562.001', attack.t1562.006, attack.t1036]\n")
    after = sigma("tags: [attack.stealth, attack.defense-impairment, 'attack.t1685', attack.t1036]\n")
    assert moved(before, PATH) == after
    before = sigma('tags: ["attack.t1562",\n       "attack.t1562.001"]\n')
    assert questions(before, PATH) == [("layout", "", None, ())]
    assert moved(before, PATH) == before


def test_every_document_of_a_file_by_itself():
    one, two = (
        block("attack.defense-evasion", "attack.t1562"),
        block("attack.defense-evasion", "attack.t1027").replace("Odd", "Even"),
    )
    new = (
        block("attack.defense-impairment", "attack.t1685"),
        block("attack.stealth", "attack.t1027").replace("Odd", "Even"),
    )
    assert moved(f"---\n{one}---\n{two}...\n", PATH) == f"---\n{new[0]}---\n{new[1]}...\n"


def test_a_collection_with_tags_in_its_global_part():
    glob = (
        "action: global\ntitle: Odd\nid: 0b1c\ntags:\n    - attack.defense-evasion\n    - attack.t1562.002\n"
    )
    rest = "---\nid: 0b1d\nlogsource:\n    product: windows\ndetection:\n    a: {b: c}\n    condition: a\n"
    assert (
        moved(glob + rest, PATH)
        == glob.replace("defense-evasion", "defense-impairment").replace("t1562.002", "t1685.001") + rest
    )


@pytest.mark.parametrize(
    "tags",
    [
        "tags: &shared\n    - attack.defense-evasion\n    - attack.t1562\nothers: *shared\n",
        "tags:\n    - &one attack.t1562\n    - *one\n",
        'tags:\n    - "attack\\x2et1562"\n    - attack.t1562.001\n',
        "tags:\n    - attack.t1562\n    - >-\n      attack.t1562.001\n",
    ],
)
def test_what_is_not_written_as_itself_is_left_and_said(tags):
    text = sigma(tags)
    assert moved(text, PATH) == text
    assert [question[0] for question in questions(text, PATH)] == ["layout"]


def test_a_tactic_without_techniques_that_was_split_is_left():
    text = block("attack.defense-evasion", "attack.g0007")
    assert moved(text, PATH) == text
    assert questions(text, PATH) == [("tag", "TA0005", None, ("TA0005", "TA0112"))]
    assert moved(text, PATH, decisions=(decision("TA0005", "TA0005", "TA0112"),)) == block(
        "attack.stealth", "attack.defense-impairment", "attack.g0007"
    )


def test_a_technique_that_left_its_tactic_for_several_is_left():
    text = block("attack.persistence", "attack.t1574.001")
    assert moved(text, PATH) == text
    assert questions(text, PATH) == [("moved", "T1574.001", "TA0003", ("TA0002", "TA0005"))]
    answered = decision("T1574.001", "TA0002", tactic="TA0003")
    assert moved(text, PATH, decisions=(answered,)) == block("attack.execution", "attack.t1574.001")
    assert moved(text, PATH, decisions=(decision("T1574.001", "remove", tactic="TA0003"),)) == block(
        "attack.t1574.001"
    )


def test_a_tactic_that_another_technique_holds_up_stays():
    text = block("attack.persistence", "attack.stealth", "attack.t1574.001", "attack.t1053.005")
    assert file_plan(text, PATH) is None


def test_a_tactic_that_never_fitted_is_not_this_tools_affair():
    text = block("attack.impact", "attack.t1059")
    assert file_plan(text, PATH) is None


def test_ids_without_a_reading_are_left():
    text = block("attack.t9999", "attack.t1053.004", "attack.t1036")
    assert moved(text, PATH) == text
    assert [question[:2] for question in questions(text, PATH)] == [
        ("unknown", "T9999"),
        ("deprecated", "T1053.004"),
    ]


def test_only_tags_are_looked_at():
    text = sigma("description: attack.t1562 with attack.defense-evasion\ntags:\n    - attack.t1036\n")
    assert file_plan(text, PATH) is None
    assert file_plan("tags:\n    - attack.t1562\nname: no rule\n", PATH) is None


def test_the_date_is_touched_only_on_request():
    before = sigma("modified: 2024/01/02\ntags:\n    - attack.t1562\n")
    assert moved(before, PATH) == before.replace("- attack.t1562\n", "- attack.t1685\n")
    after = moved(before, PATH, touch=date(2026, 10, 11))
    assert after == before.replace("- attack.t1562\n", "- attack.t1685\n").replace("2024/01/02", "2026/10/11")


# ---- old collections: one document's tags may be those of several rules ----------------------------------

TAGS = "tags:\n    - attack.defense-evasion  # both\n    - attack.t1562.002\n"
NEW_TAGS = TAGS.replace("defense-evasion", "defense-impairment").replace("t1562.002", "t1685.001")
GLOBAL = "action: global\ntitle: Odd\nmodified: 2024/01/02\n"
PART = "logsource:\n    product: {}\ndetection:\n    a: {{b: c}}\n    condition: a\n"
LINUX, WINDOWS = PART.format("linux"), PART.format("windows")


def collection(*documents: str) -> str:
    return "---\n".join(documents)


@pytest.mark.parametrize(
    "parts",
    [
        (LINUX, WINDOWS),
        ("id: 1\n" + LINUX, "action: repeat\nid: 2\nlogsource:\n    product: windows\n"),
        ("id: 1\n" + LINUX, "action: reset\n", "title: Own\nid: 2\n" + WINDOWS),
    ],
    ids=["parts without a name", "repeat", "reset"],
)
def test_tags_of_a_global_document_are_written_once_for_all_its_rules(parts):
    before, after = (collection(GLOBAL + tags, *parts) for tags in (TAGS, NEW_TAGS))
    assert moved(before, PATH) == after
    assert moved(before.replace("\n", "\r\n"), PATH) == after.replace("\n", "\r\n")
    (changed,) = planned(before, PATH).changed
    assert [(change.before, change.after) for change in changed.changes] == [
        ("attack.defense-evasion", "attack.defense-impairment"),
        ("attack.t1562.002", "attack.t1685.001"),
    ]


def test_each_place_of_a_collection_follows_its_own_techniques():
    stealth = "tags: [attack.defense-evasion, attack.t1036]\n"
    repeated = "action: repeat\nid: 3\ntags: ['attack.t1562.001']\n"
    before = collection(GLOBAL + TAGS, "id: 1\n" + LINUX, "id: 2\n" + stealth + WINDOWS, repeated)
    after = collection(
        GLOBAL + NEW_TAGS,
        "id: 1\n" + LINUX,
        "id: 2\n" + stealth.replace("defense-evasion", "stealth") + WINDOWS,
        repeated.replace("t1562.001", "t1685"),
    )
    assert moved(before, PATH) == after


def test_the_rules_of_a_moved_collection_read_as_their_own_tags_say(tmp_path):
    before = collection(GLOBAL + TAGS, "id: 1\n" + LINUX, "id: 2\ntags: [attack.t1562]\n" + WINDOWS)
    for name, text in (("before.yml", before), ("after.yml", moved(before, PATH))):
        (tmp_path / name).write_text(text, encoding="utf-8")
    written = load([CorpusSource("c", tmp_path)]).written
    ids = written.groupby("rule_key")["leaf_id"].agg(lambda found: [*found.dropna()]).to_dict()
    assert ids == {
        "c/before.yml": ["T1562.002"],
        "c/before.yml#1": ["T1562"],
        "c/after.yml": ["T1685.001"],
        "c/after.yml#1": ["T1685"],
    }


def test_a_question_about_a_global_document_is_asked_once():
    split = "tags:\n    - attack.defense-evasion\n"
    text = collection(GLOBAL + split, "id: 1\n" + LINUX, "id: 2\n" + WINDOWS)
    (file,) = planned(text, PATH).files
    assert [(one.code, one.written, one.line, one.rule_id, one.rule) for one in file.questions] == [
        ("tag", "TA0005", 5, "1", "Odd")
    ]
    assert moved(text, PATH) == text


@pytest.mark.parametrize("rule", ["1", "2", "Odd", "Even", PATH])
def test_a_decision_may_name_any_rule_of_a_collection(rule):
    text = collection(
        GLOBAL + "tags:\n    - attack.defense-evasion\n",
        "id: 1\n" + LINUX,
        "id: 2\ntitle: Even\n" + WINDOWS,
    )
    decided = (decision("TA0005", "TA0112", rule=rule),)
    assert moved(text, PATH, decisions=decided) == text.replace("defense-evasion", "defense-impairment")
    other = (decision("TA0005", "TA0112", rule="3"),)
    assert moved(text, PATH, decisions=other) == text


def test_a_question_names_the_rule_whose_tags_it_is_about():
    fine = "title: Fine\nid: 1\ntags: [attack.t1036]\n" + LINUX
    text = collection(fine, "title: Odd\nid: 2\ntags: [attack.t9999]\n" + WINDOWS)
    (file,) = planned(text, PATH).files
    assert [(one.written, one.rule_id, one.rule, one.line) for one in file.questions] == [
        ("T9999", "2", "Odd", 12)
    ]


@pytest.mark.parametrize(
    ("documents", "dated"),
    [
        ((GLOBAL, "id: 1\n" + TAGS + LINUX, "id: 2\n" + TAGS + WINDOWS), ["2024/01/02"]),
        (
            (GLOBAL + TAGS, "id: 1\n" + LINUX, "id: 2\nmodified: 2023-04-05\n" + WINDOWS),
            ["2024/01/02", "2023-04-05"],
        ),
        (
            (
                GLOBAL + "tags: [attack.t1036]\n",
                "id: 1\nmodified: 2022/02/02\n" + LINUX,
                "id: 2\nmodified: 2023-04-05\n" + TAGS + WINDOWS,
            ),
            ["2023-04-05"],
        ),
    ],
    ids=["one date for all", "a date of its own", "only of the rule that changes"],
)
def test_the_date_of_a_collection_is_that_of_the_rules_that_change(documents, dated):
    before = collection(*documents)
    after = before.replace(TAGS, NEW_TAGS)
    for date_ in dated:
        after = after.replace(date_, "2026/10/11" if "/" in date_ else "2026-10-11")
    assert moved(before, PATH, touch=date(2026, 10, 11)) == after
