"""Every page through `app.py`: its first render, and what each widget that has an effect changes.

Runs over the project's own rules, so that it needs nothing beside the checkout.
"""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from coverage.loaders import CorpusSource, load
from coverage.pages import PAGES
from coverage.pages.rule_detail import HIGHLIGHT
from coverage.tables import PROJECT
from coverage.vocabulary import RULE_CLASSES
from tests.command_line import run as command
from tests.formats import FORMATS
from tests.seen import as_seen, with_open_sidebar

FILES = [file for file, *_ in PAGES]


@pytest.fixture
def app(monkeypatch, tmp_path):
    """The app over `rules/`, with a cache folder of its own, not yet run."""
    monkeypatch.setenv("COVERAGE_RULES", str(PROJECT / "rules"))
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return with_open_sidebar(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60))


def on(app: AppTest, file: str) -> AppTest:
    app.run()
    app.switch_page(f"coverage/pages/{file}").run()
    assert not app.exception, app.exception[0].message
    return app


def answer(app: AppTest) -> str:
    """The page's answer in one sentence."""
    return next(item.value for item in app.markdown if item.value.startswith("#### "))[5:]


def numbers(text: str) -> list[int]:
    return [int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)]


@pytest.mark.parametrize("file", FILES)
def test_every_page_renders_with_its_title_and_stamp(app, file):
    page = on(app, file)
    assert page.title[0].value
    if file != "about.py":
        assert any(
            "ATT&CK Enterprise 19.0 · production rules" in as_seen(caption.value) for caption in page.caption
        )
        assert "of" in answer(page)


