"""Elastic rules: exact texts before and after a move, for each form and each case."""

from __future__ import annotations

from datetime import date

import pytest

from tests.migrating import E18, HEAD, decision, entry, file_plan, moved, questions, rule, sub, technique

DE, STEALTH, IMPAIR = ("TA0005", "Defense Evasion"), ("TA0005", "Stealth"), ("TA0112", "Defense Impairment")


def test_a_renamed_tactic_and_its_tag():
    before = rule(
        entry(*DE, technique("T1036", "Masquerading")),
        '["Domain: Endpoint", "Tactic: Defense Evasion", "OS: Linux"]',
    )
    after = rule(
        entry(*STEALTH, technique("T1036", "Masquerading")),
        '["Domain: Endpoint", "Tactic: Stealth", "OS: Linux"]',
    )
    assert moved(before) == after
    assert moved(after, to=E18) == before


def test_a_subtechnique_that_became_a_technique_takes_its_entry_to_the_new_tactic():
    before = rule(
        entry(*DE, technique("T1562", "Impair Defenses", sub("T1562.001", "Disable or Modify Tools")))
    )
    assert moved(before) == rule(entry(*IMPAIR, technique("T1685", "Disable or Modify Tools")))


def test_a_subtechnique_stays_one_under_another_technique():
    before = rule(
        entry(*DE, technique("T1562", "Impair Defenses", sub("T1562.008", "Disable or Modify Cloud Logs")))
    )
    after = rule(
        entry(
            *IMPAIR,
            technique("T1685", "Disable or Modify Tools", sub("T1685.002", "Disable or Modify Cloud Log")),
        )
    )
    assert moved(before) == after


def test_it_reads_back_where_the_way_back_is_unique():
    after = rule(
        entry(
            *IMPAIR,
            technique("T1685", "Disable or Modify Tools", sub("T1685.002", "Disable or Modify Cloud Log")),
        )
    )
    assert moved(after, to=E18) == rule(
        entry(*DE, technique("T1562", "Impair Defenses", sub("T1562.008", "Disable or Modify Cloud Logs")))
    )


def test_it_does_not_read_back_where_several_became_one():
    text = rule(entry(*IMPAIR, technique("T1685", "Disable or Modify Tools")))
    assert moved(text, to=E18) == text
    assert questions(text, to=E18) == [("newer", "T1685", "TA0112", ("T1562", "T1562.001", "T1562.006"))]


def test_a_technique_that_became_a_subtechnique_gets_its_technique_above_it():
    before = rule(entry(*DE, technique("T1656", "Impersonation")))
    assert moved(before) == rule(
        entry(*STEALTH, technique("T1684", "Social Engineering", sub("T1684.001", "Impersonation")))
    )


def test_several_ids_that_became_one_are_one():
    before = rule(
        entry(
            *DE,
            technique(
                "T1562",
                "Impair Defenses",
                sub("T1562.001", "Disable or Modify Tools"),
                sub("T1562.006", "Indicator Blocking"),
            ),
        )
    )
    assert moved(before) == rule(entry(*IMPAIR, technique("T1685", "Disable or Modify Tools")))


def test_one_that_became_the_technique_above_others_is_the_way_to_them():
    before = rule(
        entry(
            *DE,
            technique(
                "T1562",
                "Impair Defenses",
                sub("T1562.001", "Disable or Modify Tools"),
                sub("T1562.012", "Disable or Modify Linux Audit System"),
            ),
        )
    )
    after = rule(
        entry(
            *IMPAIR,
            technique(
                "T1685",
                "Disable or Modify Tools",
                sub("T1685.004", "Disable or Modify Linux Audit System Log"),
            ),
        )
    )
    assert moved(before) == after


