"""Lists of YAML edited in place: what is read back is what was meant, and what cannot be written is refused
whole.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.syntaxes.layout import Layout
from coverage.syntaxes.syntax import Unparsable
from coverage.syntaxes.yaml_splice import Splice
from coverage.syntaxes.yaml_text import parse

ITEMS = st.sampled_from(
    ["attack.t1059", "a b", "'p'", '"q"', "a &b", "- n", "\n    deep", ">-\n    fold", "*z"]
)
BLANKS = st.sampled_from(["", " ", "  # why"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    items = draw(st.lists(ITEMS, min_size=1, max_size=4))
    if draw(st.booleans()):
        indent = draw(st.sampled_from(["", "  "]))
        body = "tags:\n" + "".join(f"{indent}- {item}{draw(BLANKS)}\n" for item in items)
    else:
        comma = draw(st.sampled_from([", ", ",", ",\n  "]))
        body = f"tags: [{comma.join(items)}]{draw(BLANKS)}\n"
    text = draw(st.sampled_from(["", "z: &z one\n", "other: 1\n---\n"])) + body
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


@given(texts(), st.dictionaries(st.integers(0, 3), st.sampled_from([[], ["new"], ["new", "two"]])))
def test_the_list_reads_back_as_meant(text, becomes):
    try:
        documents = parse(text)
    except Unparsable:
        return
    place, tags = len(documents) - 1, documents[-1].get("tags")
    if not isinstance(tags, list):
        return
    becomes = {nth: new for nth, new in becomes.items() if nth < len(tags) and isinstance(tags[nth], str)}
    splice = Splice(text)
    try:
        splice.list_items((place, "tags"), becomes, [str(tag) for tag in tags])
    except Layout:
        assert splice.text() == text
        return
    meant = [one for nth, tag in enumerate(tags) for one in becomes.get(nth, [tag])]
    assert parse(splice.text())[place]["tags"] == meant


def edited(text: str, becomes: dict[int, list[str]]) -> str:
    splice = Splice(text)
    splice.list_items((0, "tags"), becomes, parse(text)[0]["tags"])
    return splice.text()


def test_signs_of_yaml_inside_a_text_are_text():
    assert edited("tags:\n  - a &b\n  - x\n", {1: ["y"]}) == "tags:\n  - a &b\n  - y\n"


def test_an_item_below_its_dash_can_be_replaced_and_nothing_else():
    text = "tags:\n  -\n    deep\n  - x\n"
    assert edited(text, {0: ["new"]}) == "tags:\n  -\n    new\n  - x\n"
    for after in ([], ["new", "two"]):
        with pytest.raises(Layout, match="dash"):
            edited(text, {0: after})


@pytest.mark.parametrize("item", ["&a x", "*z", "!!str x"])
def test_a_list_with_an_anchor_an_alias_or_a_tag_is_left(item):
    with pytest.raises(Layout, match="anchors"):
        edited(f"z: &z one\ntags:\n  - {item}\n  - y\n", {1: ["new"]})
