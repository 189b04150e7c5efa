"""The report: the same figures as the summary, nothing that reaches out, rule text as text; as HTML and as
Markdown.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from coverage.exports.briefing import (
    METHOD,
    MOST_CHANGES,
    MOST_GAPS,
    ROLLUP_WORDS,
    briefing,
    report_html,
    report_markdown,
)
from coverage.exports.cells import ratio
from coverage.exports.content import Content
from coverage.measures import gaps
from coverage.project.accepted_gaps import accepted_in
from coverage.vocabulary import ROLLUPS
from tests.helpers import small
from tests.helpers.exporting import EVIL, content, hostile, made
from tests.helpers.small import E18, E19

CHANGES = {
    "sentence": "1 technique was gained and none lost since 2026-01-01.",
    "rows": [{"technique": "T1105", "name": EVIL, "change": "gained", "because": "a | b"}],
}


class Tags(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(data.decode("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        if self.tags[-1:] != ["style"] and data.strip():
            self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.words)


def plain_text(markdown: bytes) -> str:
    """The words of a Markdown file as a reader sees them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown.decode("utf-8"))
    return " ".join(child.content for token in tokens for child in token.children or [] if child.content)


# ---- what it says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rollup", ROLLUPS)
@pytest.mark.parametrize("release", [E18, E19])
def test_both_say_the_summary_s_figures(release, rollup):
    state = content(release, rollup=rollup)
    told, page, text = state.figures, Tags(report_html(state)).text, plain_text(report_markdown(state))
    wanted = [
        ratio(**told[grain]) for grain in ("techniques", "subtechniques", "placements", "techniques_with_pre")
    ]
    wanted += [
        ratio(row["covered"], row["total"])
        for part in ("tactics", "platforms")
        for row in told[part]
        if row["total"]
    ]
    wanted += [
        f"{told['rules']['in_scope']:,} of {told['rules']['read']:,}",
        ROLLUP_WORDS[rollup],
        state.view.scope.date.isoformat(),
    ]
    for words in [*wanted, *METHOD]:
        assert words in page and words in text, words
    for words in (state.view.scope.sentence(), state.view.scope.corpora_sentence()):
        assert words in page and words in text


def test_the_top_gaps_say_why_they_matter():
    state = content(E19)
    told, page, text = briefing(state), Tags(report_html(state)).text, plain_text(report_markdown(state))
    top = gaps(state.view).query("not is_subtechnique").head(MOST_GAPS)
    assert [gap.id for gap in told.gaps] == top["attack_id"].tolist()
    for gap, row in zip(told.gaps, top.itertuples(), strict=True):
        assert (gap.groups, gap.software, gap.campaigns) == (row.groups, row.software, row.campaigns)
        assert gap.sources.startswith(row.log_sources[0]) if row.log_sources else True
        for words in (gap.id, gap.name, gap.work, gap.sources):
            assert words in page and words in text
    assert sum(count for *_, count in told.kinds) == (~gaps(state.view)["is_subtechnique"]).sum()
    assert told.popular == (gaps(state.view).query("not is_subtechnique")["groups"] >= 20).sum() > 0
    assert f"{told.popular:,} open techniques are used by at least 20 groups" in page


def test_changes_appear_only_with_a_baseline():
    state = content(E19)
    assert b"baseline" not in report_html(state) and b"baseline" not in report_markdown(state)
    page, text = Tags(report_html(state, CHANGES)).text, plain_text(report_markdown(state, CHANGES))
    for words in ("Changes since the baseline", CHANGES["sentence"], "T1105", "gained", "a | b"):
        assert words in page and words in text
    many = {"sentence": "Many.", "rows": [{"technique": f"T{n:04}"} for n in range(MOST_CHANGES + 7)]}
    for found in (Tags(report_html(state, many)).text, plain_text(report_markdown(state, many))):
        assert f"The first {MOST_CHANGES} of {MOST_CHANGES + 7} changes." in found
        assert f"T{MOST_CHANGES - 1:04}" in found and f"T{MOST_CHANGES:04}" not in found
    assert "Nothing." in Tags(report_html(state, {"sentence": "Nothing.", "rows": []})).text