def test_parts_of_an_entry_part():
    """One stays in TA0005, one goes to a tactic without an entry, one to a tactic that has one."""
    before = rule(
        entry(
            *DE,
            technique("T1036", "Masquerading"),
            technique("T1562", "Impair Defenses", sub("T1562.004", "Disable or Modify System Firewall")),
            technique(
                "T1548", "Abuse Elevation Control Mechanism", sub("T1548.002", "Bypass User Account Control")
            ),
        )
        + "\n"
        + entry(
            "TA0004", "Privilege Escalation", technique("T1068", "Exploitation for Privilege Escalation")
        ),
        '["Tactic: Defense Evasion", "Tactic: Privilege Escalation"]',
    )
    after = rule(
        entry(*STEALTH, technique("T1036", "Masquerading"))
        + "\n"
        + entry(*IMPAIR, technique("T1686", "Disable or Modify System Firewall"))
        + "\n"
        + entry(
            "TA0004",
            "Privilege Escalation",
            technique("T1068", "Exploitation for Privilege Escalation"),
            technique(
                "T1548", "Abuse Elevation Control Mechanism", sub("T1548.002", "Bypass User Account Control")
            ),
        ),
        '["Tactic: Stealth", "Tactic: Defense Impairment", "Tactic: Privilege Escalation"]',
    )
    assert moved(before) == after


def test_an_entry_that_became_empty_goes_and_what_it_held_is_not_repeated():
    uac = technique(
        "T1548", "Abuse Elevation Control Mechanism", sub("T1548.002", "Bypass User Account Control")
    )
    before = rule(
        entry("TA0004", "Privilege Escalation", uac) + "\n" + entry(*DE, uac),
        '["Tactic: Privilege Escalation", "Tactic: Defense Evasion"]',
    )
    assert moved(before) == rule(
        entry("TA0004", "Privilege Escalation", uac), '["Tactic: Privilege Escalation"]'
    )


def test_subtechniques_of_one_technique_part():
    before = rule(
        entry(
            *DE,
            technique(
                "T1070",
                "Indicator Removal",
                sub("T1070.001", "Clear Windows Event Logs"),
                sub("T1070.004", "File Deletion"),
            ),
        )
    )
    after = rule(
        entry(*STEALTH, technique("T1070", "Indicator Removal", sub("T1070.004", "File Deletion")))
        + "\n"
        + entry(
            *IMPAIR,
            technique("T1685", "Disable or Modify Tools", sub("T1685.005", "Clear Windows Event Logs")),
        )
    )
    assert moved(before) == after


def test_a_technique_in_several_tactics_stays_in_the_one_it_names():
    text = rule(entry("TA0003", "Persistence", technique("T1112", "Modify Registry")))
    assert moved(text) == text


def test_names_and_references_of_valid_ids_are_put_right_and_good_ones_left():
    before = rule(
        entry(
            *DE,
            technique("T1211", "Exploitation for Defense Evasion").replace("T1211/", "T1212/"),
            technique("T1055", "Process injection"),
        )
    )
    after = rule(
        entry(
            *STEALTH, technique("T1211", "Exploitation for Stealth"), technique("T1055", "Process Injection")
        )
    )
    assert moved(before) == after
    odd = after.replace(
        "https://attack.mitre.org/techniques/T1055/", "https://attack.mitre.org/versions/v19/techniques/T1055"
    )
    assert moved(odd) == odd


def test_a_missing_slash_stays_missing():
    before = rule(entry(*DE, technique("T1672", "Email Spoofing")).replace('/"', '"'))
    assert '"https://attack.mitre.org/techniques/T1684/002"' in moved(before)


def test_fields_that_are_not_there_are_not_added():
    before = rule(
        '[[rule.threat]]\n[[rule.threat.technique]]\nid = "T1562.001"\n[rule.threat.tactic]\nid = "TA0005"\n'
    )
    assert moved(before) == rule(
        '[[rule.threat]]\n[[rule.threat.technique]]\nid = "T1685"\n[rule.threat.tactic]\nid = "TA0112"\n'
    )


# ---- layout ----------------------------------------------------------------------------------------------


