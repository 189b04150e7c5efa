"""The table of platform words: exact readings, and a table that is itself wrong."""

from __future__ import annotations

import pytest

from coverage.formats.platforms import KINDS, PLATFORMS_CSV, WHENS, RuleWords, read_platforms
from coverage.loaders import CorpusSource, load

HOSTS = ("Windows", "macOS", "Linux")


@pytest.fixture(scope="module")
def table():
    return read_platforms()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (RuleWords(tags=["OS: Windows"], integrations=["endpoint", "system"]), ("Windows",)),
        (
            RuleWords(tags=["OS: Linux", "Domain: Container"], integrations=["cloud_defend"]),
            ("Linux", "Containers"),
        ),
        (RuleWords(integrations=["endpoint"]), HOSTS),
        (RuleWords(integrations=["aws"], tags=["Domain: Cloud", "Domain: Identity"]), ("IaaS",)),
        (RuleWords(integrations=["azure"], tags=["Domain: Cloud"]), ("IaaS",)),
        (
            RuleWords(integrations=["azure"], indices=["filebeat-*", "logs-azure.signinlogs-*"]),
            ("Identity Provider",),
        ),
        (RuleWords(integrations=["azure"], tags=["Domain: Kubernetes"]), ("IaaS", "Containers")),
        (RuleWords(integrations=["aws.cloudtrail"]), ("IaaS",)),
        (RuleWords(integrations=["okta"], tags=["Domain: SaaS"]), ("Identity Provider",)),
        (RuleWords(integrations=["o365"]), ("Office Suite",)),
        (RuleWords(integrations=["github"]), ("SaaS",)),
        (RuleWords(integrations=["system"], jobs=["pad_windows_rare_device_by_user_ea"]), ("Windows",)),
        (RuleWords(indices=["winlogbeat-*", "logs-system.security*"]), ("Windows",)),
        (RuleWords(indices=["remote:logs-okta.system-*"]), ("Identity Provider",)),
        (RuleWords(indices=["auditbeat-*", "filebeat-*"]), ("Linux",)),
        (RuleWords(os=["windows", "macos"]), ("Windows", "macOS")),
        (RuleWords(tags=["Elastic", "Host", "Linux"], indices=["logs-endpoint.events.*"]), ("Linux",)),
        (RuleWords(integrations=["splunk"]), ()),
        (RuleWords(), ()),
    ],
)
def test_words_and_their_platforms(table, words, expected):
    platforms, unknown = table.platforms(words)
    assert set(platforms) == set(expected) and len(platforms) == len(expected)
    assert unknown == ()


def test_unknown_words_are_named_once_and_tags_and_indices_never(table):
    words = RuleWords(
        tags=["OS: Plan 9", "Domain: Space", "Domain: Space", "Team: X"],
        integrations=["telnet", "aws"],
        indices=["logs-my_app.access-*", "own-*"],
    )
    assert table.platforms(words) == (
        ("IaaS",),
        (("os", "Plan 9"), ("domain", "Space"), ("integration", "telnet")),
    )


def test_the_table_of_the_project_is_whole(table):
    assert table.faults == () and len(table.rows) > 80
    assert {row.kind for row in table.rows} == set(KINDS) and {row.when for row in table.rows} == set(WHENS)
    keys = [(row.kind, row.word.lower()) for row in table.rows]
    assert len(keys) == len(set(keys))
    attack = {
        *HOSTS,
        "IaaS",
        "SaaS",
        "Office Suite",
        "Identity Provider",
        "Containers",
        "Network Devices",
        "ESXi",
        "Android",
        "iOS",
    }
    assert {platform for row in table.rows for platform in row.platforms} == attack


def test_unknown_words_are_one_note_a_word_and_corpus(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.toml").write_text(
            '[metadata]\nmaturity = "production"\nintegration = ["telnet"]\n[rule]\nname = "n"\nrule_id = '
            f'"{number}"'
        )
    problems = load([CorpusSource("c", tmp_path)]).problems
    assert problems[["path", "rule_id", "code", "message"]].values.tolist() == [
        [
            "0.toml",
            "0",
            "platform-word-unknown",
            "The integration 'telnet' is not in data/platforms.csv, so it gives no platform (3 rules, "
            "this one first).",
        ]
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("kind,word,platforms,when,note\nos,BeOS,Windows,always,\n", 0),
        (
            "kind,word,platforms,when,note\nmood,happy,Windows,always,\nos,,Windows,always,\nos,x,Windows,never,\n",
            3,
        ),
        ("kind,word\nos,BeOS\n", 1),
        ("", 1),
        ("kind,word,platforms,when,note\nos,x,Windows,always," + "y" * 200_000, 1),
        ('kind,word,platforms,when,note\nos,x,Windows,always,"two\nlines"\n', 0),
        ("kind,word,platforms,when,note\nos,BeOS\n", 1),
    ],
)
def test_a_wrong_table_is_told_and_stops_nothing(tmp_path, text, faults):
    path = tmp_path / "platforms.csv"
    path.write_text(text)
    problems = load([], platforms_csv=path).problems
    assert problems.code.tolist() == ["platforms-table"] * faults


def test_a_missing_or_binary_table_is_told(tmp_path):
    path = tmp_path / "platforms.csv"
    assert load([], platforms_csv=path).problems.code.tolist() == ["platforms-table"]
    path.write_bytes(b"\xff\x00")
    assert load([], platforms_csv=path).problems.code.tolist() == ["platforms-table"]
    assert PLATFORMS_CSV.is_file()
