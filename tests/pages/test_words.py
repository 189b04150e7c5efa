"""No page hands words of data to Streamlit as Markdown: each expression in a text is guarded, a number, or
known here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from coverage.tables import PROJECT

# What reads Markdown in its first argument, and the arguments that do wherever they stand.
SINKS = {
    *(
        "markdown",
        "caption",
        "title",
        "header",
        "subheader",
        "write",
        "info",
        "warning",
        "error",
        "success",
        "toast",
    ),
    *("button", "download_button", "link_button", "page_link", "toggle", "checkbox", "radio", "selectbox"),
    *(
        "multiselect",
        "text_input",
        "text_area",
        "number_input",
        "date_input",
        "file_uploader",
        "color_picker",
    ),
    *(
        "segmented_control",
        "pills",
        "expander",
        "popover",
        "tabs",
        "metric",
        "progress",
        "spinner",
        "status",
        "page_head",
        "badge",
    ),
}
ARGUMENTS = {"label", "help", "text"}
OPTIONS_ARE_MARKDOWN = {"radio", "segmented_control", "pills"}
NUMBERS = (",", "d", "f", "g", "%", "x")

# Words of ours, of the tables in vocabulary.py, IDs of a fixed form, numbers, or guarded where they are made.
KNOWN = {
    ("about.py", "(DATA / 'README.md').read_text(encoding='utf-8').partition('## MITRE ATT&CK')[2]"),
    ("about.py", "(PROJECT / 'docs' / 'numbers.md').read_text(encoding='utf-8')"),
    ("about.py", "title"),
    ("address.py", "label"),  # of a widget, whose callers are looked at here
    ("beside.py", "title"),
    ("borrow.py", "tables.explained(found, counts)"),
    (
        "borrow.py",
        "{'fewest': f'Fewest rules that are enough ({len(plan):,})', "
        "'all': f'Every rule for each gap ({len(candidates):,})'}.__getitem__",
    ),
    ("borrow_tables.py", "parts.gap_type_help()"),
    ("compare.py", "a"),
    ("compare.py", "b"),
    ("compare.py", "counted"),
    ("compare.py", "more"),  # guarded where it is made
    ("export_buttons.py", "count"),
    ("export_buttons.py", "label"),
    ("export_buttons.py", "title"),
    ("gap_list.py", "answer"),
    ("gap_list.py", "counts_sentence(everything)"),
    ("gap_list.py", "parts.gap_type_help()"),
    ("gap_panel.py", "attack_id"),  # of a gap that was found
    ("gap_panel.py", "kind.capitalize()"),
    ("gap_panel.py", "rest"),
    ("gap_panel.py", "row['name']"),  # a title: `page_head` guards it
    ("gap_parts.py", "_acceptance(row)"),
    ("gap_parts.py", "row['attack_id']"),
    ("mapping.py", "VIEWS.__getitem__"),
    ("mapping_findings.py", "name.capitalize()"),
    ("mapping_findings.py", "now.scope.attack.title"),
    ("mapping_findings.py", "written_for"),
    ("mapping_sides.py", "meaning"),
    ("mapping_sides.py", "name"),
    ("matrix.py", "HOW_TO_READ"),
    ("matrix.py", "VIEWS.__getitem__"),
    ("matrix.py", "_answer(now)"),
    ("matrix.py", "way"),
    ("matrix.py", "who.sentence"),
    ("matrix.py", "why"),
    ("migrate_panel.py", "FILE_NAME"),
    ("migrate_panel.py", "release"),
    ("overview.py", "overview_parts.how_good(figures)"),
    ("overview_parts.py", "_by_running(now, key)"),  # numbers
    ("overview_parts.py", "_percent(part)"),
    ("overview_parts.py", "kind.capitalize()"),
    ("overview_parts.py", "label"),
    ("overview_parts.py", "left_out"),
    ("overview_parts.py", "place"),
    ("overview_parts.py", "title"),
    ("overview_parts.py", "words"),
    ("page.py", "answer"),  # of `page_head`, whose callers are looked at here, as are those of `more`
    ("page.py", "day"),
    ("page.py", "more"),
    ("page.py", "scope"),
    ("paging.py", "found"),
    ("parts.py", "label"),
    ("plan.py", "labels.__getitem__"),
    ("reading_problems.py", "code"),
    ("reading_problems.py", "now.scope.attack.title"),
    ("release_move.py", "GRAINS.__getitem__"),
    ("release_move.py", "GRAINS[grain].lower()"),
    ("release_move.py", "GRAINS[grain].lower()[:-1]"),
    ("release_move.py", "Release.parse(to).title"),
    ("release_move.py", "installed"),
    ("release_move.py", "mine.title"),
    ("release_tables.py", "_help(IMPACT_CAUSES)"),
    ("release_tables.py", "_help(IMPACT_DETAILS)"),
    ("release_tables.py", "_help(RELEASE_CHANGES)"),
    ("release_tables.py", "cause.capitalize()"),
    ("release_tables.py", "empty"),
    ("release_tables.py", "found.after.catalogue.release.title"),
    ("release_tables.py", "found.after.catalogue.release.version"),
    ("release_tables.py", "found.before.catalogue.release.title"),
    ("release_tables.py", "found.before.catalogue.release.version"),
    ("release_tables.py", "meaning"),
    ("release_tables.py", "title"),
    ("rule_detail.py", "name"),
    ("rule_detail.py", "names"),
    ("rule_detail.py", "now.scope.attack.title"),
    ("rule_detail.py", "rule['content_hash'][:12]"),
    ("rule_detail.py", "value"),
    ("rule_sets.py", "_files(upload)"),
    ("rules.py", "label"),
    ("share.py", "EVERY_FRAME[frame].question"),
    ("shared_values.py", "share"),
    ("sidebar.py", "option.label"),
    ("sidebar.py", "releases"),
    ("sidebar.py", "share"),
    ("rule_detail.py", "DATA_REASONS[verdict.reason]"),
    ("rule_detail.py", "VERDICT_TITLES[verdict.verdict]"),
    ("rule_detail.py", "RULE_CLASSES[rule['rule_class']]"),
    ("rule_detail.py", "states[yes_or_no(rule['enabled'])]"),
    ("rule_detail.py", "_meanings(READ_STATUSES)"),
    ("rule_detail.py", "_meanings(TACTIC_STATUSES)"),
    ("rule_detail.py", "_text(rule['language'])"),  # it guards
    ("rule_detail.py", "_text(value)"),  # it guards
    ("rule_detail.py", "read"),
    ("rule_detail.py", "rule['name']"),  # a title: `page_head` guards it
    ("adversary.py", "STATES[state].capitalize()"),
    ("adversary.py", "_answer(row)"),
    ("adversary.py", "row['name']"),  # a title: `page_head` guards it
    ("adversary.py", "overlay_sentence(overlay)"),  # numbers
    ("adversary.py", "title"),
    ("adversary.py", "views.__getitem__"),
    ("adversary.py", "way"),
    ("adversary.py", "words"),
    ("adversary_table.py", "shade"),
    ("adversary_table.py", "titles[tactic]"),  # the head of a column is drawn as text
    ("overview_parts.py", "number(found.covered)"),
    ("technique_detail.py", "labels"),
    ("technique_detail.py", "way"),
    ("technique_detail.py", "words"),
    ("threat_builder.py", "FILES_PLACE"),
    ("threat_builder.py", "label"),
    ("threat_choice.py", "lines"),  # guarded where they are made
    ("threat_pair.py", "KINDS.__getitem__"),
    ("threat_pair.py", "_TOO_FEW[kind]"),
    ("threat_pair.py", "nth"),
    ("threats.py", "VIEWS.get"),
    ("threats.py", "name"),  # guarded where it is set
    ("threats.py", "number(found.covered)"),
    ("threats.py", "title"),
    ("technique_detail.py", "_answer(attack_id, now)"),
    ("technique_detail.py", "_rules_sentence(rules, attack_id, now)"),
    ("technique_detail.py", "_wide(facts, now)"),
    ("technique_detail.py", "attack_url(facts['attack_id'])"),
    ("technique_detail.py", "counted"),
    ("technique_detail.py", "facts['attack_id']"),
    ("technique_detail.py", "facts['name']"),  # a title: `page_head` guards it
    ("technique_detail.py", "head"),
    ("technique_detail.py", "int((below & family['direct']).sum())"),
    ("technique_detail.py", "kind"),
    ("technique_detail.py", "kind.capitalize()"),
    ("technique_detail.py", "lines"),  # each is guarded where it is made
    ("technique_detail.py", "named"),
    ("technique_detail.py", "note"),  # `notes_on` guards it
    ("technique_detail.py", "now.scope.attack.title"),
    ("technique_detail.py", "row['platforms_covered']"),
    ("technique_detail.py", "row['platforms_total']"),
    ("waiting.py", "share"),  # a number
    ("data_choice.py", "(titles or {}).get(name, name.capitalize())"),
    ("data_choice.py", "_FILES_PLACE"),
    ("data_choice.py", "_TITLES.__getitem__"),
    ("data_choice.py", "how"),
    ("data_choice.py", "lines"),
    ("data_choice.py", "list(_EXPORTS)"),
    ("data_choice.py", "title"),
    ("data_source.py", "_answer(row)"),
    ("data_source.py", "meaning"),
    ("data_source.py", "row['source']"),
    ("data_source.py", "title"),
    ("data_source.py", "told"),
    ("data_what_if.py", "_sentence(found)"),
    ("data_what_if.py", "label"),
    ("data_what_if.py", "name"),
    ("log_data.py", "VIEWS.__getitem__"),
    ("log_data.py", "_unanswered(now)"),
    ("log_data.py", "title.capitalize()"),
    ("uploads.py", "label"),  # of the control; its callers write the words out
    ("uploads.py", "help_"),
}


def unguarded(node: ast.expr) -> Iterator[str]:
    """The expressions of a text that may hold words of data."""
    match node:
        case ast.Constant() | ast.Call(func=ast.Name(id="plain" | "len")):
            return
        case ast.Call(func=ast.Name(id="amount" | "noun")):  # a number, and words of ours beside it
            parts = node.args[1:]
        case ast.FormattedValue(format_spec=ast.JoinedStr(values=[ast.Constant(value=str(form))])) if (
            form.endswith(NUMBERS)
        ):
            return
        case ast.FormattedValue():
            parts = [node.value]
        case ast.Call(func=ast.Attribute(attr="join")):
            parts = node.args
        case ast.IfExp():
            parts = [node.body, node.orelse]
        case ast.BinOp():
            parts = [node.left, node.right]
        case ast.JoinedStr() | ast.BoolOp():
            parts = node.values
        case ast.List() | ast.Tuple():
            parts = node.elts
        case ast.GeneratorExp() | ast.ListComp():
            parts = [node.elt]
        case ast.Lambda():
            parts = [node.body]
        case _:
            yield ast.unparse(node)
            return
    for part in parts:
        yield from unguarded(part)


def texts(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that Streamlit reads as Markdown."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if (name not in SINKS and not name.endswith("Column")) or ast.unparse(call.func).startswith("untrusted."):
        return
    # `address.multiselect(where, label, ...)`: the text comes after the place
    first = int(ast.unparse(call.func).startswith(("address.", "session.address.")))
    if name == "page_head":  # the third is the view
        yield from (text for text in call.args[:2] + call.args[3:] if not isinstance(text, ast.Starred))
    else:
        yield from call.args[first : first + 1]
    for keyword in call.keywords:
        if keyword.arg in ARGUMENTS or (keyword.arg == "format_func" and name in OPTIONS_ARE_MARKDOWN):
            yield keyword.value


def found() -> set[tuple[str, str]]:
    files = [
        *sorted((PROJECT / "coverage" / "pages").glob("*.py")),
        *sorted((PROJECT / "coverage" / "session").glob("*.py")),
    ]
    return {
        (path.name, words)
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and path.name != "untrusted.py"
        for text in texts(node)
        for words in unguarded(text)
    }


def test_every_text_is_guarded():
    """A new one: put it through `coverage.text.plain`, or add it to KNOWN when its words cannot be data."""
    assert found() - KNOWN == set()


def test_html_is_shown_in_two_places_only():
    """`untrusted.py`, after the guard, and the style sheet of `session/page.py`; nowhere is HTML let through
    Markdown.
    """
    users = set()
    for path in [*(PROJECT / "coverage").rglob("*.py"), PROJECT / "app.py"]:
        text = path.read_text(encoding="utf-8")
        assert "unsafe_allow_html" not in text and "unsafe_allow_javascript" not in text, path
        if "st.html(" in text:
            users.add(path.relative_to(PROJECT / "coverage").as_posix())
    assert users == {"pages/untrusted.py", "session/page.py"}