def test_comments_quotes_indentation_and_order_of_keys_stay():
    before = rule("""
        [[rule.threat]]   # one
        # two
        framework = 'MITRE ATT&CK'
          # three
          [[rule.threat.technique]]
          name = 'Impair Defenses'  # four
          id = 'T1562'
          odd = { a = 1 } # five
            [[rule.threat.technique.subtechnique]]
            # six
            name = 'Disable or Modify System Firewall'
            id   =   'T1562.004'    # seven
            reference = 'https://attack.mitre.org/techniques/T1562/004/'

          [rule.threat.tactic]
          reference = 'https://attack.mitre.org/tactics/TA0005/' # eight
          name = 'Defense Evasion'
          id = 'TA0005'
        # nine
        """)
    after = rule("""
        [[rule.threat]]   # one
        # two
        framework = 'MITRE ATT&CK'
          # three
          # six
          # seven
          [[rule.threat.technique]]
          name = 'Disable or Modify System Firewall'  # four
          id = 'T1686'
          odd = { a = 1 } # five

          [rule.threat.tactic]
          reference = 'https://attack.mitre.org/tactics/TA0112/' # eight
          name = 'Defense Impairment'
          id = 'TA0112'
        # nine
        """)
    assert moved(before) == after


def test_line_ends_and_a_missing_final_newline_stay():
    before = rule(
        entry(
            *DE,
            technique("T1036", "Masquerading"),
            technique("T1562", "Impair Defenses", sub("T1562.001", "Disable or Modify Tools")),
        )
    )
    after = moved(before)
    assert moved(before.replace("\n", "\r\n")) == after.replace("\n", "\r\n")
    assert moved(before.rstrip("\n")) == after.rstrip("\n")
    assert moved(before.replace("\n", "\r\n").rstrip("\r\n")) == after.replace("\n", "\r\n").rstrip("\r\n")


def test_a_byte_order_mark_stays():
    before = b"\xef\xbb\xbf" + rule(entry(*DE, technique("T1036", "Masquerading"))).encode()
    file = file_plan(before)
    assert file.after == before.replace(b"Defense Evasion", b"Stealth")


def test_inline_tables_on_one_line():
    before = HEAD + (
        'threat = [{framework = "MITRE ATT&CK", tactic = {id = "TA0005", name = "Defense Evasion"}, '
        "technique = "
        '[{id = "T1036", name = "Masquerading"}, {id = "T1562", name = "Impair Defenses", subtechnique = '
        '[{id = "T1562.001", name = "Disable or Modify Tools"}]}]}]\n'
    )
    after = HEAD + (
        'threat = [{framework = "MITRE ATT&CK", tactic = {id = "TA0005", name = "Stealth"}, technique = '
        '[{id = "T1036", name = "Masquerading"}]}, {framework = "MITRE ATT&CK", tactic = {id = "TA0112", '
        'name = "Defense Impairment"}, technique = '
        '[{id = "T1685", name = "Disable or Modify Tools"}]}]\n'
    )
    assert moved(before) == after


def test_inline_tables_a_line_each():
    before = HEAD + (
        "threat = [\n"
        "    { technique = [{ id = 'T1656' }], tactic = { id = 'TA0005', name = 'Defense Evasion' } }, # "
        "one\n"
        "    { technique = [{ id = 'T1110' }], tactic = { id = 'TA0006', name = 'Credential Access' } }, # "
        "two\n"
        "]\n"
    )
    after = before.replace(
        "[{ id = 'T1656' }]", "[{ id = 'T1684', subtechnique = [{ id = 'T1684.001' }] }]"
    ).replace("Defense Evasion", "Stealth")
    assert moved(before) == after


def test_headers_with_inline_tables_below():
    before = rule("""
        [[rule.threat]]
        tactic = { id = "TA0005", name = "Defense Evasion" }
        technique = [
          { id = "T1562", subtechnique = [ { id = "T1562.003" } ] },
          { id = "T1027" },
        ]
        """)
    after = (
        rule("""
        [[rule.threat]]
        tactic = { id = "TA0005", name = "Stealth" }
        technique = [
          { id = "T1027" },
        ]
        """)
        + '\n[[rule.threat]]\ntactic = { id = "TA0112", name = "Defense Impairment" }\ntechnique = [\n  { id '
        '= "T1690" },\n]\n'
    )
    assert moved(before) == after


