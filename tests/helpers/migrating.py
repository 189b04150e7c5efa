"""Shared by the tests of `coverage.migrate`: one text moved to a release, by the function that the product
uses.
"""

from __future__ import annotations

from functools import cache
from textwrap import dedent

from coverage.migrate import Decision, FilePlan, Plan, RuleText, Target, open_target, plan

E18, E19 = "enterprise-18.1", "enterprise-19.0"


@cache
def target(release: str = E19, source: str | None = None) -> Target:
    return open_target(release, source)


def planned(
    text: str | bytes,
    path: str = "rules/rule.toml",
    to: str = E19,
    decisions: tuple[Decision, ...] = (),
    **more,
) -> Plan:
    data = text if isinstance(text, bytes) else text.encode()
    return plan(
        [RuleText("corpus", path, f"/nowhere/{path}", data, ("corpus", *path.split("/")[:-1]))],
        target(to),
        decisions,
        **more,
    )


def file_plan(
    text: str | bytes,
    path: str = "rules/rule.toml",
    to: str = E19,
    decisions: tuple[Decision, ...] = (),
    **more,
) -> FilePlan | None:
    """The plan of one file, after a look that it is no fault and that a second run changes nothing."""
    made = planned(text, path, to, decisions, **more)
    if not made.files:
        return None
    (file,) = made.files
    assert file.fault is None
    again = planned(file.after, path, to, decisions, **more)
    assert not again.changed, again.changed[0].after.decode()
    return file


def moved(
    text: str, path: str = "rules/rule.toml", to: str = E19, decisions: tuple[Decision, ...] = (), **more
) -> str:
    """The new text."""
    file = file_plan(text, path, to, decisions, **more)
    return text if file is None else file.after.decode()


def questions(
    text: str, path: str = "rules/rule.toml", to: str = E19, decisions: tuple[Decision, ...] = ()
) -> list[tuple]:
    """The open questions: (code, as written, tactic, choices)."""
    file = file_plan(text, path, to, decisions)
    return [] if file is None else [(q.code, q.written, q.tactic, q.choices) for q in file.questions]


def decision(written: str, *to: str, tactic: str | None = None, rule: str | None = None) -> Decision:
    return Decision(written, to, "because", tactic, rule, 1)


HEAD = dedent('''\
    [metadata]
    creation_date = "2025/01/02"
    maturity = "production"
    updated_date = "2025/03/04"

    [rule]
    name = "Odd thing"   # a name
    rule_id = "11111111-2222-3333-4444-555555555555"
    query = """
    process where "[[rule.threat]]" and id = 'T1562' # no comment
    """
    ''')


def rule(threat: str, tags: str = "") -> str:
    """An Elastic rule with these threat tables, and tags where given."""
    return HEAD + (f"tags = {tags}\n" if tags else "") + "\n" + dedent(threat).lstrip("\n")


def entry(tactic: str, name: str, *techniques: str) -> str:
    """One `[[rule.threat]]` in the layout of most public rules."""
    parts = [
        '[[rule.threat]]\nframework = "MITRE ATT&CK"\n',
        *techniques,
        f'\n[rule.threat.tactic]\nid = "{tactic}"\nname = "{name}"\nreference = '
        f'"https://attack.mitre.org/tactics/{tactic}/"\n',
    ]
    return "".join(parts)


def technique(attack_id: str, name: str, *below: str) -> str:
    return (
        f'[[rule.threat.technique]]\nid = "{attack_id}"\nname = "{name}"\nreference = '
        f'"https://attack.mitre.org/techniques/{attack_id}/"\n' + "".join(below)
    )


def sub(attack_id: str, name: str) -> str:
    page = attack_id.replace(".", "/")
    return (
        f'[[rule.threat.technique.subtechnique]]\nid = "{attack_id}"\nname = "{name}"\nreference = '
        f'"https://attack.mitre.org/techniques/{page}/"\n'
    )
