"""Rules are untrusted: what the guards leave is read again, HTML by a parser of HTML, Markdown by one of
Markdown.
"""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
import tomli
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from coverage.text import (
    CUT,
    MOST_CHARACTERS,
    plain,
    plain_in_file,
    printable,
    safe_html,
    safe_html_links,
    safe_html_list,
    web_link,
)
from tests.helpers.examples import examples

VOID = {"br", "hr"}
ATTRIBUTES_OF_A_LINK = {"href", "rel", "target"}


class Page(HTMLParser):
    """What a page would hold: its links, its pictures, all tags and attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(values)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(values.get("href", ""))
        if tag == "img":
            self.pictures.append(values.get("src", ""))

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def rendered(markdown: str) -> Page:
    """A page of Markdown as an independent parser renders it, raw HTML and every link included."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True
    return Page(parser.render(markdown))


MARKDOWN_TAGS = {
    *(
        "p",
        "a",
        "em",
        "strong",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "blockquote",
        "h4",
        "h5",
        "h6",
        "hr",
        "br",
        "s",
    ),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


def assert_harmless(markdown: str) -> Page:
    page = Page(safe_html(markdown))
    assert page.pictures == []
    assert all(link == "" or web_link(link) == link for link in page.links), page.links
    assert page.tags <= MARKDOWN_TAGS, page.tags
    assert page.attributes <= ATTRIBUTES_OF_A_LINK, page.attributes
    return page


BAD_TARGETS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A;avascript:x",
    "javascript&colon;alert(1)",
    "javascript&#58;alert(1)",
    "\\javascript:x",
    "data:text/html;base64,PHNjcmlwdD4=",
    "file:///etc/passwd",
    "vbscript:x",
    "blob:x",
    "//evil.example/x",
    "/relative",
    "../up",
    "mailto:a@b.example",
    "ftp://x",
    "<javascript:alert(1)>",
    "<java script:x>",
    "%6Aavascript:x",
    "httpx://a",
    "http:/a",
    "https:a",
]


@pytest.mark.parametrize("target", BAD_TARGETS)
@pytest.mark.parametrize(
    "form",
    [
        "[x]({})",
        "[x]( {} )",
        "[x](\n{})",
        '[x]({} "title")',
        "[x][r]\n\n[r]: {}",
        "[r]\n\n[r]: {}",
        "[r]\n\n   [r]:\n{}",
        "[x][r]\n\n> [r]: {}",
        "[x][r]\n\n- [r]: {}",
        "[x][r]\n\n[r]: {} 'title'",
        "![x]({})",
        "![x][r]\n\n[r]: {}",
        "[![x]({})]({})",
        "[a\nb]\n\n[a\nb]: {}",
        "[a\\]]\n\n[a\\]]: {}",
        "# [x]({})",
        "| [x]({}) |\n|---|\n| [y]({}) |",
    ],
)
def test_a_target_that_is_not_the_web_is_dropped(form, target):
    assert_harmless(form.replace("{}", target))


@pytest.mark.parametrize(
    "autolink",
    [
        "<javascript:alert(1)>",
        "<JAVASCRIPT:x>",
        "<data:text/html,x>",
        "<file:///x>",
        "<mailto:a@b.example>",
        "<a@b.example>",
    ],
)
def test_an_autolink_that_is_not_the_web_is_text(autolink):
    page = assert_harmless(f"see {autolink} there")
    assert page.links == []
    assert page.text.strip() == f"see {autolink.strip('<>')} there"


@pytest.mark.parametrize(
    "markdown",
    [
        "![x](https://evil.example/p.png)",
        "!![x](https://evil.example/p.png)",
        "!!!![x](https://evil.example/p.png)",
        "[![x](https://evil.example/p.png)](https://ok.example)",
        "![x][r]\n\n[r]: https://evil.example/p.png",
        "![r]\n\n[r]: https://evil.example/p.png",
        "\\![x](https://evil.example/p.png)",
        "\\\\![x](https://evil.example/p.png)",
        # what only looks like code
        "\\`![x](https://evil.example/p.png)\\`",
        "a ~~~ ![x](https://evil.example/p.png) ~~~",
        "a ```\n\n![x](https://evil.example/p.png)\n\n```",
        "a `b\n\n![x](https://evil.example/p.png)\n\nc`",
        "- ```\n  code\n  ```\n\n![x](https://evil.example/p.png)\n\n```\nend\n```",
        "> ```\n![x](https://evil.example/p.png)\n\n```\nend\n```",
        "| a | b |\n|---|---|\n| ` | ![x](https://evil.example/p.png) ` |",
        "[^1]\n\n[^1]:\n\n    ![x](https://evil.example/p.png)",
        "```a`\n![x](https://evil.example/p.png)\n```",
    ],
)
def test_a_picture_is_never_fetched(markdown):
    assert_harmless(markdown)