def test_other_tables_between_entries_stay_where_they_are():
    threshold = '\n[rule.threshold]\nfield = ["host.id"]\nvalue = 3\n\n'
    before = rule(
        entry(*DE, technique("T1562", "Impair Defenses"))
        + threshold
        + entry("TA0006", "Credential Access", technique("T1110", "Brute Force"))
    )
    after = rule(
        entry(*IMPAIR, technique("T1685", "Disable or Modify Tools"))
        + threshold
        + entry("TA0006", "Credential Access", technique("T1110", "Brute Force"))
    )
    assert moved(before) == after


@pytest.mark.parametrize(
    ("threat", "why"),
    [
        (
            '[[rule.threat]]\ntactic.id = "TA0005"\ntactic.name = "Defense Evasion"\ntechnique = [{ id = '
            '"T1562" }]\n',
            "dotted keys",
        ),
        (
            '[[rule.threat]]\n[[rule.threat.technique]]\nid = "T1562"\n[rule.threshold]\nvalue = '
            '1\n[rule.threat.tactic]\nid = "TA0005"\n',
            "do not follow",
        ),
        (
            '[rule.threat]\n[[rule.threat.technique]]\nid = "T1562"\n[rule.threat.tactic]\nid = "TA0005"\n',
            "one table",
        ),
    ],
)
def test_a_layout_that_cannot_be_rewritten_is_left_and_said(threat, why):
    text = rule(threat)
    file = file_plan(text)
    assert file.after.decode() == text
    assert [question.code for question in file.questions] == ["layout"]
    assert why in file.questions[0].reason


def test_values_nested_as_deeply_as_the_parser_allows_are_left_and_said():
    moves = entry("TA0005", "Defense Evasion", technique("T1562", "Impair Defenses"))
    deep = rule(moves).replace("[rule]\n", "[rule]\ndeep = " + "[" * 380 + "]" * 380 + "\n")
    assert moved(deep) == deep
    assert questions(deep) == [("layout", "", None, ())]
    flat = rule(moves).replace("[rule]\n", "[rule]\ndeep = " + "[" * 50 + "]" * 50 + "\n")
    assert "T1685" in moved(flat)


def test_endpoint_rules_have_threat_at_the_top():
    text = '[rule]\nid = "x"\nname = "Odd"\nos_list = ["windows"]\nversion = "1.0"\n\n'
    text += entry(
        *DE, technique("T1562", "Impair Defenses", sub("T1562.002", "Disable Windows Event Logging"))
    ).replace("rule.threat", "threat")
    after = text[: text.index("[[threat]]")] + entry(
        *IMPAIR,
        technique(
            "T1685", "Disable or Modify Tools", sub("T1685.001", "Disable or Modify Windows Event Log")
        ),
    ).replace("rule.threat", "threat")
    assert moved(text, "behavior/rules/windows/odd.toml") == after


# ---- hunts -----------------------------------------------------------------------------------------------

HUNT = '[hunt]\nauthor = "A"\nname = "Odd"\nuuid = "u"\nmitre = {}\nquery = ["from logs-*"]\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["T1562.001", "T1059"]', '["T1685", "T1059"]'),
        ("[ 'T1059','T1562.001', ]", "[ 'T1059','T1685', ]"),
        ('["T1562.001", "T1562.006", "AML.T0051", "T1562.008"]', '["T1685", "AML.T0051", "T1685.002"]'),
        (
            '[\n  "T1562.006", # one\n  "T1685", # two\n  "T1059"\n]',
            '[ # one\n  "T1685", # two\n  "T1059"\n]',
        ),
        ('"T1562.004"', '"T1686"'),
    ],
)
def test_hunts(before, after):
    assert moved(HUNT.format(before), "hunting/linux/queries/odd.toml") == HUNT.format(after)


def test_hunts_leave_ids_of_other_domains_and_ask_about_unknown_ones():
    text = HUNT.format('["T1625", "T9999", "TA0005"]')
    assert questions(text, "hunting/linux/queries/odd.toml") == [("unknown", "T9999", None, ())]


