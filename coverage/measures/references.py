"""MITRE's log source references, each read by the table of log sources: what its analytics would want."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from coverage.frames import rows_of
from coverage.log_sources import LogSourceTable, listed_log_sources
from coverage.measures.frames import REFERENCES
from coverage.scope import View, once_a_view


@once_a_view
def references(view: View) -> pd.DataFrame:
    """REFERENCES of the view's release, whatever its scope, in the order of its analytics."""
    catalogue, table = view.catalogue, listed_log_sources()
    names = dict(rows_of(catalogue.data_components, "component_id", "name"))
    columns = ("analytic_id", "component_id", "name", "channel")
    return REFERENCES.of_rows(
        (analytic, names.get(component, component), name, channel, *_read(table, name))
        for analytic, component, name, channel in rows_of(catalogue.log_sources, *columns)
    )


def _read(table: LogSourceTable, name: str | None) -> tuple[tuple[str, ...], bool]:
    row = table.row_of("attack", name.strip()) if isinstance(name, str) else None
    return (row.sources, True) if row and row.sources else ((), False)


def unresolved_references(view: View) -> pd.DataFrame:
    """REFERENCES whose name the table of log sources does not list."""
    found = references(view)
    return found[~found["resolved"].astype(bool)].reset_index(drop=True)


@dataclass(frozen=True)
class Resolved:
    """How many of a release's log source references the table resolves."""

    resolved: int
    total: int

    @property
    def share(self) -> float | None:
        """0-1; None in a release without references."""
        return self.resolved / self.total if self.total else None


def resolved_references(view: View) -> Resolved:
    """How many references of the view's release name a log source of the table."""
    found = references(view)
    return Resolved(int(found["resolved"].sum()), len(found))