def test_accepted_gaps_stand_apart(tmp_path):
    entry = (
        '[[gap]]\nid = "T1059"\nstate = "planned"\nreason = "Sensor <i>comes</i>"\nowner = "blue | '
        'team"\nuntil = 2026-09-30\n'
    )
    top = briefing(content(E18)).gaps[1]
    entry += '[[gap]]\nid = "T1027.010"\nstate = "accepted"\nreason = "r"\nowner = "o"\n'
    entry += f'[[gap]]\nid = "{top.id}"\nstate = "accepted"\nreason = "r"\nowner = "o"\nuntil = 2026-03-30\n'
    (tmp_path / "gaps.toml").write_text(entry, encoding="utf-8")
    reading = small.reading(E18)
    state = Content(reading, small.view(E18), accepted=accepted_in([tmp_path / "gaps.toml"], reading.reader))
    told = briefing(state)
    assert set(told.settled_gaps) == {
        (
            "T1059 Command and Scripting Interpreter",
            "planned until 2026-09-30",
            "Sensor <i>comes</i>",
            "blue | team",
        ),
        ("T1027.010 Command Obfuscation", "accepted", "r", "o"),
    }
    assert {gap.id: gap.mark for gap in told.gaps if gap.mark} == {
        top.id: "accepted until 2026-03-30, expired"
    }
    assert "T1059" not in [gap.id for gap in told.gaps] and "T1059" in [
        gap.id for gap in briefing(content(E18)).gaps
    ]
    assert state.figures == content(E18).figures  # it covers nothing
    for found in (Tags(report_html(state)).text, plain_text(report_markdown(state))):
        assert (
            f"{top.name} (accepted until 2026-03-30, expired)" in " ".join(found.split())
            and "T1027.010 Command Obfuscation" in found
        )
        assert (
            "planned until 2026-09-30" in found and "Sensor <i>comes</i>" in found and "blue | team" in found
        )


def test_the_matrix_marks_accepted_gaps(tmp_path):
    (tmp_path / "gaps.toml").write_text(
        '[[gap]]\nid = "T1020"\nstate = "accepted"\nreason = "r"\nowner = "o"\n', encoding="utf-8"
    )
    state, plain_state = (
        replace(content(E18), accepted=accepted_in([tmp_path / "gaps.toml"], content(E18).reading.reader)),
        content(E18),
    )
    assert Tags(report_html(state)).words.count("◊") == 1 and "◊" not in Tags(report_html(plain_state)).text
    assert report_html(state) == report_html(state)


# ---- what it must not do
# -------------------------------------------------------------------------------------


def test_it_has_no_script_and_asks_for_nothing():
    page = Tags(report_html(content(E19), CHANGES))
    assert not {"script", "img", "iframe", "object", "embed", "base", "form", "audio", "video"} & set(
        page.tags
    )
    policy = next(
        value
        for tag, name, value in page.attributes
        if tag == "meta" and name == "content" and "default-src" in value
    )
    assert "default-src 'none'" in policy and "script-src" not in policy
    for tag, name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "action", "xlink:href"):
            assert (tag, value) == ("link", "data:,") or (
                tag == "a" and re.fullmatch(r"https://attack\.mitre\.org/[\w/]+", value)
            )
    styles = re.findall(r"<style>(.*?)</style>", report_html(content(E19)).decode(), re.DOTALL)
    assert not any("url(" in style or "@import" in style for style in styles)


def test_no_text_from_outside_is_markup():
    evil = made(
        [small.rule("x/a", corpus="x", name=EVIL)],
        [small.mapping("x/a", 0, "T1105")],
        corpus=f"<b onclick=x>{EVIL}",
    )
    calm = Tags(report_html(content(E18), {"sentence": "s", "rows": [{"a": "b"}]}))
    for state in (evil, hostile()):
        page = Tags(report_html(state, CHANGES))
        assert set(page.tags) == set(calm.tags) | {"a"}
        assert "<script>alert(1)</script>" in page.text
        html = (
            MarkdownIt("commonmark").enable("table").render(report_markdown(state, CHANGES).decode("utf-8"))
        )
        found = Tags(html.encode())
        assert not {"script", "img", "b", "i"} & set(found.tags)
        assert all(
            value.startswith("https://attack.mitre.org/")
            for _, name, value in found.attributes
            if name in ("href", "src")
        )


def test_any_state_has_a_report_and_always_the_same():
    nothing = content(E18, platforms=("No such platform",))
    for state in (made([], []), nothing, hostile()):
        for make in (report_html, report_markdown):
            assert make(state, CHANGES) == make(state, CHANGES)
    assert "No technique in scope is open." in Tags(report_html(nothing)).text
    assert "none in scope" in plain_text(report_markdown(nothing))
