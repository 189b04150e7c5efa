"""Rules, names and files that try to be markup: for tests of what shows them."""

from __future__ import annotations

import json
import random
from pathlib import Path

HOST = "evil.invalid"  # never resolves; a browser that is made to ask for it says so before it looks it up
IMAGE = f"http://{HOST}/p.png"

# What Markdown, HTML, Streamlit's directives, LaTeX, Plotly and the browser would each take for markup.
TEXTS = (
    f":red[`]![x]({IMAGE})`",
    f":red[`]<img src={IMAGE}>`",
    f":small[`a]![x]({IMAGE})`b",
    f":red-badge[``]![x]({IMAGE})``",
    f":color[`]{{foreground='red'}}![x]({IMAGE})`",
    f"![x]({IMAGE})",
    f"![x][r]\n\n[r]: {IMAGE}",
    f"[![x]({IMAGE})](javascript:ran=1)",
    f"$\\href{{javascript:ran=1}}{{x}}$ $$\\includegraphics{{{IMAGE}}}$$ $`$![x]({IMAGE})`",
    f"<img src={IMAGE} onerror=ran=1>",
    f"<svg onload=ran=1><image href='{IMAGE}'/></svg>",
    f"<style>@import '{IMAGE}'; *{{background:url({IMAGE})}}</style>",
    f"<a style='background:url({IMAGE})' href='{IMAGE}' ping='{IMAGE}'>x</a>",
    f"<iframe src={IMAGE}></iframe><video poster={IMAGE}></video><object data={IMAGE}></object>",
    f"<link rel=stylesheet href={IMAGE}><base href=http://{HOST}/><meta http-equiv=refresh "
    f"content='0;url={IMAGE}'>",
    "<script>ran=1</script><details open ontoggle=ran=1>x</details>",
    "[x](javascript:ran=1) [y](data:text/html,<script>ran=1</script>) <javascript:ran=1>",
    f"```mermaid\ngraph TD\nA[\"<img src='{IMAGE}'>\"]\n```",
    f"| a |\n|---|\n| `|`![x]({IMAGE})` |",
    f"[^1]\n\n[^1]: ![x]({IMAGE})",
    f"\\`![x]({IMAGE})\\` ``` ![x]({IMAGE})",
    f"    \t![x]({IMAGE})\n- ```\n![x]({IMAGE})",
    f"http://{HOST}/a www.{HOST} me@{HOST} :streamlit: :material/home: :smile: a -> b",
    f"&lt;img src={IMAGE}&gt; &#33;[x]({IMAGE}) \\![x]({IMAGE})",
    "\u202e\u200b\x1b[31m\x1b]0;t\x07 </div></p></td></body> ]]> --> '\"",
)

PIECES = (
    *(
        ":red[",
        ":small[",
        ":color[",
        "]",
        "`",
        "``",
        "```",
        "\n",
        "\n\n",
        "\\",
        "!",
        "[x]",
        "(",
        ")",
        "$",
        "$$",
        "|",
    ),
    *(
        f"![x]({IMAGE})",
        f"<img src={IMAGE} onerror=ran=1>",
        f"({IMAGE})",
        "<",
        ">",
        "&",
        "{",
        "}",
        "> ",
        "- ",
        "    ",
    ),
    *(
        "<svg onload=ran=1>",
        "<!--",
        "-->",
        "~~~",
        "*",
        "_",
        "~~",
        "|-|-|\n",
        "[r]: ",
        "[^1]: ",
        ":streamlit:",
        '"',
        "'",
    ),
)


def combinations(count: int, seed: int) -> list[str]:
    """Pieces of markup in an order that nobody thought of, the same for a seed."""
    drawn = random.Random(seed)
    return ["".join(drawn.choices(PIECES, k=drawn.randint(2, 14))) for _ in range(count)]


def one_line(text: str) -> str:
    """A text as a name can hold it."""
    return " ".join(text.split())


def rule_text(number: int, texts: list[str]) -> str:
    """A rule of Elastic's form in which every field that a person writes is hostile."""
    first = one_line(texts[0])
    # a break between two texts, so that none is hidden in what the one before left open
    long = "\n\n<!-- -->\n\n".join(texts)
    fields = {
        "name": f"{number} {first}",
        "rule_id": f"id-{number}-{first}",
        "description": long,
        "note": f"# Guide {first}\n\n{long}",
        "setup": long,
        "false_positives": texts,
        "references": [*texts, IMAGE, f"javascript:ran=1//{IMAGE}"],
        "author": texts[:3],
        "tags": [*map(one_line, texts[:3]), "OS: Windows"],
        "index": texts[:3],
        "severity": "low",
        "risk_score": 21,
        "type": "query",
        "language": "kuery",
        "query": long,
        "version": number,
    }
    metadata = {
        "creation_date": "2026/01/01",
        "updated_date": "2026/01/01",
        "maturity": "production",
        "integration": [one_line(texts[0])],
    }
    threat = (
        "[[rule.threat]]\nframework = 'MITRE ATT&CK'\n[rule.threat.tactic]\nid = 'TA0002'\n"
        f"name = {_toml(first)}\nreference = {_toml(IMAGE)}\n"
        f"[[rule.threat.technique]]\nid = 'T1059'\nname = {_toml(first)}\nreference = {_toml(IMAGE)}\n"
        f"[[rule.threat.technique]]\nid = {_toml(first)}\nname = {_toml(first)}\nreference = "
        "'javascript:ran=1'\n"
    )
    return f"{_table('metadata', metadata)}\n{_table('rule', fields)}\n{threat}"


def _table(name: str, fields: dict) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in fields.items())]) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value).replace("\x7f", "\\u007f")


def hostile_corpora(folder: Path) -> list[str]:
    """Two corpora of hostile names, rules and files in a folder, with accepted gaps; the arguments that name
    them.
    """
    batches = [list(TEXTS[:9]), list(TEXTS[9:17]), list(TEXTS[17:])]
    batches += [combinations(60, seed) for seed in range(3)]
    names = (
        f":red[`]![n](https:{HOST})`<b>",
        f"$x$ <u>![m](https:{HOST})<u> :smile: :streamlit:",
    )
    arguments = []
    for position, name in enumerate(names):
        home = folder / f"corpus {position} ![x](https:{HOST})"
        home.mkdir()
        for number, texts in enumerate(batches[position::2]):
            text = rule_text(number, texts)
            (home / f"{number} :red[`]![f](https:{HOST})`.toml").write_text(text, encoding="utf-8")
        (home / f"broken <img src=https:{HOST} onerror=ran=1> \u202e.toml").write_text("[rule\nname = ![x]")
        (home / "gaps.toml").write_text(_gaps(position), encoding="utf-8")
        arguments.append(f"{name}={home}")
    return arguments


def _gaps(position: int) -> str:
    entries = []
    for attack_id, text in zip(("T1003", "T1021", TEXTS[0], "T1110"), TEXTS[position:], strict=False):
        entry = {"id": attack_id, "state": "accepted", "reason": text, "owner": text, "ticket": text}
        entries.append("[[gap]]\n" + "\n".join(f"{key} = {_toml(value)}" for key, value in entry.items()))
    return "\n\n".join(entries) + "\n"