def test_a_picture_in_code_is_no_picture():
    """A run of two backticks that nothing closes, and then code."""
    page = assert_harmless("``a` ![x](https://evil.example/p.png) `b")
    assert "![x](https://evil.example/p.png)" in page.text


def test_a_picture_becomes_a_link():
    page = assert_harmless("before ![a chart](https://ok.example/p.png) after")
    assert page.links == ["https://ok.example/p.png"]
    assert page.text.strip() == "before a chart after"


def test_a_picture_inside_a_link_is_the_words_of_the_link():
    page = assert_harmless("[![a chart](https://evil.example/p.png)](https://ok.example/a)")
    assert (page.links, page.text.strip()) == (["https://ok.example/a"], "a chart")


def test_a_picture_of_no_web_address_is_its_words():
    page = assert_harmless("![a chart](data:image/png;base64,AA) ![](javascript:x)")
    assert (page.links, page.text.strip()) == ([], "a chart javascript:x")


@pytest.mark.parametrize(
    ("markdown", "link"),
    [
        ("[x](https://ok.example/a?b=c#d)", "https://ok.example/a?b=c#d"),
        ("[x](http://ok.example)", "http://ok.example"),
        ("[x]( https://ok.example )", "https://ok.example"),
        ("[x](<https://ok.example>)", "https://ok.example"),
        ("[x][r]\n\n[r]: https://ok.example", "https://ok.example"),
        ("<https://ok.example/a>", "https://ok.example/a"),
        ("[x](https://ok.example 'title')", "https://ok.example"),
    ],
)
def test_a_link_to_the_web_stays(markdown, link):
    assert assert_harmless(markdown).links == [link]
    assert 'rel="noopener noreferrer nofollow"' in safe_html(markdown)
    assert 'target="_blank"' in safe_html(markdown)


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:x'>y</a>",
        "<b>bold</b>",
        "<!-- gone -->",
        "<div>\n\nblock\n\n</div>",
        "<style>*{}</style>",
        "a <br/> b",
        "<!DOCTYPE x>",
        "<?php ?>",
    ],
)
def test_raw_html_shows_as_text(html):
    page = assert_harmless(html)
    assert "".join(page.text.split()) == "".join(html.split())


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        (
            "```\na < b && $env:x ![i](p.png) <b> [x](javascript:y)\n```",
            "a < b && $env:x ![i](p.png) <b> [x](javascript:y)\n",
        ),
        ("```powershell\n[char[]](1,2) | % { $_ }\n```\n", "[char[]](1,2) | % { $_ }\n"),
        ("~~~\n<b> $x\n~~~", "<b> $x\n"),
        ("`a < $b`", "a < $b"),
        ("``a ` < $b``", "a ` < $b"),
        ("    indented < $code\n", "indented < $code\n"),
        ("- list\n  ```\n  a < $b\n  ```\n", "a < $b\n"),
        ("1. step\n\n   ```bash\n   cat <<EOF $x\n   ```\n\n2. next", "cat <<EOF $x\n"),
        ("> ```\n> a < $b\n> ```", "a < $b\n"),
        ("```mermaid\ngraph TD\n```", "graph TD\n"),
    ],
)
def test_code_stays_as_it_is(markdown, code):
    page = assert_harmless(markdown)
    assert code in page.text and "code" in page.tags


@pytest.mark.parametrize(
    "text",
    [
        "costs $5 or $x$ and $$y$$",
        ":red[a] :material/home: :smile: :streamlit: :red-badge[x]",
        "see http://a.example www.a.example a@b.example",
        "a -> b <- c >= d",
        "[^1] and [^1]: x",
    ],
)
def test_what_only_streamlit_knows_stays_text(text):
    """Its directives, icons, formulas, arrows and bare addresses are nothing in HTML."""
    assert safe_html(text) == f"<p>{text}</p>\n".replace(">", "&gt;").replace("<", "&lt;").replace(
        "&lt;p&gt;", "<p>"
    ).replace("&lt;/p&gt;", "</p>")


