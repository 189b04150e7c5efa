"""STUB until words.ready."""
from __future__ import annotations
from coverage.frames import BOOL, LIST, TEXT, FrameSpec, rows_of

REFERENCES = FrameSpec("REFERENCES", "x", (), {n: (TEXT, "") for n in ("analytic_id",)} | {"platforms": (LIST, ""), "component": (TEXT, ""), "name": (TEXT, ""), "channel": (TEXT, ""), "sources": (LIST, ""), "resolved": (BOOL, "")})

def references(catalogue, table):
    plat = {}
    for a, p in rows_of(catalogue.analytics, "analytic_id", "platforms"):
        plat[a] = p
    names = dict(rows_of(catalogue.data_components, "component_id", "name"))
    rows = []
    for a, c, n, ch in rows_of(catalogue.log_sources, "analytic_id", "component_id", "name", "channel"):
        src = tuple(dict.fromkeys(s for r in table.rows("attack", n) for s in r.sources))
        rows.append((a, plat.get(a, ()), names.get(c, c), n, ch, src + ("C:"+names.get(c, c),), bool(src)))
    return REFERENCES.of_rows(rows)
