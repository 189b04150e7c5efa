"""What holds for findings of any rules: no exception, one row per fault, order changes nothing."""

from __future__ import annotations

import pandas as pd
import tomli
from hypothesis import example, given
from hypothesis import strategies as st

from coverage.exports.annotations import annotations
from coverage.exports.sarif import sarif
from coverage.findings import CHECKS, findings
from coverage.findings.frames import FINDINGS
from coverage.frames import checked
from coverage.loaders import LOADERS, Places
from coverage.loaders.frames import rules_frame, written_frame
from coverage.mapping.reader import mappings_as_read
from coverage.models import Rule, WrittenMapping
from coverage.project.lint import severity_counts
from coverage.project.settings import SettingsError, read_settings
from coverage.project.silencing import glob
from tests.helpers import small
from tests.helpers.examples import examples
from tests.helpers.findings_corpus import CASES
from tests.helpers.small import E18, E19

SOME = examples(30)
TEXT = (
    st.none()
    | st.text(max_size=30)
    | st.sampled_from(
        [
            "Defense Evasion",
            "defense_evasion",
            "Stealth",
            "Persistence",
            "https://attack.mitre.org/techniques/T1059/001/",
            "PowerShell",
        ]
    )
)
IDS = (
    st.none()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "T1059",
            "T1059.001",
            "T1562.001",
            "T1685",
            "T1027.018",
            "T1043",
            "T1625",
            "T9999",
            "AML.T0051",
            "t1059",
            "TA0005",
        ]
    )
)
TACTICS = (
    st.none() | st.text(max_size=8) | st.sampled_from(["TA0005", "TA0112", "TA0002", "TA0030", "TA9999"])
)


@st.composite
def corpora(draw) -> tuple[list[Rule], list[WrittenMapping]]:
    rules, written = [], []
    for number in range(draw(st.integers(1, 4))):
        tags = draw(
            st.lists(
                st.sampled_from(["Tactic: Execution", "Tactic: Stealth", "Tactic:", "OS: Linux"])
                | st.text(max_size=15),
                max_size=4,
            )
        )
        rules.append(small.rule(f"r{number}", tags=tuple(tags)))
        for position in range(draw(st.integers(0, 4))):
            written.append(
                WrittenMapping(
                    f"r{number}",
                    position,
                    draw(st.sampled_from(["MITRE ATT&CK", "MITRE ATLAS", ""])),
                    None,
                    draw(TACTICS),
                    draw(TEXT),
                    draw(TEXT),
                    draw(IDS),
                    draw(TEXT),
                    draw(TEXT),
                    draw(IDS),
                    draw(TEXT),
                    draw(TEXT),
                )
            )
    return rules, written


def found(rules: list[Rule], written: list[WrittenMapping], release: str) -> pd.DataFrame:
    reader, frame = small.reading(release).reader, written_frame(written)
    return findings(rules_frame(rules), frame, mappings_as_read(frame, reader), reader)


@SOME
@given(corpora(), st.sampled_from([E18, E19]))
def test_no_text_in_any_field_raises_and_every_row_is_whole(corpus, release):
    frame = checked(found(*corpus, release), FINDINGS)
    assert frame["code"].isin(CHECKS).all() and frame["message"].str.len().gt(0).all()
    assert not frame["message"].str.contains("\n", regex=False).any()
    assert severity_counts(frame)["silenced"] == 0
    paths = frame["path"].tolist()
    assert sarif(frame, paths, release) == sarif(frame, paths, release)
    assert annotations(frame, paths).decode().count("\n") == len(frame)


@SOME
@given(corpora(), st.randoms(use_true_random=False))
def test_the_order_of_rules_changes_no_finding(corpus, random):
    rules, written = corpus
    turned = random.sample(rules, len(rules))
    keys = [rule.rule_key for rule in turned]
    moved = sorted(written, key=lambda mapping: (keys.index(mapping.rule_key), mapping.position))
    columns = list(FINDINGS.columns)
    there, here = (
        found(*parts, E19).astype("object").where(lambda frame: frame.notna(), None)
        for parts in ((turned, moved), (rules, written))
    )
    assert sorted(map(tuple, there[columns].values.tolist()), key=repr) == sorted(
        map(tuple, here[columns].values.tolist()), key=repr
    )


@SOME
@given(corpora())
def test_a_rule_more_changes_no_other_rules_findings(corpus):
    rules, written = corpus
    alone = found(rules[:1], [mapping for mapping in written if mapping.rule_key == "r0"], E19)
    together = found(rules, written, E19)
    pd.testing.assert_frame_equal(alone, together[together["rule_key"] == "r0"].reset_index(drop=True))


@SOME
@given(
    st.text(max_size=200) | st.sampled_from([text for text, *_ in CASES.values()]),
    st.sampled_from([*LOADERS, "none"]),
    st.integers(-2, 5) | st.none(),
    TEXT | st.sampled_from(["tags", "tactic_name", "subtechnique_id"]),
    TEXT,
    st.integers(-1, 3),
)
def test_a_place_is_within_the_text_or_none(text, format_id, position, field, value, nth):
    place = Places(text, format_id).of(position, field, value, nth)
    if place is not None:
        lines = text.split("\n")
        assert 1 <= place[0] <= len(lines) and 1 <= place[1] <= len(lines[place[0] - 1]) + 1


@SOME
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_glob_is_a_pattern_and_plain_text_fits_itself(pattern, path):
    glob(pattern).fullmatch(path)
    plain = pattern.replace("*", "").replace("?", "").removeprefix("./")
    assert glob(plain).fullmatch(plain.removeprefix("./"))


@SOME
@given(st.text(max_size=120) | st.binary(max_size=60))
@example(b"\x0b")
def test_any_settings_file_is_read_or_refused_in_words(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("settings") / "coverage.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
    try:
        settings_read = read_settings(file)
    except SettingsError as error:
        assert str(error).startswith(str(file))
    else:
        text = file.read_text("utf-8-sig")
        document = tomli.loads(text) if text.strip() else {}  # a blank file says nothing, whatever its blanks
        assert settings_read.lint.silences == () and not document.keys() - {"lint"}