# ---- what a machine cannot decide
# ----------------------------------------------------------------------------


def test_a_tactic_alone_that_was_split_is_left():
    text = rule(entry(*DE), '["Tactic: Defense Evasion"]')
    assert moved(text) == text
    assert questions(text) == [("split", "TA0005", None, ("TA0005", "TA0112"))]


def test_a_technique_that_left_its_tactic_for_several_is_left():
    text = rule(
        entry(
            "TA0003",
            "Persistence",
            technique("T1574", "Hijack Execution Flow", sub("T1574.006", "Dynamic Linker Hijacking")),
        )
    )
    assert moved(text) == text
    assert questions(text) == [("moved", "T1574.006", "TA0003", ("TA0002", "TA0005"))]


def test_what_was_wrong_in_every_release_is_left():
    text = rule(entry("TA0003", "Persistence", technique("T1562", "Impair Defenses")))
    assert moved(text) == text
    assert questions(text) == [("never", "T1562", "TA0003", ("TA0112",))]


@pytest.mark.parametrize(
    ("attack_id", "code"), [("T9999", "unknown"), ("t1059", "unknown"), ("T1053.004", "deprecated")]
)
def test_ids_without_a_reading_are_left(attack_id, code):
    text = rule(entry("TA0002", "Execution", technique(attack_id, "Odd")))
    assert moved(text) == text
    assert [question[:2] for question in questions(text)] == [(code, attack_id)]


def test_an_unknown_tactic_is_left():
    text = rule(entry("TA9999", "Odd", technique("T1046", "Network Service Discovery")))
    assert moved(text) == text
    assert questions(text) == [("tactic-unknown", "T1046", "TA9999", ("TA0007",))]


def test_an_open_question_does_not_hold_up_the_rest_of_its_entry():
    before = rule(
        entry(
            "TA0003",
            "Persistence",
            technique("T1574", "Hijack Execution Flow"),
            technique("T1556", "Modify auth"),
        )
    )
    after = rule(
        entry(
            "TA0003",
            "Persistence",
            technique("T1574", "Hijack Execution Flow"),
            technique("T1556", "Modify Authentication Process"),
        )
    )
    assert moved(before) == after


def test_a_tag_without_a_mapping_is_left_and_asked_about():
    text = rule(
        entry("TA0002", "Execution", technique("T1059", "Command and Scripting Interpreter")),
        '["Tactic: Defense Evasion"]',
    )
    assert moved(text) == text
    assert questions(text) == [("tag", "TA0005", None, ("TA0005", "TA0112"))]


def test_the_place_of_a_question_is_told():
    file = file_plan(rule(entry(*DE)))
    (question,) = file.questions
    assert file.before.decode().split("\n")[question.line - 1] == 'id = "TA0005"'
    assert (question.rule_id, question.rule) == ("11111111-2222-3333-4444-555555555555", "Odd thing")


def test_other_frameworks_are_left():
    text = rule(
        '[[rule.threat]]\nframework = "MITRE ATLAS"\n[[rule.threat.technique]]\nid = "AML.T0051"\nname = '
        '"x"\n[rule.threat.tactic]\nid = "AML.TA0005"\nname = "Execution"\n'
    )
    assert file_plan(text) is None


def test_sets_for_a_release_are_left_as_they_say():
    old_set = '\n[[rule.threat_mappings]]\nframework = "MITRE ATT&CK"\nversion = "18.1"\n' + entry(
        *DE, technique("T1562", "Impair Defenses")
    ).replace("rule.threat", "rule.threat_mappings.threat")
    before = rule(entry(*DE, technique("T1562", "Impair Defenses")) + old_set)
    assert moved(before) == rule(entry(*IMPAIR, technique("T1685", "Disable or Modify Tools")) + old_set)
    assert questions(before) == [("set", "18.1", None, ())]
    new_set = old_set.replace("18.1", "19.0").replace("T1562", "T1685").replace("TA0005", "TA0112")
    assert questions(rule(entry(*DE, technique("T1562", "Impair Defenses")) + old_set + new_set)) == []


