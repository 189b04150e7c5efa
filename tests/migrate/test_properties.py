"""Properties: whatever a text is, it is left alone or parses to the same outside its mapping, and a second
run changes nothing.
"""

from __future__ import annotations

from datetime import date

import tomli
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coverage.syntaxes.layout import Layout
from coverage.syntaxes.toml_tree import Tree
from tests.helpers.examples import examples
from tests.helpers.migrating import E18, E19, HEAD, file_plan

IDS = st.sampled_from(
    [
        "T1562",
        "T1562.001",
        "T1562.002",
        "T1562.006",
        "T1562.008",
        "T1562.012",
        "T1070",
        "T1070.001",
        "T1070.004",
        "T1036",
        "T1656",
        "T1672",
        "T1574",
        "T1574.006",
        "T1548",
        "T1548.002",
        "T1685",
        "T1685.002",
        "T1684.001",
        "T1053.004",
        "T9999",
        "t1059",
        "",
        "T1625",
        "AML.T0051",
    ]
)
TACTICS = st.sampled_from(
    [
        ("TA0005", "Defense Evasion"),
        ("TA0005", "Stealth"),
        ("TA0112", "Defense Impairment"),
        ("TA0003", "Persistence"),
        ("TA0004", "Privilege Escalation"),
        ("TA0002", "Execution"),
        ("TA9999", "Odd"),
        ("", ""),
    ]
)
RELEASES = st.sampled_from([E18, E19])
MANY = examples(75)
COMMENT = st.sampled_from(["", "", "", " # note", " # 'x' [[rule.threat]]"])
BLANK = st.sampled_from(["", "\n", "  ", "\n# own line\n", "\t"])
QUOTE = st.sampled_from("\"'")


@st.composite
def fields(draw, attack_id: str, name: str, indent: str, end: str) -> str:
    quote = draw(QUOTE)
    keys = {
        "id": attack_id,
        "name": name,
        "reference": f"https://attack.mitre.org/techniques/{attack_id.replace('.', '/')}/",
    }
    order = draw(st.permutations([key for key in keys if key == "id" or draw(st.booleans())]))
    return "".join(
        f"{indent}{key} = {quote}{keys[key]}{quote}{draw(COMMENT) if end == chr(10) else ''}{end}"
        for key in order
    )


@st.composite
def header_entry(draw) -> str:
    tactic, name = draw(TACTICS)
    indent = draw(st.sampled_from(["", "  "]))
    own = f"{draw(BLANK)}[[rule.threat]]{draw(COMMENT)}\n" + draw(
        st.sampled_from(["", 'framework = "MITRE ATT&CK"\n'])
    )
    table = f"{draw(BLANK)}[rule.threat.tactic]\n{draw(fields(tactic, name, indent, chr(10)))}"
    techniques = []
    for attack_id in draw(st.lists(IDS, max_size=3)):
        parts = [
            f"{draw(BLANK)}[[rule.threat.technique]]{draw(COMMENT)}\n"
            f"{draw(fields(attack_id, 'A name', indent, chr(10)))}"
        ]
        for below in draw(st.lists(IDS, max_size=3)):
            parts.append(
                f"{draw(BLANK)}[[rule.threat.technique.subtechnique]]\n"
                f"{draw(fields(below, 'Another', indent, chr(10)))}"
            )
        techniques.append("".join(parts))
    return own + "".join([table, *techniques] if draw(st.booleans()) else [*techniques, table])


@st.composite
def inline_entry(draw) -> str:
    tactic, name = draw(TACTICS)
    techniques = []
    for attack_id in draw(st.lists(IDS, max_size=3)):
        below = ", ".join(
            f"{{{draw(fields(one, 'Another', '', ', ')).rstrip(', ')}}}"
            for one in draw(st.lists(IDS, max_size=2))
        )
        own = draw(fields(attack_id, "A name", "", ", ")).rstrip(", ")
        techniques.append(f"{{{own}, subtechnique = [{below}]}}" if below else f"{{ {own} }}")
    listed = draw(st.sampled_from([", ", ",\n  ", ", # note\n"])).join(techniques)
    return (
        f"{{ tactic = {{{draw(fields(tactic, name, '', ', ')).rstrip(', ')}}}, technique = "
        f"[{listed}{draw(st.sampled_from(['', '']))}] }}"
    )


@st.composite
def rules(draw) -> str:
    tags = draw(
        st.sampled_from(
            [
                "",
                'tags = ["Tactic: Defense Evasion", "OS: Linux"]\n',
                'tags = [\n  "Tactic: Stealth", # one\n  "Tactic: Persistence"\n]\n',
            ]
        )
    )
    if draw(st.booleans()):
        body = "".join(draw(st.lists(header_entry(), min_size=1, max_size=3)))
    else:
        body = (
            f"threat = [{draw(BLANK)}"
            + f",{draw(BLANK)}".join(draw(st.lists(inline_entry(), min_size=1, max_size=3)))
            + f"{draw(BLANK)}]\n"
        )
    tail = draw(st.sampled_from(["", "\n[rule.threshold]\nvalue = 1\n", "\n\n", "# end"]))
    text = HEAD + tags + body + tail
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def rest(text: str) -> dict:
    tables = tomli.loads(text)
    tables["rule"].pop("threat", None)
    tables["rule"]["tags"] = [tag for tag in tables["rule"].get("tags", []) if not tag.startswith("Tactic:")]
    return tables


