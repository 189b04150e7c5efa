"""Rules are untrusted: what safe_markdown leaves is read by an independent Markdown parser."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
import tomli
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from coverage.text import plain, safe_markdown, web_link


class Page(HTMLParser):
    """What a page would hold: its links, its pictures, all other tags, and its text."""

    def __init__(self, markdown: str, *, html: bool = True) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        parser = MarkdownIt("commonmark", {"html": html}).enable(["table", "strikethrough"])
        parser.validateLink = lambda url: True
        self.feed(parser.render(markdown))
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.add(tag)
        if tag == "a":
            self.links.append(values.get("href", ""))
        if tag == "img":
            self.pictures.append(values.get("src", ""))

    def handle_data(self, data):
        self.text += data


MARKDOWN_TAGS = {
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
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "br",
    "s",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


def assert_harmless(markdown: str) -> Page:
    page = Page(safe_markdown(markdown))
    assert page.pictures == []
    assert all(link.lower().startswith(("http://", "https://", "#")) for link in page.links), page.links
    assert page.tags <= MARKDOWN_TAGS, page.tags
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
    assert page.text.strip() == f"see {autolink} there"


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
    assert "![x](https" not in safe_markdown(markdown)


@pytest.mark.parametrize(
    "markdown",
    [
        "``a` ![x](https://evil.example/p.png) `b",
        "<div>\n```\n</div>\n\n![x](https://evil.example/p.png)\n\n```",
    ],
)
def test_a_picture_in_code_is_no_picture(markdown):
    """A run of two backticks that nothing closes; a fence that is one once the HTML before it is text."""
    assert "![x](https://evil.example/p.png)" in assert_harmless(markdown).text


def test_a_picture_becomes_a_link():
    page = assert_harmless("before ![a chart](https://ok.example/p.png) after")
    assert page.links == ["https://ok.example/p.png"]
    assert page.text.strip() == "before a chart after"


@pytest.mark.parametrize(
    "markdown",
    [
        "[x](https://ok.example/a?b=c#d)",
        "[x](http://ok.example)",
        "[x]( https://ok.example )",
        "[x](<https://ok.example>)",
        "[x][r]\n\n[r]: https://ok.example",
        "<https://ok.example/a>",
        "[x](#heading)",
        '[x](https://ok.example "title")',
        "[x](HTTPS://ok.example)",
    ],
)
def test_a_link_to_the_web_stays(markdown):
    assert safe_markdown(markdown) == markdown
    assert len(assert_harmless(markdown).links) == 1


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
    "code",
    [
        "```\na < b && $env:x ![i](p.png) <b> [x](javascript:y)\n```",
        "```powershell\n[char[]](1,2) | % { $_ }\n```\n",
        "~~~\n<b> $x\n~~~",
        "`a < $b`",
        "``a ` < $b``",
        "text `$env:x` and `<b>` more",
        "    indented < $code\n",
        "- list\n  ```\n  a < $b\n  ```\n",
        "1. step\n\n   ```bash\n   cat <<EOF $x\n   ```\n\n2. next",
        "> ```\n> a < $b\n> ```",
    ],
)
def test_code_stays_as_it_is(code):
    assert safe_markdown(code) == code


def test_dollars_outside_code_are_no_formula():
    assert safe_markdown("costs $5 or $x$, code `$y`") == "costs \\$5 or \\$x\\$, code `$y`"
    assert safe_markdown(r"already \$5, a path C:\\$Recycle") == r"already \$5, a path C:\\\$Recycle"


def test_headings_lists_and_tables_stay():
    guide = "## Triage\n\n- **one**\n- _two_\n\n1. a\n2. b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quote\n"
    assert safe_markdown(guide) == guide
    assert safe_markdown("") == ""
    assert safe_markdown("one\r\ntwo\rthree") == "one\ntwo\nthree"


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


@settings(max_examples=600, deadline=None)
@given(NASTY)
@example("|a|b|\n|-|-|\n|`|![x](http://e)`|")
def test_nothing_reaches_out_whatever_is_written(markdown):
    assert_harmless(markdown)


@settings(max_examples=300, deadline=None)
@given(st.one_of(NASTY, st.text(max_size=40)))
@example("&lt;b&gt; &amp;")
@example("1. a")
@example(":material/home: :red[x]")
def test_plain_text_shows_as_it_was_written(text):
    page = Page(plain(text).replace("\x00", "\ufffd"))
    assert page.tags <= {"p"}
    assert page.text.strip() == " ".join(text.split()).replace("\x00", "\ufffd")


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


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("<>[]()!`\\ :/hxs\n\t.*_&"), max_size=20).map("https://a".__add__))
def test_a_web_link_in_angle_brackets_is_one_link_and_nothing_else(text):
    """As the rule page writes it: `- <link>`."""
    if (link := web_link(text)) is not None:
        page = Page(f"- <{link}>")
        assert (len(page.links), page.pictures, page.tags) == (1, [], {"ul", "li", "a"})


@pytest.mark.corpora
def test_real_guides_keep_their_shape(shared):
    """Every tenth of Elastic's guides: nothing reaches out, and headings, lists, code and links are still there."""
    found = 0
    for path in sorted(shared("corpora", "elastic", "rules").rglob("*.toml"))[::10]:
        note = tomli.loads(path.read_text(encoding="utf-8"))["rule"].get("note", "")
        page, before = assert_harmless(note), Page(note, html=False)
        kept = [link for link in before.links if link.startswith("http")]
        assert page.tags == before.tags - {"img"} and len(page.links) >= len(kept), path
        found += bool(note)
    assert found > 100
