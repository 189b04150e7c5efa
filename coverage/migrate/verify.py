"""The last look before a new text is offered: it parses, and nothing but mappings, their tags and the date
changed.

What was edited must read back as it was meant. Knows the places of mappings in each format and nothing of how
they were edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coverage.formats.registry import LOADERS
from coverage.syntaxes.layout import Layout
from coverage.syntaxes.syntax import DocPath, Unparsable
from coverage.syntaxes.toml_tree import Tree

SIGMA = "sigma"
TACTIC_TAG, ATTACK_TAG = "tactic:", "attack."


NOTHING_MEANT: Mapping[DocPath, Any] = {}


def fault(
    format_id: str,
    before: str,
    document: Any,
    after: str,
    dated: bool,
    meant: Mapping[DocPath, Any] = NOTHING_MEANT,
) -> str | None:
    """Why `after` may not take the place of `before`, in words; None when it may.

    Parameters
    ----------
    document
        `before`, parsed.
    dated
        Whether the date of the last update may differ.
    meant
        Values that places of the new text must have.
    """
    try:
        new = LOADERS[format_id].syntax.parse(after)
        if repr(rest_of(format_id, document, dated)) != repr(
            rest_of(format_id, new, dated)
        ):  # repr: 1 is not 1.0, NaN is NaN
            return "the new text would differ in more than its mapping and tags"
        if any(_value_at(new, path) != value for path, value in meant.items()):
            return "the new text would not have the tags meant"
        if format_id != SIGMA and not _same_comments(before, after):
            return "the new text would have other comments"
    except Unparsable as broken:
        return f"the new text would not parse: {broken.message}"
    except Layout as broken:
        return f"the new text would not be understood: {broken}"
    return None


def _value_at(document: Any, path: DocPath) -> Any:
    for part in path:
        document = document[part]
    return document


def rest_of(format_id: str, document: Any, dated: bool = False) -> Any:
    """A parsed document without its mappings, their tags and, on request, the date of its last update."""
    if format_id == SIGMA:
        return [_sigma_rest(one, dated) for one in document]
    rest = {key: value for key, value in document.items() if key != "threat"}
    for name, mapping in (("rule", "threat"), ("hunt", "mitre")):
        if isinstance(rest.get(name), dict):
            rest[name] = _rest(rest[name], mapping, TACTIC_TAG)
    if dated and isinstance(rest.get("metadata"), dict):
        rest["metadata"] = _rest(rest["metadata"], "updated_date", "")
    return rest


def _rest(table: dict, key: str, tag: str) -> dict:
    rest = {name: value for name, value in table.items() if name != key}
    if tag and isinstance(rest.get("tags"), list):
        rest["tags"] = [one for one in rest["tags"] if not str(one).lower().startswith(tag)]
    return rest


def _sigma_rest(document: Any, dated: bool) -> Any:
    return (
        _rest(document, "modified" if dated else "", ATTACK_TAG) if isinstance(document, dict) else document
    )


def _same_comments(before: str, after: str) -> bool:
    """Whether two TOML texts have the same comments, in whatever order."""
    if _marked_lines(before) == _marked_lines(after):
        return True
    return sorted(Tree(before).all_comments()) == sorted(Tree(after).all_comments())


def _marked_lines(text: str) -> list[str]:
    return sorted(line for line in text.split("\n") if "#" in line)
