"""Several corpora on the pages: the sidebar that chooses them, uploads, and what each page shows of them."""

from __future__ import annotations

import os

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from coverage.catalogue import shelf
from coverage.charts.theme import CORPUS_COLOURS, DARK, LIGHT, colours_by_place, ink_on
from coverage.charts.who import LETTERS, MOST, Corpora, who_data
from coverage.corpora.uploads import kept_uploads
from coverage.measures import coverage_by_placement, gaps, summary
from coverage.measures.matrix import matrix_cells, matrix_tactics
from coverage.palette import ordered
from coverage.tables import PROJECT
from tests.helpers.corpora_made import THREE, read, rule_text, seen, write_corpora, zipped
from tests.helpers.pages import answer, numbers, on
from tests.helpers.seen import as_seen, cells_of, matrix_of, with_open_sidebar


@pytest.fixture
def here(monkeypatch, tmp_path):
    """Three corpora and nothing of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COVERAGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COVERAGE_RULES", os.pathsep.join(write_corpora(tmp_path, THREE)))
    monkeypatch.setattr("sys.argv", ["streamlit"])
    return tmp_path


@pytest.fixture
def app(here):
    return with_open_sidebar(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60))


@pytest.fixture
def union(tmp_path):
    """The same rules, counted without a page."""
    return read(tmp_path, THREE).view()


def stamp(page: AppTest) -> str:
    """The stamp, and its help, which says what each rule set has."""
    return next(
        f"{text} {as_seen(item.help)}"
        for item in page.caption
        if "ATT&CK Enterprise" in (text := as_seen(item.value))
    )


# ---- the sidebar -----------------------------------------------------------------------------------------


def test_without_arguments_the_corpora_that_are_on_are_read_and_the_others_offered(app, here, monkeypatch):
    monkeypatch.delenv("COVERAGE_RULES")
    (here / "coverage.toml").write_text(
        '[[corpora]]\nname = "ours"\npath = "a"\n[[corpora]]\nname = "theirs"\npath = "b"\nenabled = '
        'false\ncolour = "#123456"\n'
    )
    page = app.run()
    assert not page.exception
    box = page.multiselect(key="rule_paths")
    assert box.options == ["ours", "theirs"] and box.value == [f"ours={here / 'a'}"]
    assert "ours: 2 rules" in stamp(page) and "theirs" not in stamp(page)
    box.set_value([f"ours={here / 'a'}", f"theirs={here / 'b'}"]).run()
    assert "ours: 2 rules" in stamp(page) and "theirs: 2 rules" in stamp(page)


def test_a_typed_folder_is_shown_by_its_last_folder_and_in_full_where_two_are_called_the_same(
    app, here, monkeypatch
):
    monkeypatch.delenv("COVERAGE_RULES")
    page = app.run()
    assert any("Example rules" in item.value for item in page.info)
    box, typed = page.multiselect(key="rule_paths"), str(here / "a")
    box.set_value([*box.value, typed]).run()
    assert not page.exception
    assert page.multiselect(key="rule_paths").options == ["rules", "a"]
    assert any("example rules count, too" in item.value for item in page.caption)
    (here / "b" / "a").mkdir()
    box = page.multiselect(key="rule_paths")
    box.set_value([*box.value, str(here / "b" / "a")]).run()
    assert not page.exception
    assert page.multiselect(key="rule_paths").options == ["rules", typed, str(here / "b" / "a")]


def test_a_typed_name_stands_for_its_path(app, here, monkeypatch):
    monkeypatch.delenv("COVERAGE_RULES")
    (here / "coverage.toml").write_text('[[corpora]]\nname = "theirs"\npath = "b"\nenabled = false\n')
    monkeypatch.setattr("sys.argv", ["streamlit", "theirs"])
    assert "theirs: 2 rules" in stamp(app.run())


def test_broken_settings_are_said_in_the_sidebar_and_stop_nothing(app, here):
    (here / "coverage.toml").write_text("[[corpora]]\nname = 1")
    page = app.run()
    assert not page.exception and "not text" in page.sidebar.error[0].value
    assert "a: 2 rules" in stamp(page)


def test_an_upload_is_used_and_removed_again(app):
    page = app.run()
    assert page.button(key="upload_use").disabled
    content = zipped({"deep/u.toml": rule_text("u", ["T1021"], tactic="TA0008"), "README.md": "#"})
    page.file_uploader(key="upload_files").set_value([("theirs.zip", content, "application/zip")]).run()
    page.button(key="upload_use").click().run()
    assert not page.exception
    assert "theirs: 1 rule " in stamp(page) and "a: 2 rules" in stamp(page)
    assert [as_seen(said.value) for said in page.sidebar.success] == ["theirs: 1 file."]
    (upload,) = kept_uploads()
    assert "theirs (uploaded)" in page.multiselect(key="rule_paths").options
    page.button(key="upload_remove_0").click().run()
    assert not page.exception and kept_uploads() == [] and not upload.path.exists()
    assert "theirs" not in stamp(page)


def test_an_upload_that_breaks_a_rule_is_one_sentence_and_changes_nothing(app):
    page = app.run()
    before = stamp(page)
    page.file_uploader(key="upload_files").set_value(
        [("evil.zip", zipped({"../out.toml": "x"}), "application/zip")]
    ).run()
    page.button(key="upload_use").click().run()
    assert not page.exception and stamp(page) == before and kept_uploads() == []
    assert (
        as_seen(page.sidebar.error[0].value)
        == "Nothing was added: evil.zip: an entry points outside its folder: ../out.toml."
    )


# ---- the pages -------------------------------------------------------------------------------------------


def test_the_matrix_shows_one_corpus_with_its_own_numbers_and_stamp(app, union):
    page = on(app, "matrix.py")
    assert numbers(answer(page))[0] == int(
        (coverage_by_placement(union).query("~is_subtechnique")["covered"] > 0).sum()
    )
    page.selectbox(key="matrix_corpus").set_value("c").run()
    alone = coverage_by_placement(union.of_corpora(["c"])).query("~is_subtechnique")
    assert numbers(answer(page))[:2] == [int(alone["covered"].sum()), len(alone)]
    assert "c: 2 rules" in stamp(page) and "a: 2 rules" not in stamp(page)
    page.selectbox(key="shade").set_value("corpora").run()
    assert not page.exception and page.selectbox(key="matrix_corpus").disabled
    assert "a: 2 rules" in stamp(page)  # who covers this is asked of all of them


def test_the_matrix_shows_who_covers_what(app):
    page = on(app, "matrix.py")
    page.selectbox(key="shade").set_value("corpora").run()
    assert not page.exception
    data = matrix_of(page)
    assert [entry["label"] for entry in data["bands"]] == ["open", "1 of 3", "2 of 3", "3 of 3"]
    assert [(one["letter"], one["name"], one["fill"]) for one in data["letters"]] == [
        ("A", "a", CORPUS_COLOURS[0]),
        ("B", "b", CORPUS_COLOURS[1]),
        ("C", "c", CORPUS_COLOURS[2]),
    ]
    techniques = [cell for cell in cells_of(data) if not cell["is_subtechnique"]]
    ids = {
        letter: {cell["attack_id"] for cell in techniques if letter in cell["letters"]} for letter in "ABC"
    }
    assert ids == {"A": {"T1059", "T1053"}, "B": {"T1059", "T1021"}, "C": {"T1053"}}


def test_the_overview_has_a_line_a_corpus_and_one_for_all(app, union):
    page = app.run()
    table = next(frame.value for frame in page.dataframe if "only_here" in frame.value)
    assert table["corpus"].tolist() == ["a", "b", "c", "all together"]
    total = summary(union)["techniques"]["total"]
    assert table["techniques"].tolist() == [f"{covered} of {total}" for covered in (2, 2, 1, 3)]
    assert table["only_here"].tolist() == ["0", "1", "0", ""] and table["rules"].tolist() == [2, 2, 1, 4]


def test_overview_and_rules_count_the_same_rules(app, union):
    """A rule that two rule sets have is one rule on both pages; the help says how many copies there are."""
    card = next(one for one in on(app, "overview.py").metric if one.label == "Rules in scope")
    in_scope, every = numbers(card.value)
    assert (in_scope, every) == tuple(numbers(answer(on(app, "rules.py")))[:2])
    copies = len(union.counts_as)
    assert copies and every == len(union.all_rules) - copies
    assert f"{copies} more rule" in card.help


def test_the_gaps_of_one_corpus_say_who_covers_them(app, union):
    page = on(app, "plan.py")
    assert "covered_by" not in page.dataframe[0].value
    page.selectbox(key="gap_corpus").set_value("c").run()
    frame = page.dataframe[0].value
    alone = union.of_corpora(["c"])
    assert set(frame["attack_id"]) == set(gaps(alone)["attack_id"])
    covered = {
        row["attack_id"]: list(row["covered_by"])
        for row in frame.to_dict("records")
        if len(row["covered_by"])
    }
    assert covered == {"T1059": ["a", "b"], "T1059.001": ["a", "b"], "T1021": ["b"]}
    assert " · c · " in stamp(page) and "a, " not in stamp(page)


def test_rules_are_filtered_by_corpus_and_a_rule_of_two_is_found_under_both(app):
    page = on(app, "rules.py")
    assert len(page.dataframe[0].value) == 4 and numbers(answer(page))[:2] == [4, 5]  # the rule of two is one
    for corpus, expected in (
        ("a", {"a/2.toml", "b/1.toml"}),
        ("b", {"b/1.toml", "b/3.toml"}),
        ("c", {"c/4.toml"}),
    ):
        page.multiselect(key="rule_corpus").set_value([corpus]).run()
        assert rule_keys(page.dataframe[0].value) == expected
    page.query_params["rule"] = "a/1.toml"
    page.run()
    assert not page.exception
    assert any("Other rule sets have the same rule" in caption.value for caption in page.caption)
    assert any("In scope" in text.value for text in page.markdown)
    assert page.button(key="copy_0").label.replace("\\", "") == "b/1.toml"


def rule_keys(table: pd.DataFrame) -> set[str]:
    return set(table["corpus"] + "/" + table["path"])


@pytest.mark.parametrize(
    ("widget", "key", "value", "expected"),
    [
        ("text_input", "rule_technique", "t1059", {"b/1.toml"}),
        ("text_input", "rule_technique", "T1053", {"a/2.toml", "c/4.toml"}),
        ("multiselect", "rule_platforms", ["Windows"], {"a/2.toml", "b/1.toml", "b/3.toml", "c/4.toml"}),
        ("multiselect", "rule_type", ["query"], {"a/2.toml", "b/1.toml", "b/3.toml", "c/4.toml"}),
        ("multiselect", "rule_severity", ["high"], {"b/1.toml"}),
    ],
)
def test_the_other_filters_of_the_rules_page(app, widget, key, value, expected):
    page = on(app, "rules.py")
    getattr(page, widget)(key=key).set_value(value).run()
    assert not page.exception
    assert rule_keys(page.dataframe[0].value) == expected


def test_the_sidebar_picks_the_colour_of_a_corpus(app, here, monkeypatch):
    (here / "coverage.toml").write_text('[[corpora]]\nname = "b"\npath = "b"\ncolour = "#123456"\n')
    page = on(app, "matrix.py")
    assert {picker.key: picker.value.upper() for picker in page.color_picker} == {
        "corpus_colour_a": CORPUS_COLOURS[0],
        "corpus_colour_b": "#123456",
        "corpus_colour_c": CORPUS_COLOURS[1],
    }
    page.selectbox(key="shade").set_value("corpora").run()
    page.color_picker(key="corpus_colour_c").set_value("#abcdef").run()
    letters = {one["name"]: one["fill"] for one in matrix_of(page)["letters"]}
    assert letters == {"a": CORPUS_COLOURS[0], "b": "#123456", "c": "#abcdef"}
    page.switch_page("coverage/pages/overview.py").run()
    assert page.color_picker(key="corpus_colour_c").value == "#abcdef"


def test_one_corpus_needs_no_colour(app, here, monkeypatch):
    monkeypatch.setenv("COVERAGE_RULES", str(here / "a"))
    assert not on(app, "overview.py").color_picker


def test_problems_list_the_pair(app):
    app.query_params["health"] = "problems"
    page = on(app, "mapping.py")
    listed = page.dataframe[0].value
    assert listed[["code", "corpus", "path"]].values.tolist() == [["duplicate-id", "b", "1.toml"]]
    assert "it counts once" in listed["message"].iloc[0]


def test_one_corpus_has_none_of_this(app, here, monkeypatch):
    monkeypatch.setenv("COVERAGE_RULES", str(here / "a"))
    page = on(app, "matrix.py")
    assert {"corpora", "Rule sets"}.isdisjoint(page.selectbox(key="shade").options)
    keys = {"matrix_corpus", "gap_corpus", "rule_corpus"}
    for file in ("matrix.py", "plan.py", "rules.py", "overview.py"):
        page.switch_page(f"coverage/pages/{file}").run()
        assert not page.exception
        assert keys.isdisjoint({widget.key for widget in (*page.selectbox, *page.multiselect)})
    assert not any("only_here" in frame.value for frame in page.dataframe)


# ---- the figure ------------------------------------------------------------------------------------------


def many(count: int) -> dict[str, dict[str, str]]:
    """Corpus n covers the first n of some techniques."""
    leaves = ["T1053", "T1059", "T1047", "T1106", "T1203", "T1204"]
    return {f"c{n}": {f"{n}.toml": rule_text(str(n), leaves[:n])} for n in range(1, count + 1)}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("count", range(2, MOST + 1))
def test_each_cell_has_the_letters_of_those_that_cover_it(tmp_path, theme, count):
    view = seen(tmp_path, many(count))
    names = [f"c{n}" for n in range(1, count + 1)]
    cells, tactics = matrix_cells(view), matrix_tactics(view)
    leaves = ["T1053", "T1059", "T1047", "T1106", "T1203", "T1204"]
    covering = {leaf: tuple(names[place:]) for place, leaf in enumerate(leaves)}
    here = (cells["tactic_id"] == "TA0002").tolist()
    found = [
        covering.get(attack_id, ()) if mine else ()
        for attack_id, mine in zip(cells["attack_id"], here, strict=True)
    ]
    cells = cells.assign(corpora=pd.Series(found, index=cells.index, dtype=object))
    data = who_data(cells, tactics, theme, Corpora(colours_by_place(names)), {("TA0002", "T1053"): {"c1": 7}})
    column = next(x for x, tactic in enumerate(data["tactics"]) if tactic["id"] == "TA0002")
    drawn = cells_of(data)
    for slot, name in enumerate(names):
        marked = {(cell["x"], cell["attack_id"]) for cell in drawn if LETTERS[slot] in cell["letters"]}
        assert marked == {(column, leaf) for leaf in leaves if name in covering[leaf]}
        key = data["letters"][slot]
        assert (key["letter"], key["name"], key["fill"]) == (LETTERS[slot], name, CORPUS_COLOURS[slot])
    in_execution = {cell["attack_id"]: cell for cell in drawn if cell["x"] == column}
    lines = in_execution["T1053"]["facts"]
    assert in_execution["T1053"]["band"] == count
    assert "A c1: 7 rules" in lines and not any("not covered by" in line for line in lines)
    assert "not covered by c1" in in_execution["T1059"]["facts"]


def _light(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_scale_is_ordered_by_lightness_however_many_corpora(theme):
    assert ordered(theme, len(theme.steps)) == list(theme.steps)
    for count in range(1, MOST + 1):
        lights = [_light(colour) for colour in ordered(theme, count)]
        assert len(lights) == count and lights in (sorted(lights), sorted(lights, reverse=True))
        assert len(set(lights)) == count


def test_letters_read_on_every_colour():
    for colour in CORPUS_COLOURS:
        light, ink = _light(colour), _light(ink_on(colour))
        assert (max(light, ink) + 0.05) / (min(light, ink) + 0.05) >= 4.5, colour
    assert len(set(CORPUS_COLOURS)) == MOST == len(LETTERS)


def test_the_installed_releases_are_those_of_the_project(here):
    assert all(entry.embedded for entry in shelf.installed_releases())


def test_a_chosen_colour_is_nobody_else_s():
    assert colours_by_place(["a", "b", "c"]) == dict(zip("abc", CORPUS_COLOURS, strict=False))
    found = colours_by_place(list("abcdef"), {"b": "#d55e00", "x": "#0072B2"})
    assert found["b"] == "#d55e00" and found["a"] == CORPUS_COLOURS[0]
    assert len({colour.upper() for colour in found.values()}) == 6