def test_a_directive_around_half_a_code_span_shows_no_picture():
    """Streamlit ends the directive first, and finds a picture in what Markdown reads as code."""
    page = assert_harmless(":red[`]![x](http://evil.example/p.png)`")
    assert page.text.strip() == ":red[]![x](http://evil.example/p.png)" and page.links == []


def test_headings_lists_and_tables_stay():
    guide = "## Triage\n\n- **one**\n- _two_\n\n1. a\n2. b\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n\n> quote\n"
    assert safe_html(guide) == (
        "<h5>Triage</h5>\n<ul>\n<li><strong>one</strong></li>\n<li><em>two</em></li>\n</ul>\n"
        "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"
        "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n"
        "<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n"
        "<blockquote>\n<p>quote</p>\n</blockquote>\n"
    )
    assert safe_html("") == ""
    assert safe_html("one\r\ntwo\rthree") == "<p>one\ntwo\nthree</p>\n"
    assert safe_html("# a\n###### b") == "<h4>a</h4>\n<h6>b</h6>\n"


def test_signs_that_show_nothing_are_seen():
    assert safe_html("a\u202eb\u200bc\x1b[31m") == "<p>a\ufffdb\ufffdc\ufffd[31m</p>\n"
    assert plain("a\u202eb\x1bc\udc80") == plain_in_file("a\u202eb\x1bc\udc80") == "a\ufffdb\ufffdc\ufffd"
    assert printable("a\u202eb\x1b[31mc\nd\te\x9bf") == "a\ufffdb\ufffd[31mc\ufffdd\ufffde\ufffdf"


def test_a_long_text_is_cut_and_says_so():
    html = safe_html("word " * 5000)
    assert html.endswith(f"<p>{CUT}</p>\n") and len(html) < MOST_CHARACTERS + 100
    assert CUT not in safe_html("x" * MOST_CHARACTERS)


def test_false_positives_are_one_list_of_bounded_length():
    assert safe_html_list(["a *b*", "two\n\nlines", "<b>"]) == (
        "<ul><li><p>a <em>b</em></p>\n</li><li><p>two lines</p>\n</li><li><p>&lt;b&gt;</p>\n</li></ul>"
    )
    long = safe_html_list(["x" * 5000] * 100)
    assert long.endswith(f"<li>{CUT}</li></ul>") and len(long) < MOST_CHARACTERS + 200


def test_references_are_links_to_the_web_alone():
    texts = [
        "https://ok.example/:smile:?a=b&c=<x>",
        "https://ok.example/a?b=c&d",
        "javascript:x",
        "<img src=x>",
    ]
    page = Page(safe_html_links(texts))
    assert page.links == ["https://ok.example/a?b=c&d"] and page.tags == {"ul", "li", "a"}
    assert page.text == "".join(texts)


PATHOLOGICAL = {
    "brackets": "[",
    "images": "![",
    "links that never close": "[a](",
    "links in angles": "[a](<",
    "references": "[a][b]",
    "backticks": "`" * 7 + "x",
    "emphasis": "*a **b ",
    "underscores": "_*",
    "quotes": "> ",
    "lists": "- ",
    "lists in quotes": "> - ",
    "entities": "&",
    "angles": "<a ",
    "backslashes": "\\",
    "strikes": "~~a ",
    "headings": "# a\n",
    "fences": "```\n",
    "rows": "|x|\n",
    "setext": "a\n=\n",
    "autolinks": "<http://x>",
    "pictures": "![a](http://x)",
    "a picture in each link": "[![a](http://x)](http://y)",
    "tabs": "\t",
    "blank lines": "\n",
}


