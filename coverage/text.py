"""Text from rules made safe to show: rules are untrusted, and their words are data, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")
_IMAGE = re.compile(r"!+\[")
_WEB = r"(?i:https?://)"
_INLINE_TARGET = re.compile(rf"\]\(\s*+<?+(?!{_WEB}|#)[^)]*\)")
_NAMED_TARGET = re.compile(rf"^([ >]*\[[^\]\n]+\]:\s*+)<?+(?!{_WEB}|#)\S+", re.MULTILINE)
_UNESCAPED = r"(?<!\\)((?:\\\\)*)"
_HTML = re.compile(rf"{_UNESCAPED}<(?!{_WEB}[^\s<>]*>)")
_DOLLAR = re.compile(rf"{_UNESCAPED}\$")
_CODE = re.compile(r"((?<![\\`])(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\2(?!`))", re.DOTALL)
_REACHES_OUT = re.compile(r"!\[|\]\(|\]:|\]\[")


def plain(text: str) -> str:
    """Text with every Markdown sign escaped, so that it shows as it was written."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def as_code(text: str, most: int = 100) -> str:
    """Text as a Markdown code span that also stands in a table: one line, cut, nothing in it is a link or a mention."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()) or "-"
    line = (line if len(line) <= most else f"{line[: most - 1]}…").replace("|", r"\|")
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def safe_markdown(text: str) -> str:
    """A rule's Markdown without what could reach out: images become links, links open http(s) only.

    Raw HTML shows as text. Dollar signs outside code are escaped, since a query's `$env` is no formula.
    The result is read once more as Markdown; where something still reaches out, all of it becomes plain.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    code = _code_lines(lines)
    parts = groupby(enumerate(lines), key=lambda line: line[0] in code)
    shown = "\n".join(
        block if is_code else _safe_prose(block)
        for is_code, block in ((is_code, "\n".join(line for _, line in part)) for is_code, part in parts)
    )
    return shown if _reaches_nothing(shown) else "  \n".join(map(plain, lines))


@cache
def _markdown(html: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt  # only pages that show a rule's text need it

    parser = MarkdownIt("commonmark", {"html": html}).enable("table")
    parser.validateLink = lambda url: True  # it would hide the very links we look for
    return parser


def _code_lines(lines: list[str]) -> set[int]:
    """Numbers of the lines in fenced and indented code. Indented text with links may be a footnote, no code."""
    found: set[int] = set()
    for token in _markdown(False).parse("\n".join(lines)):
        indented = token.type == "code_block" and not _REACHES_OUT.search(token.content)
        if token.map and (token.type == "fence" or indented):
            found.update(range(*token.map))
    return found


def _safe_prose(text: str) -> str:
    parts = _CODE.split(text)  # prose, code, its backticks, prose ...
    return "".join(part if i % 3 else _harmless(part) for i, part in enumerate(parts) if i % 3 != 2)


def _harmless(text: str) -> str:
    text = _IMAGE.sub("[", text)
    text = _INLINE_TARGET.sub("](#)", text)
    text = _NAMED_TARGET.sub(r"\1#", text)
    return _DOLLAR.sub(r"\1\\$", _HTML.sub(r"\1&lt;", text))


def _reaches_nothing(text: str) -> bool:
    return not any(map(_reaches_out, _tokens(_markdown(True).parse(text))))


def _tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])


def _reaches_out(token: Token) -> bool:
    if token.type == "link_open":
        return not re.match(rf"{_WEB}|#", str(token.attrs.get("href", "")))
    return token.type in ("image", "html_block", "html_inline")


def web_link(text: str) -> str | None:
    """The text when it is an http(s) address without blanks, else None."""
    return text if re.fullmatch(r"https?://[^\s<>\"'`\\]+", text) else None
