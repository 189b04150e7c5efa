"""Text from rules made safe to show: rules are untrusted, and their words are data, never markup.

One guard for each place that reads markup: `safe_html` for what a rule wrote as Markdown, `plain` for words
inside a sentence of a page, `plain_in_file` and `as_code` for Markdown files, `printable` for a terminal or a
log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MOST_CHARACTERS = (
    12_000  # of a text shown as Markdown: more than real guides have, and parsed in a blink at worst
)
MOST_IN_A_LINE = 5_000
CUT = "… cut here; the file has the whole text."

_SPECIAL = re.compile(r"()(?=[\\`*_{}\[\]()#+\-.!|<>~$:&=^\"'])")
# In a file only what GitHub would read as a mark: an underscore beside a word, not in one; a list, quote or
# heading only where a line begins, or a heading ends.
_SPECIAL_IN_FILE = re.compile(
    r"(^\d{1,9})(?=[.)])|(?=[\\`*\[\]<|~$]|(?<![^\W_])_|_(?![^\W_])|^[-+=>]|(?<!\S)#|&(?=#?\w{1,40};))"
)

# Streamlit and GitHub find some marks only after the backslashes are gone: a shortcode such as `:smile:`, an
# arrow, a
# bare address, a mention. Each is broken in two by something that shows nothing (`_broken`).
_SHORTCODE = r":(?=[\w+\-/]+:)"
_ARROW = r"(?<!\w)(?:<(?=[-=])|-(?=[->])|>(?==)|~(?==))"
_ADDRESS = r"(?i:https?:(?=/)|ftp:(?=/)|www(?=\.))"
_MAIL = r"[^\s@](?=@)"
_MENTION = r"@(?=\w)|#(?=\d)|(?i:\bGH-)(?=\d)"
_LATE = re.compile("|".join((_SHORTCODE, _ARROW, _ADDRESS, _MAIL)))
_LATE_IN_FILE = re.compile("|".join((_SHORTCODE, _ADDRESS, _MAIL, _MENTION)))
_NOTHING = ":small[]"  # a directive of Streamlit's around no text
_NOTHING_IN_FILE = "<!-- -->"

# Signs that show nothing and change how others show: controls, bidirectional overrides, zero widths, half
# surrogates.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_TAGS = {
    *("p", "br", "hr", "blockquote", "pre", "code", "em", "strong", "s", "a", "ul", "ol", "li"),
    *("h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}


# ---- one line ------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Text as Markdown for a page, on one line, in which nothing is markup: it shows as it was written.

    That holds for Streamlit's own marks, too: directives, icons, emoji, arrows, formulas, bare addresses.
    """
    return _broken(text, _LATE, _NOTHING, _SPECIAL)


def plain_in_file(text: str) -> str:
    """Text as GitHub's Markdown, on one line, in which nothing is markup, a link or a mention."""
    return _broken(text, _LATE_IN_FILE, _NOTHING_IN_FILE, _SPECIAL_IN_FILE)


def _broken(text: str, late: re.Pattern[str], nothing: str, special: re.Pattern[str]) -> str:
    line = text if len(text) <= MOST_IN_A_LINE else f"{text[:MOST_IN_A_LINE]}…"
    line = _HIDDEN.sub(_REPLACEMENT, " ".join(line.split()))
    pieces, start = [], 0
    for match in late.finditer(line):
        pieces.append(line[start : match.end()])
        start = match.end()
    pieces.append(line[start:])
    return nothing.join(special.sub(r"\1\\", piece) for piece in pieces)


def as_code(text: str, most: int = 100) -> str:
    """Text as a Markdown code span that also stands in a table: one line, cut, nothing in it is a link or a
    mention.
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()) or "-"
    line = (line if len(line) <= most else f"{line[: most - 1]}…").replace("|", r"\|")
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def printable(text: str) -> str:
    """Text on one line that is safe on a terminal and in a log: control signs and stray bytes are
    replaced.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _replaced(sign) for sign in text)


def _replaced(sign: str) -> str:
    return " " if sign in "\u00a0\u202f\u3000" else _REPLACEMENT


def web_link(text: str) -> str | None:
    """The text when it is an http(s) address without blanks, else None."""
    return text if re.fullmatch(r"https?://[^\s<>\"'`\\]+", text) else None


# ---- Markdown of rules ---------------------------------------------------------------------------------


@lru_cache(64)
def safe_html(text: str, most: int = MOST_CHARACTERS) -> str:
    """A rule's Markdown as HTML that asks nothing of any host and runs nothing.

    Parsed without raw HTML, which shows as text; rendered; and cleaned by an allowlist of tags. Images become
    links, links lead to http(s) only, headings are those of a text within a page. Longer texts are cut at
    `most` characters.

    Returns
    -------
    str
        HTML for `st.html`, empty when the text is.
    """
    tokens = list(_tame(_parser().parse(_shortened(text, most))))
    return _cleaned(_parser().renderer.render(tokens, _parser().options, {}))


def safe_html_list(texts: Iterable[str], most: int = MOST_CHARACTERS) -> str:
    """Several short texts of a rule as one list, each as `safe_html` shows it, `most` characters in all."""
    items, left = [], most
    for text in texts:
        if left <= 0:
            items.append(f"<li>{CUT}</li>")
            break
        line = " ".join(text.split())
        items.append(f"<li>{safe_html(line, left)}</li>")
        left -= len(line) + 1
    return f"<ul>{''.join(items)}</ul>"


def safe_html_links(texts: Iterable[str]) -> str:
    """References of a rule as a list: those to http(s) are links, all others text. Addresses show as
    written.
    """
    from html import escape

    items = []
    for text in texts:
        words, link = escape(_HIDDEN.sub(_REPLACEMENT, text)), web_link(text)
        items.append(f'<li><a href="{escape(link)}">{words}</a></li>' if link else f"<li>{words}</li>")
    return _cleaned(f"<ul>{''.join(items)}</ul>")


def _shortened(text: str, most: int) -> str:
    if len(text) > most:
        text = f"{text[:most]}\n\n{CUT}"
    return _HIDDEN.sub(_REPLACEMENT, text)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # only pages that show a rule's text need it

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # which links are good is decided in one place, `_tame`
    return parser


def _tame(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens without images and without links that do not lead to the web, headings below those of a
    page.
    """
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 3, 6)}"
        if token.children is not None:
            token.children = list(_tame_line(token.children))
        yield token


def _tame_line(tokens: Iterable[Token]) -> Iterator[Token]:
    kept: list[bool] = []  # whether each link that is open here leads to the web
    for token in tokens:
        if token.type == "link_open":
            kept.append(web_link(str(token.attrGet("href"))) is not None)
            if kept[-1]:
                yield token
        elif token.type == "link_close":
            if kept.pop():
                yield token
        elif token.type == "image":
            yield from _image_as_link(token, inside_link=any(kept))
        else:
            yield token


def _image_as_link(image: Token, inside_link: bool) -> Iterator[Token]:
    from markdown_it.token import Token

    source = str(image.attrGet("src"))
    words = Token("text", "", 0, content=image.content or source)
    if inside_link or web_link(source) is None:
        yield words
        return
    yield Token("link_open", "a", 1, attrs={"href": source})
    yield words
    yield Token("link_close", "a", -1)


def _cleaned(html: str) -> str:
    import nh3

    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={"*": set(), "a": {"href"}},
        attribute_filter=lambda tag, name, value: web_link(value) if name == "href" else value,
        url_schemes={"http", "https"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
    )