@pytest.mark.parametrize("text", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
@pytest.mark.parametrize("before", ["", "a|b\n-|-\n"], ids=["alone", "table"])
def test_no_text_holds_the_interpreter(text, before):
    """300 kB of what parsers stumble over is shown, or escaped, at once: 13 s before there was a cap."""
    whole = before + text * (300_000 // len(text))
    start = time.process_time()
    safe_html.__wrapped__(whole)
    assert time.process_time() - start < 1.5  # a third of that on a quiet machine, at worst
    start = time.process_time()
    plain(whole)
    plain_in_file(whole)
    assert time.process_time() - start < 0.5


NASTY = st.lists(
    st.sampled_from(
        [
            "!",
            "[",
            "]",
            "(",
            ")",
            "x",
            "`",
            "``",
            "```",
            "~~~",
            "\n",
            "\n\n",
            "\\",
            "<",
            ">",
            ":",
            " ",
            "    ",
            "|",
            "-",
            "|-|-|\n",
            "> ",
            "- ",
            "javascript:",
            "data:",
            "http://e",
            "[r]",
            "[r]: ",
            "![x](",
            "](",
            "<b>",
            "<!--",
            "-->",
            "</",
            "&#33;",
            "&#106;",
            "$",
            '"',
            "'",
            "#",
            "*",
            "_",
            "[^1]: ",
        ]
    ),
    max_size=24,
).map("".join)


@examples(300)
@given(NASTY)
@example("|a|b|\n|-|-|\n|`|![x](http://e)`|")
def test_nothing_reaches_out_whatever_is_written(markdown):
    assert_harmless(markdown)


@examples(150)
@given(st.one_of(NASTY, st.text(max_size=40)))
@example("&lt;b&gt; &amp;")
@example("1. a")
@example("a_b __c__ _d_e_ # #")
@example("===")
@example(":material/home: :red[x] :small[] <!-- -->")
@example("a@b.example http://a.example -> @me #12")
def test_plain_text_shows_as_it_was_written(text):
    """What stands between its pieces shows nothing: in a browser (`test_hostile_pages.py`), and as a comment
    of HTML.
    """
    words = " ".join(text.split())
    in_file = plain_in_file(text)
    pages = (plain(text).replace(":small[]", ""), in_file, f"##### {in_file}", f"a\n{in_file}")
    for page, before in zip(map(rendered, pages), ("", "", "", "a"), strict=True):
        assert page.tags <= {"p", "h5", "h6", "br"}
        shown = page.text.strip().removeprefix(before).strip()
        assert len(shown) == len(words)
        assert all(seen in (sign, "\ufffd") for seen, sign in zip(shown, words, strict=True))
        assert (
            sum(seen == "\ufffd" for seen in shown)
            == sum(sign == "\ufffd" or not (sign.isprintable() or sign in "\u00a0") for sign in words)
            or not words.isascii()
        )


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("@team", r"@<!-- -->team"),
        ("see #12 and GH-3", r"see \#<!-- -->12 and GH-<!-- -->3"),
        ("a@b.example", "a<!-- -->@<!-- -->b.example"),
        ("www.a.example", "www<!-- -->.a.example"),
        (":smile:", ":<!-- -->smile:"),
        ("T1059.001 (Windows): a_b-c.yml, no. 3 & more!", "T1059.001 (Windows): a_b-c.yml, no. 3 & more!"),
        ("![x](http://a)", r"!\[x\](http:<!-- -->//a)"),
    ],
)
def test_in_a_file_nothing_is_a_mention_a_link_or_a_picture(text, markdown):
    assert plain_in_file(text) == markdown


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://ok.example/a?b=c&d=(e)", True),
        ("http://ok.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("", False),
        (" https://ok.example", False),
        ("https://ok.example\n", False),
        ("https://a b", False),
        ("https://a>", False),
        ("https://a`b", False),
        ('https://a"b', False),
        ("see https://ok.example", False),
        ("ftp://ok.example", False),
        ("https:/ok.example", False),
    ],
)
def test_a_web_link(text, link):
    assert web_link(text) == (text if link else None)


@examples(100)
@given(st.text(st.sampled_from("<>[]()!`\\ :/hxs\n\t.*_&"), max_size=20).map("https://a".__add__))
def test_a_reference_is_one_link_or_text(text):
    page = Page(safe_html_links([text]))
    assert page.links in (
        [[text], [""]] if web_link(text) else [[]]
    )  # an address that cannot be parsed leads nowhere
    assert (page.pictures, page.tags) == ([], {"ul", "li", "a"} if page.links else {"ul", "li"})


@pytest.mark.corpora
def test_real_guides_keep_their_shape(shared):
    """Every tenth of Elastic's guides: nothing reaches out, and headings, lists, code and links are still
    there.
    """
    found = 0
    for path in sorted(shared("corpora", "elastic", "rules").rglob("*.toml"))[::10]:
        note = tomli.loads(path.read_text(encoding="utf-8"))["rule"].get("note", "")
        page, before = assert_harmless(note), rendered(note.replace("<", "&lt;"))
        kept = [link for link in before.links if link.startswith("http")]
        tags = {f"h{min(int(tag[1]) + 3, 6)}" if re.fullmatch(r"h\d", tag) else tag for tag in before.tags}
        assert page.tags >= tags - {"img"} and len(page.links) >= len(kept), path
        assert CUT not in page.text, path
        found += bool(note)
    assert found > 100