def comments_of(text: str) -> list[str]:
    """What stands behind the first number sign of each line: in these rules no value has one."""
    return sorted(line.partition("#")[2] for line in text.replace("\r", "").split("\n") if "#" in line)


@MANY
@given(rules(), RELEASES)
def test_any_elastic_rule(text, release):
    tomli.loads(text)
    file = file_plan(text, to=release)
    if file is not None:
        after = file.after.decode()
        assert rest(after) == rest(text)
        assert after.count("\r\n") == after.count("\n") or "\r\n" not in text
        assert after.endswith("\n") == text.endswith("\n")
        assert comments_of(after) == comments_of(text)


@MANY
@given(rules())
def test_the_tree_gives_the_text_back(text):
    assert Tree(text).render() == text


TOML_PIECES = st.lists(
    st.sampled_from(
        [
            "[rule]\n",
            "[[rule.threat]]\n",
            "[[rule.threat.technique]]\n",
            "[rule.threat.tactic]\n",
            'id = "T1562"\n',
            'id = "TA0005"\n',
            "id = 1\n",
            "threat = [",
            "{",
            "}",
            "]",
            "\n",
            ",",
            "# c\n",
            'name = "x"\n',
            "technique = ",
            '"T1562.001"',
            "'''a\n'''",
            "a.b = 1\n",
            "technique.id = 'T1562'\n",
            "1979-05-27 07:32:00",
            "= ",
            "tags = ['Tactic: Defense Evasion']\n",
            "mitre = ['T1562']\n",
            "[hunt]\n",
            "[metadata]\nmaturity = 'production'\n",
        ]
    ),
    max_size=14,
).map("".join)


@MANY
@given(
    st.one_of(TOML_PIECES, st.text(max_size=60), rules().map(lambda text: text[: len(text) // 2])), RELEASES
)
def test_any_toml(text, release):
    file = file_plan(text.encode("utf-8", "surrogatepass"), to=release, touch=date(2026, 1, 2))
    if file is not None and file.changed:
        tomli.loads(file.after.decode())


@MANY
@given(TOML_PIECES)
def test_the_tree_gives_any_toml_back_or_says_so(text):
    try:
        tomli.loads(text)
        assert Tree(text).render() == text
    except (tomli.TOMLDecodeError, Layout):
        pass


TAGS = st.one_of(
    IDS.map(lambda one: f"attack.{one.lower()}"),
    st.sampled_from(
        [
            "attack.defense-evasion",
            "attack.defense_evasion",
            "attack.stealth",
            "attack.defense-impairment",
            "attack.persistence",
            "attack.execution",
            "attack.privilege_escalation",
            "attack.g0007",
            "cve.2020-1",
            "attack.TA0005",
            "attack.T1562.001",
            "attack.odd",
        ]
    ),
)


@st.composite
def sigma_rules(draw) -> str:
    documents = []
    for number in range(draw(st.integers(1, 3))):
        tags = draw(st.lists(TAGS, max_size=6))
        quote = draw(st.sampled_from(["", "'", '"']))
        if draw(st.booleans()):
            listed = "tags: [" + ", ".join(f"{quote}{tag}{quote}" for tag in tags) + "]\n"
        else:
            indent = draw(st.sampled_from(["", "    "]))
            listed = "tags:\n" + "".join(
                f"{indent}- "
                f"{quote}{tag}{quote}{draw(COMMENT)}\n"
                f"{draw(st.sampled_from(['', '', chr(10), '# own' + chr(10)]))}"
                for tag in tags
            )
        body = "logsource:\n  product: windows\ndetection:\n  a: {b: 'attack.t1562'}\n  condition: a\n"
        parts = draw(st.permutations([f"title: R{number}\n", listed, body]))
        documents.append("".join(parts))
    text = "---\n".join(documents)
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def sigma_rest(text: str) -> list:
    documents = list(yaml.load_all(text, Loader=yaml.CBaseLoader))
    for document in documents:
        document["tags"] = [
            tag for tag in document.get("tags") or [] if not tag.lower().startswith("attack.")
        ]
    return documents


@MANY
@given(sigma_rules(), RELEASES)
def test_any_sigma_rule(text, release):
    file = file_plan(text, "rules/odd.yml", to=release)
    if file is not None:
        after = file.after.decode()
        assert sigma_rest(after) == sigma_rest(text)
        assert after.count("\r\n") == after.count("\n") or "\r\n" not in text
        assert comments_of(after) == comments_of(text)


@MANY
@given(
    st.one_of(
        st.text(max_size=80), sigma_rules().map(lambda text: text[: len(text) // 2]), st.binary(max_size=40)
    ),
    RELEASES,
)
def test_any_yaml(text, release):
    file_plan(
        text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"),
        "rules/odd.yml",
        to=release,
    )