# ---- decisions ---------------------------------------------------------------------------------------------


def test_a_decision_moves_a_technique_and_adds_the_tag():
    path = technique("T1574", "Hijack Execution Flow", sub("T1574.006", "Dynamic Linker Hijacking"))
    cron = technique("T1053", "Scheduled Task/Job", sub("T1053.003", "Cron"))
    before = rule(entry("TA0003", "Persistence", path, cron), '["Tactic: Persistence", "OS: Linux"]')
    after = rule(
        entry("TA0003", "Persistence", cron) + "\n" + entry("TA0002", "Execution", path),
        '["Tactic: Persistence", "Tactic: Execution", "OS: Linux"]',
    )
    assert moved(before, decisions=(decision("T1574.006", "TA0002", tactic="TA0003"),)) == after


def test_a_decision_may_name_several_tactics():
    before = rule(entry("TA0003", "Persistence", technique("T1574", "Hijack Execution Flow")))
    after = rule(
        entry("TA0002", "Execution", technique("T1574", "Hijack Execution Flow"))
        + "\n"
        + entry(*STEALTH, technique("T1574", "Hijack Execution Flow"))
    )
    assert moved(before, decisions=(decision("T1574", "TA0002", "TA0005"),)) == after


def test_a_decision_for_a_tactic_alone():
    before = rule(entry(*DE), '["Tactic: Defense Evasion"]')
    assert moved(before, decisions=(decision("TA0005", "TA0112"),)) == rule(
        entry(*IMPAIR), '["Tactic: Defense Impairment"]'
    )
    assert moved(before, decisions=(decision("TA0005", "TA0005", "TA0112"),)) == rule(
        entry(*STEALTH) + "\n" + entry(*IMPAIR), '["Tactic: Stealth", "Tactic: Defense Impairment"]'
    )


def test_a_decision_names_another_technique_and_its_tactic_follows():
    before = rule(entry(*DE, technique("T9999", "Odd")))
    assert moved(before, decisions=(decision("T9999", "T1685"),)) == rule(
        entry(*IMPAIR, technique("T1685", "Disable or Modify Tools"))
    )


def test_keep_and_remove():
    text = rule(
        entry(
            "TA0002",
            "Execution",
            technique("T1059", "Command and Scripting Interpreter"),
            technique("T9999", "Odd"),
        )
    )
    kept = decision("T9999", "keep")
    assert moved(text, decisions=(kept,)) == text and questions(text, decisions=(kept,)) == []
    without = rule(entry("TA0002", "Execution", technique("T1059", "Command and Scripting Interpreter")))
    assert moved(text, decisions=(decision("T9999", "remove"),)) == without


def test_a_decision_for_another_rule_does_not_count():
    text = rule(entry(*DE))
    assert questions(text, decisions=(decision("TA0005", "TA0112", rule="another"),)) != []
    for name in ("11111111-2222-3333-4444-555555555555", "Odd thing", "rules/rule.toml"):
        assert moved(text, decisions=(decision("TA0005", "TA0112", rule=name),)) == rule(entry(*IMPAIR))


def test_a_decision_that_does_not_fit_is_said():
    file = file_plan(
        rule(entry("TA0003", "Persistence", technique("T1574", "Hijack Execution Flow"))),
        decisions=(decision("T1574", "TA0006"),),
    )
    assert file.after == file.before
    assert "TA0006" in file.questions[0].reason


def test_the_date_is_touched_only_on_request():
    before = rule(entry(*DE, technique("T1036", "Masquerading")))
    assert 'updated_date = "2025/03/04"' in moved(before)
    after = file_plan(before, touch=date(2026, 10, 11)).after.decode()
    assert after == before.replace("2025/03/04", "2026/10/11").replace("Defense Evasion", "Stealth")
    unchanged = rule(entry("TA0002", "Execution", technique("T1059", "Command and Scripting Interpreter")))
    assert file_plan(unchanged, touch=date(2026, 10, 11)) is None
