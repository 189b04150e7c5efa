"""A plan of work: for chosen gaps what to do, why, with which rule and data, as CSV and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from coverage.exports.tables import stamped_csv
from coverage.frames import LIST, TEXT, FrameSpec, rows_of
from coverage.measures.next_steps import next_steps
from coverage.scope import Scope, View
from coverage.text import plain_in_file
from coverage.vocabulary import GAP_TYPES
from coverage.words import amount, users_sentence

_MOST_RULES = 3  # named for a gap

PLAN = FrameSpec(
    "PLAN",
    "one row per gap to work on",
    (),
    {
        "technique_id": (TEXT, "technique or sub-technique"),
        "technique": (TEXT, "its name"),
        "what_to_do": (TEXT, "next step"),
        "why": (TEXT, "who uses it, and what is open"),
        "rules": (
            LIST,
            "rules to start from or to take over: name, rule set and file; at most three of each",
        ),
        "needed_data": (LIST, "log sources that MITRE's analytics name, of platforms in scope"),
        "owner": (TEXT, "from gaps.toml"),
        "ticket": (TEXT, "from gaps.toml"),
        "url": (TEXT, "page on attack.mitre.org"),
    },
)


def work_plan(gaps: pd.DataFrame, view: View, others: View | None = None) -> pd.DataFrame:
    """PLAN: the work for rows of an ACCEPTED_GAPS frame of `view`, in their order.

    Parameters
    ----------
    gaps : ACCEPTED_GAPS rows
    view : View
    others : View, optional
        Other rule sets whose rules may be taken over.
    """
    steps = next_steps(gaps, view, others)
    titles = _titles(view) | (_titles(others) if others is not None else {})
    rules = [
        tuple(titles[key] for key in (*start[:_MOST_RULES], *other[:_MOST_RULES]))
        for start, other in zip(steps["start_rules"], steps["other_rules"], strict=True)
    ]
    return PLAN.frame(
        {
            "technique_id": gaps["attack_id"].tolist(),
            "technique": gaps["name"].tolist(),
            "what_to_do": steps["step"].tolist(),
            "why": [why(gap) for gap in gaps.to_dict("records")],
            "rules": rules,
            "needed_data": steps["data"].tolist(),
            "owner": gaps["accepted_owner"].tolist(),
            "ticket": gaps["accepted_ticket"].tolist(),
            "url": gaps["url"].tolist(),
        }
    )


def why(gap: dict) -> str:
    """Why a gap matters, in one sentence: who uses it and what is open."""
    users = users_sentence(gap["groups"], gap["software"], gap["campaigns"])
    parts = [part for part in users.split(", ") if not part.startswith("0 ")]
    used = f"Used by {', '.join(parts)}" if parts else "No known user"
    return f"{used}. {GAP_TYPES[gap['gap_type']]}."


def _titles(view: View) -> dict[str, str]:
    return {
        key: f"{name} ({corpus}: {path})"
        for key, name, corpus, path in rows_of(view.all_rules, "rule_key", "name", "corpus", "path")
    }


def plan_csv(plan: pd.DataFrame, scope: Scope) -> bytes:
    """PLAN as CSV, the scope's stamp last."""
    return stamped_csv(plan, scope)


def plan_markdown(plan: pd.DataFrame, scope: Scope) -> bytes:
    """PLAN as Markdown, one section a gap, ready to paste into a ticket. Text of rules shows as written."""
    return "\n".join(_lines(plan, scope)).encode("utf-8", "replace")


def _lines(plan: pd.DataFrame, scope: Scope) -> Iterator[str]:
    yield from (f"# Plan: {amount(len(plan), 'gap')} to close", "")
    yield from (f"{plain_in_file(scope.sentence())}  ", plain_in_file(scope.corpora_sentence()), "")
    for row in plan.to_dict("records"):
        yield f"## {plain_in_file(row['technique_id'])} {plain_in_file(row['technique'])}"
        yield ""
        yield f"- **What to do:** {plain_in_file(row['what_to_do'])}"
        yield f"- **Why:** {plain_in_file(row['why'])}"
        yield from _listed("Rules", row["rules"])
        yield from _listed("Needed data", row["needed_data"])
        yield f"- **Owner:** {_or_blank(row['owner'])}".rstrip()
        if isinstance(row["ticket"], str):
            yield f"- **Ticket:** {plain_in_file(row['ticket'])}"
        yield f"- [{plain_in_file(row['technique_id'])} on attack.mitre.org]({row['url']})"
        yield ""


def _listed(title: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield f"- **{title}:**"
        yield from (f"  - {plain_in_file(text)}" for text in texts)


def _or_blank(text: object) -> str:
    return plain_in_file(text) if isinstance(text, str) else ""