@pytest.mark.parametrize("file", FILES)
def test_every_page_says_what_to_do_when_there_is_no_rule(app, file, monkeypatch, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("COVERAGE_RULES", str(empty))
    page = on(app, file)
    if file != "about.py":
        assert page.title[0].value == "No rules yet"
        assert "Rule folders" in page.info[0].value


@pytest.mark.parametrize(
    ("widget", "key", "value"),
    [
        ("selectbox", "attack", "enterprise-18.1"),
        ("multiselect", "platform", ["Linux"]),
        ("multiselect", "class", ["production", "hunt"]),
        ("selectbox", "enabled", "any"),
        ("selectbox", "rollup", "all"),
        ("toggle", "pre", True),
        ("selectbox", "min_severity", "high"),
        ("multiselect", "tag", ["Domain: Endpoint"]),
        ("multiselect", "log_source", ["endpoint"]),
        ("multiselect", "type", ["eql"]),
    ],
)
def test_each_sidebar_widget_changes_the_stamp(app, widget, key, value):
    page = app.run()
    before = [caption.value for caption in page.caption]
    getattr(page, widget)(key=key).set_value(value).run()
    assert not page.exception
    assert [caption.value for caption in page.caption] != before


def test_a_filter_in_a_link_keeps_the_rules_that_the_command_line_keeps(app):
    app.query_params["min_severity"] = "high"
    app.query_params["type"] = "eql"
    page = app.run()
    assert page.selectbox(key="min_severity").value == "high"
    assert page.multiselect(key="type").value == ["eql"]
    done = command("summary", "rules", "--min-severity", "high", "--type", "eql", "--json")
    techniques = json.loads(done.stdout)["techniques"]
    assert numbers(answer(page))[:2] == [techniques["covered"], techniques["total"]]
    assert any("severity: high or higher · rule types: eql" in as_seen(c.value) for c in page.caption)


def test_pre_only_techniques_widen_the_denominator(app):
    page = app.run()
    without = numbers(answer(page))[1]
    page.toggle(key="pre").set_value(True).run()
    assert numbers(answer(page))[1] > without


def test_roll_up_all_never_covers_more_than_any(app):
    page = app.run()
    any_ = numbers(answer(page))[0]
    page.selectbox(key="rollup").set_value("all").run()
    assert numbers(answer(page))[0] < any_


def test_the_scope_survives_a_change_of_page(app):
    page = app.run()
    page.multiselect(key="platform").set_value(["Windows"]).run()
    page.switch_page("coverage/pages/plan.py").run()
    assert any("platforms: Windows" in as_seen(caption.value) for caption in page.caption)


def test_matrix_recolours_and_shows_every_cell_as_a_table(app):
    page = on(app, "matrix.py")
    page.selectbox(key="shade").set_value("gap").run()
    assert not page.exception and page.session_state["address_shown"] == {"shade": ["gap"]}
    page.toggle(key="as_table").set_value(True).run()
    label = next(one.proto.label for one in page.get("download_button") if "every cell" in one.proto.label)
    assert numbers(label) == [len(page.dataframe[0].value)] and numbers(label)[0] > 700


def test_gap_filters_narrow_the_list_and_the_download(app):
    page = on(app, "plan.py")
    rows = len(page.dataframe[0].value)
    page.selectbox(key="gap_grain").set_value("techniques").run()
    fewer = page.dataframe[0].value
    assert 0 < len(fewer) < rows
    assert not fewer["ID"].str.contains(".", regex=False).any() if "ID" in fewer else True
    page.text_input(key="gap_search").set_value("zzz nothing").run()
    assert "No gap matches" in page.info[0].value


def test_fragile_ids_are_listed_on_request(app):
    page = on(app, "plan.py")
    page.multiselect(key="gap_type").set_value(["fragile"]).run()
    steps = page.dataframe[0].value["step"]
    assert len(steps) and all(step.startswith("Add a second rule beside") for step in steps)


def rule_keys(table) -> list[str]:
    """The keys of the rules in a table of the project's own rules, which has no column for them."""
    return [f"rules/{path}" for path in table["path"]]


def test_rules_are_searched_and_opened_by_link(app):
    page = on(app, "rules.py")
    everything = len(page.dataframe[0].value)
    page.text_input(key="rule_search").set_value("powershell").run()
    found = page.dataframe[0].value
    assert 0 < len(found) < everything
    page.query_params["rule"] = rule_keys(found)[0]
    page.run()
    assert not page.exception
    assert page.button(key="rule_back")
    page.button(key="rule_back").click().run()
    assert page.dataframe


def test_every_rule_of_the_project_opens(app):
    page = on(app, "rules.py")
    page.toggle(key="rule_all").set_value(True).run()
    for key in rule_keys(page.dataframe[0].value):
        page.query_params["rule"] = key
        page.run()
        assert not page.exception, (key, page.exception[0].message)
        assert not page.warning, (key, page.warning[0].value)
        del page.query_params["rule"]


def test_an_unknown_rule_in_a_link_has_a_way_back(app):
    page = on(app, "rules.py")
    page.query_params["rule"] = "rules/none.toml"
    page.run()
    assert page.title[0].value == "Unknown rule" and "not among the rules read" in answer(page)
    page.button(key="rule_back").click().run()
    assert page.title[0].value == "Rules" and not page.warning


def test_a_technique_opens_by_link_and_by_choice(app):
    page = on(app, "rules.py")
    page.selectbox(key="technique_to_open").set_value("T1059").run()
    assert not page.exception
    assert page.title[0].value == "Command and Scripting Interpreter" and "T1059" in answer(page)
    assert page.session_state["address_shown"] == {"technique": ["T1059"]}
    page.button(key="rule_back").click().run()
    assert page.title[0].value == "Rules" and "technique" not in page.query_params
    assert page.selectbox(key="technique_to_open").value is None
    page.query_params["technique"] = "t1055.012"  # in any case
    page.run()
    assert page.title[0].value == "Process Hollowing" and "T1055.012" in answer(page)


def test_a_technique_says_what_is_open_and_what_to_do_next(app):
    app.query_params["technique"] = "T1059"
    page = on(app, "rules.py")
    words = next(one.value for one in page.markdown if "**Next step:**" in one.value)
    assert words.startswith("**Open sub-techniques**") and "T1059.003" in as_seen(words)
    assert not any(re.search(r"\b0 more|not said|None", one.value) for one in [*page.markdown, *page.caption])
    page.button(key="page_plan").click().run()
    assert page.session_state["address_shown"] == {"gap": ["T1059"]}


def test_an_unknown_technique_in_a_link_has_a_way_back(app):
    app.query_params["technique"] = "T9999"
    page = on(app, "rules.py")
    assert page.title[0].value == "Unknown technique" and "T9999" in page.warning[0].value
    page.button(key="rule_back").click().run()
    assert page.title[0].value == "Rules" and not page.warning


def test_a_search_shows_rules_whose_name_it_starts_first(app):
    page = on(app, "rules.py")
    page.text_input(key="rule_search").set_value("scheduled task").run()
    names = [name.casefold() for name in page.dataframe[0].value["name"]]
    in_name = ["scheduled task" in name for name in names]
    assert any(in_name) and in_name == sorted(in_name, reverse=True)
    starts = [name.startswith("scheduled task") for name in names]
    assert starts == sorted(starts, reverse=True)


def test_a_rule_shows_what_it_counts_as_and_how_it_is_read(app):
    page = on(app, "rules.py")
    page.query_params["rule"] = rule_keys(page.dataframe[0].value)[0]
    page.run()
    assert page.title[0].value and {"Production", "In scope"} <= {badge_text(one) for one in page.markdown}
    mappings = page.dataframe[0].value
    assert {"technique", "status", "tactic_status"} <= set(mappings)
    assert set(mappings["status"]) == {"Same"} and set(mappings["tactic_status"]) == {"Valid"}


def badge_text(element) -> str:
    """The words of a badge, which is Markdown: `:blue-badge[Production]`."""
    found = re.fullmatch(r":\w+-badge\[(.*)\]", element.value)
    return found[1] if found else ""


def test_no_code_and_no_missing_value_shows_on_a_rule(app):
    page = on(app, "rules.py")
    page.toggle(key="rule_all").set_value(True).run()
    table = page.dataframe[0].value
    assert set(table["rule_class"]) <= set(RULE_CLASSES.values())
    assert set(table["enabled"]) <= {"yes", "no", "unknown"}
    for key in rule_keys(table)[::4]:
        page.query_params["rule"] = key
        page.run()
        words = "\n".join([one.value for one in [*page.markdown, *page.caption, *page.info]])
        assert not re.search(r"\bNone\b|\bnan\b|not said|tactic_only|building_block", words), key


def test_the_queries_of_every_format_are_highlighted():
    """Each language that a reader of rules gives, in what Streamlit's highlighter knows."""
    folders = [PROJECT / "rules", *sorted(path for path in FORMATS.iterdir() if path.is_dir())]
    rules = load([CorpusSource(path.name, path) for path in folders]).rules
    rules = rules[rules["query"].notna() & rules["language"].notna()]
    languages = {language.lower().split(",")[0] for language in rules["language"]}
    assert {"sigma", "spl", "kql", "yara-l", "suricata", "falco", "wazuh", "eql"} <= languages
    assert languages <= set(HIGHLIGHT)


def test_filters_of_the_list_are_in_the_link_and_stay_while_a_rule_is_open(app):
    page = on(app, "rules.py")
    page.text_input(key="rule_search").set_value("powershell").run()
    page.multiselect(key="rule_severity").set_value(["high", "medium"]).run()
    page.multiselect(key="rule_class").set_value(["production"]).run()
    page.date_input(key="rule_since").set_value(date(2020, 1, 31)).run()
    shown = {
        "rule_search": ["powershell"],
        "rule_severity": ["high", "medium"],
        "rule_class": ["production"],
        "rule_since": ["2020-01-31"],
    }
    assert page.session_state["address_shown"] == shown
    found = page.dataframe[0].value
    page.query_params["rule"] = rule_keys(found)[0]
    page.run()
    page.button(key="rule_back").click().run()
    assert page.session_state["address_shown"] == shown
    assert page.dataframe[0].value["path"].tolist() == found["path"].tolist()


def test_a_day_in_a_link_is_read_and_nonsense_is_no_filter(app):
    app.query_params["rule_since"] = "2999-01-01"
    page = on(app, "rules.py")
    assert "No rule matches" in page.info[0].value
    page.query_params["rule_since"] = "yesterday"
    page.run()
    assert not page.exception and page.date_input(key="rule_since").value is None
    assert len(page.dataframe[0].value)


def test_problems_lists_what_a_broken_rule_says(app, monkeypatch, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "broken.toml").write_text("[rule\nname = 1")
    (folder / "good.toml").write_bytes((PROJECT / "rules" / "windows").glob("*.toml").__next__().read_bytes())
    monkeypatch.setenv("COVERAGE_RULES", str(folder))
    app.query_params["health"] = "problems"
    page = on(app, "mapping.py")
    assert numbers(answer(page))[0] == 1
    assert "broken.toml" in set(page.dataframe[0].value["path"])


def test_a_tactic_alone_is_no_id_that_is_not_live(app, monkeypatch, tmp_path):
    """Sigma tags tactics beside techniques: such a tag is no problem, and in no ratio of IDs."""
    tags = ("attack.execution", "attack.t1059", "attack.stealth", "attack.t9999")
    lines = "".join(f"    - {tag}\n" for tag in tags)
    (tmp_path / "one.yml").write_text(
        f"title: t\nid: i\ntags:\n{lines}logsource:\n    product: windows\ndetection:\n    s:\n        a: "
        "1\n    condition: s\n"
    )
    monkeypatch.setenv("COVERAGE_RULES", str(tmp_path))
    app.query_params["health"] = "problems"
    page = on(app, "mapping.py")
    assert answer(page).endswith("1 of 2 technique IDs in mappings do not exist in Enterprise 19.0.")
    assert page.dataframe[-1].value["value"].tolist() == ["T9999"]
