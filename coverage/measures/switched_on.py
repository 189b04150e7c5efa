"""What MITRE's analytics would want switched on for open IDs: log source, event or channel, and on Windows
the sub-category of the audit policy. MITRE's log sources are suggestions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from coverage.frames import rows_of
from coverage.inventory.arrivals import Arrivals
from coverage.measures.data_frames import SWITCH_ON
from coverage.measures.gaps import gaps
from coverage.measures.references import references
from coverage.measures.visibility import references_in_scope
from coverage.scope import View, once_a_view
from coverage.tables import DATA
from coverage.word_table import split_words, table_lines

WINDOWS_AUDIT_CSV = DATA / "windows_audit.csv"
_COLUMNS = ("event_id", "subcategories")
_SECURITY = "WinEventLog:Security"
_EVENT = re.compile(r"\b\d{4}\b")
_KEPT = 12


def audit_subcategories(path: Path = WINDOWS_AUDIT_CSV) -> dict[str, tuple[str, ...]]:
    """Event ID of the Windows security log -> the sub-categories of the audit policy that write it.

    A table that cannot be read tells of none: the event itself is still named.
    """
    rows, _ = table_lines(
        path,
        _COLUMNS,
        "no audit sub-category is known",
        lambda line, _: (line["event_id"], split_words(line["subcategories"])),
    )
    return dict(rows)


@once_a_view(most=_KEPT)
def to_switch_on(view: View, arrivals: Arrivals) -> pd.DataFrame:
    """SWITCH_ON: what MITRE's analytics name for the open IDs in scope, what most of them want first."""
    ids = _open_ids_by_analytic(view)
    audit = audit_subcategories()
    here = {(one.analytic_id, one.name, one.component): one for one in references_in_scope(view)}
    found: dict[tuple[str, str], dict[str, set]] = {}
    states: dict[tuple[str, str], set[str]] = {}
    for analytic, name, component, channel in rows_of(
        references(view), "analytic_id", "name", "component", "channel"
    ):
        one = here.get((analytic, name, component))
        if one is None or analytic not in ids:
            continue
        event = channel if isinstance(channel, str) and channel != "None" else ""
        for source in one.names:
            parts = found.setdefault((source, event), {})
            parts.setdefault("ids", set()).update(ids[analytic])
            parts.setdefault("platforms", set()).update(one.platforms)
            parts.setdefault("components", set()).add(component)
            parts.setdefault("analytics", set()).add(analytic)
            states.setdefault((source, event), set()).add(arrivals.source(source, one.platforms))
    rows = [
        (
            source,
            event,
            _audited(source, event, audit),
            next(state for state in ("arrives", "missing", "not_told") if state in states[source, event]),
            tuple(sorted(parts["platforms"])),
            tuple(sorted(parts["components"])),
            tuple(sorted(parts["ids"])),
            len(parts["analytics"]),
        )
        for (source, event), parts in found.items()
    ]
    rows.sort(key=lambda row: (-len(row[6]), -row[7], row[0].casefold(), row[1]))
    return SWITCH_ON.of_rows(rows)


def _audited(source: str, event: str, audit: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if source != _SECURITY:
        return ()
    return tuple(dict.fromkeys(name for one in _EVENT.findall(event) for name in audit.get(one, ())))


def _open_ids_by_analytic(view: View) -> dict[str, set[str]]:
    """Analytic -> the open IDs that its strategy detects."""
    open_ids = set(gaps(view)["attack_id"].tolist())
    found: dict[str, set[str]] = {}
    for attack_id, analytic in rows_of(view.catalogue.detections, "attack_id", "analytic_id"):
        if attack_id in open_ids:
            found.setdefault(analytic, set()).add(attack_id)
    return found
