"""ATT&CK Navigator layers, format 4.5: coverage, gaps, one rule set against another (DOMAIN section 4).

Built with mitreattack-python's `navlayers`, which keeps scores as whole numbers and knows no dividers: scores
are counts or percents, and no divider is written. Scores come from rules alone: gaps and comparisons are
colours and words, so that no tool that reads a score as coverage mistakes them for it. What nothing is known
of is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import pandas as pd

from coverage.changes.compare import compare
from coverage.changes.sides import corpora_title, joint_scope
from coverage.exports.cells import legend
from coverage.frames import rows_of
from coverage.measures import coverage_by_placement, gaps
from coverage.measures.accepted import in_force, marks, with_accepted
from coverage.measures.adversaries import threat_overlay
from coverage.measures.cell import FILE_MEASURES, CellMeasure, score_factors
from coverage.measures.matrix import CellRule, cell_rules
from coverage.measures.need import threat_coverage
from coverage.palette import KINDS, LIGHT, OVERLAY_COLOURS, SIDES
from coverage.project.accepted_gaps import Accepted
from coverage.reading import platforms_of
from coverage.scope import Scope, View
from coverage.text import web_link
from coverage.threats.threat import Threat
from coverage.vocabulary import DOMAINS, GAP_TYPES, OVERLAYS, PRE_PLATFORM, attack_url
from coverage.words import users_sentence

LAYER_VERSION, NAVIGATOR_VERSION = "4.5", "5.2.0"
MOST_RULES = 10  # names and links an entry carries; the count of the others stands behind them
MOST_SIGNS = 240

Pair = dict[str, str]


@lru_cache(maxsize=32_768)  # a rule's name stands in many entries
def plain_line(text: str, most: int = MOST_SIGNS) -> str:
    """One line of text without control signs, cut. The Navigator shows it as text, never as markup."""
    line = " ".join(
        (
            text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)
        ).split()
    )
    return line if len(line) <= most else f"{line[: most - 1]}…"


# ---- the three layers --------------------------------------------------------------------------------


def coverage_layer(view: View, measure: str = "rules") -> dict:
    """How far each technique and sub-technique is covered, by one of FILE_MEASURES; open ones are left out.

    An ID whose tactics say the same is one entry; where they differ, each of its placements is one with its
    `tactic`, as on the Matrix page.
    """
    chosen = FILE_MEASURES[measure]
    what = (
        f"{chosen.title}: {chosen.unit}{', in percent' if chosen.is_share else ''}. What has none is "
        "left "
        "out."
    )
    labels = [(f"{chosen.title}: {label}", colour) for label, colour in legend(chosen)]
    name = f"{corpora_title(view)}: {chosen.title.lower()}"
    return _layer(view, name, what, _coverage_entries(view, chosen), labels, gradient=_gradient(chosen))


def gaps_layer(view: View, found: pd.DataFrame | None = None) -> dict:
    """The open IDs, coloured by the next step, most used first; accepted and planned ones are grey.

    `found`: rows of ACCEPTED_GAPS, by default all open IDs with no entry in gaps.toml.

    No entry has a score: a gap has no rule to count, and its colour, comment and metadata keep it in the
    Navigator.
    """
    found = with_accepted(gaps(view), Accepted(), view) if found is None else found
    settled = in_force(found).tolist()
    drawn = [kind for kind in GAP_TYPES if kind in set(found["gap_type"])]
    legend = [(f"{kind.replace('_', ' ')}: {GAP_TYPES[kind]}", KINDS[kind]) for kind in drawn]
    legend += [("accepted or planned in gaps.toml", LIGHT.faint)] if any(settled) else []
    what = (
        "Gaps: techniques and sub-techniques in scope that are open, coloured by the next step. "
        "Unscored on purpose."
    )
    return _layer(view, f"{corpora_title(view)}: gaps", what, _gap_entries(found, settled), legend)


def threat_layer(view: View, threat: Threat) -> dict:
    """What a threat profile needs over what is covered; what is covered and not needed is there, too.

    Need is in the comment and the metadata, and no entry has a score: a score is a count of rules.
    """
    entries = [
        _entry(
            row.attack_id,
            color=OVERLAY_COLOURS[row.overlay],
            comment=f"{OVERLAYS[row.overlay].capitalize()}."
            + (f" Needed by {', '.join(row.needed_by[:MOST_RULES])}." if row.need else ""),
            metadata=_pairs(
                {
                    "Need": f"{row.need:.3f}" if row.need else None,
                    "Members": f"{row.members:,} of {len(threat.members):,}" if row.need else None,
                    "Last reported": None if pd.isna(row.last_reported) else row.last_reported,
                    "Covered": f"{row.covered:.0%}",
                    "Rules": row.rules or None,
                }
            ),
            links=_links(row.attack_id, ()),
        )
        for row in threat_overlay(view, threat).itertuples(index=False)
    ]
    legend = [(words, OVERLAY_COLOURS[name]) for name, words in OVERLAYS.items()]
    what = f"{threat_coverage(view, threat).sentence(threat.profile.name)} Unscored on purpose."
    return _layer(view, f"{corpora_title(view)} against {threat.profile.name}", what, entries, legend)


def comparison_layer(a: View, b: View) -> dict:
    """Two rule sets in one release and scope: covered by the first alone, by both, by the second alone.

    Raises
    ------
    ValueError
        When the views differ in more than their corpora.
    """
    found = compare(a, b)
    names = dict(zip(("a_only", "b_only"), (f"only {name}" for name in found.names), strict=True)) | {
        "both": "both"
    }
    rows = found.ids[found.ids["side"] != "neither"]
    entries = [
        _entry(
            row.attack_id,
            color=SIDES[row.side][0],
            comment=f"Covered by {names[row.side]}",
            metadata=_pairs(
                {
                    f"Rules of {found.names[0]}": row.rules_a,
                    f"Rules of {found.names[1]}": row.rules_b,
                    "Used by": _users(row),
                }
            ),
            links=_links(row.attack_id, ()),
        )
        for row in rows.itertuples(index=False)
    ]
    legend = [(names[side], SIDES[side][0]) for side in SIDES]
    title = f"{found.names[0]} against {found.names[1]}"
    return _layer(
        a,
        title,
        f"{found.sentence()} {found.sentence('subtechniques')}",
        entries,
        legend,
        scope=joint_scope(a, b),
    )


def layer_file(layers: Sequence[dict]) -> bytes:
    """One layer as a layer file; several as one file with a list of them, as the Navigator writes all its
    tabs.

    ASCII, so that it reads the same in any encoding a tool takes for the default.
    """
    content = layers[0] if len(layers) == 1 else list(layers)
    return f"{json.dumps(content, separators=(',', ':'))}\n".encode("ascii")


# ---- parts ---------------------------------------------------------------------------------------------


def _gradient(chosen: CellMeasure) -> dict:
    """The bands as a gradient: the Navigator blends its colours evenly, so a wide band takes several of
    them.
    """
    last = 100 if chosen.is_share else int(max(band.low for band in chosen.bands))
    steps = range(0, 101, 10) if chosen.is_share else range(1, last + 1)
    bands = [max(chosen.band(step / 100 if chosen.is_share else step), 1) for step in steps]
    colours = chosen.colours(LIGHT)
    return {"colors": [colours[band] for band in bands], "minValue": steps[0], "maxValue": last}


def _layer(
    view: View,
    name: str,
    what: str,
    entries: Iterable[dict],
    legend: Iterable[tuple[str, str]],
    *,
    gradient: dict | None = None,
    scope: Scope | None = None,
) -> dict:
    scope = scope or view.scope
    data = {
        "name": plain_line(f"{name} ({scope.attack.title})", 120),
        "versions": {
            "attack": str(scope.attack.version_key[0]),
            "navigator": NAVIGATOR_VERSION,
            "layer": LAYER_VERSION,
        },
        "domain": f"{DOMAINS[scope.attack.domain].id}-attack",
        "description": "\n".join([plain_line(what, 1000), *_stamp(scope).values()]),
        "sorting": 0,
        "layout": {
            "layout": "side",
            "aggregateFunction": "max",
            "showID": True,
            "showName": True,
            "showAggregateScores": False,
            "countUnscored": False,
            "expandedSubtechniques": "none",
        },
        "hideDisabled": False,
        "techniques": list(entries),
        "legendItems": [{"label": plain_line(label), "color": colour} for label, colour in legend],
        "metadata": _pairs(_stamp(scope)),
    }
    if platforms := _platforms(view):
        data["filters"] = {"platforms": platforms}
    if gradient:
        data["gradient"] = gradient
    from mitreattack.navlayers import Layer  # takes a third of a second, and most exports write no layer

    built = Layer(init_data=data).to_dict()
    if built is None:
        raise ValueError("navlayers refused the layer")  # it printed why
    return built | {"techniques": built.get("techniques", [])}  # navlayers drops an empty list


def _stamp(scope: Scope) -> dict[str, str]:
    return {
        "Scope": scope.sentence(),
        "Rule sets": plain_line(scope.corpora_sentence(), 2000),
        "Date": scope.date.isoformat(),
    }


def _platforms(view: View) -> list[str]:
    """The platforms in scope: what the Navigator shows is then what the denominators count."""
    chosen = list(view.scope.platforms) or [
        name for name in platforms_of(view.catalogue) if name != PRE_PLATFORM
    ]
    known = platforms_of(view.catalogue)
    return sorted({*chosen, *([PRE_PLATFORM] if view.scope.pre and PRE_PLATFORM in known else [])})


def _entry(attack_id: str, **values) -> dict:
    return {
        "techniqueID": attack_id,
        **{name: value for name, value in values.items() if value not in (None, "", [])},
    }


def _pairs(values: Mapping[str, object] | Iterable[tuple[str, object]]) -> list[Pair]:
    """Metadata: name and value as text, the empty ones left out since the Navigator would."""
    items = values.items() if isinstance(values, Mapping) else values
    texts = [(plain_line(name), plain_line(str(value), 2000)) for name, value in items if value is not None]
    return [{"name": name, "value": value} for name, value in texts if name and value]


def _links(attack_id: str, rules: Sequence[CellRule]) -> list[Pair]:
    """The ID's page, and the first http(s) reference of each of the first rules."""
    pages = [("attack.mitre.org", attack_url(attack_id))]
    for name, references in rules[:MOST_RULES]:
        pages.append((plain_line(name, 100) or "rule", next(filter(None, map(web_link, references)), None)))
    return [{"label": label, "url": url} for label, url in pages if url]


def _users(row) -> str:
    return users_sentence(row.groups, row.software, row.campaigns)


# ---- coverage ------------------------------------------------------------------------------------------

_COLUMNS = (
    "attack_id",
    "tactic_id",
    "rules",
    "rules_direct",
    "subtechniques",
    "subtechniques_covered",
    "depth",
    "platforms_covered",
    "platforms_total",
    "score",
)


def _coverage_entries(view: View, chosen: CellMeasure) -> Iterator[dict]:
    cells = coverage_by_placement(view)
    shortnames = dict(rows_of(view.catalogue.tactics, "tactic_id", "shortname"))
    kinds = dict(rows_of(gaps(view), "attack_id", "gap_type"))
    rules = cell_rules(view)
    by_id: dict[str, list] = {}
    for value, row in zip(
        cells[chosen.column].tolist(), cells[list(_COLUMNS)].itertuples(index=False), strict=True
    ):
        by_id.setdefault(row.attack_id, []).append((chosen.whole(float(value)), row))
    for attack_id, places in by_id.items():
        entries = [(score, rules.get((row.tactic_id, attack_id), []), row[2:]) for score, row in places]
        alike = len(places) > 1 and all(other == entries[0] for other in entries)
        for (score, row), (_, names, _) in zip(places[:1] if alike else places, entries, strict=False):
            if score:
                whole_id = alike or len(places) == 1
                yield _entry(
                    attack_id,
                    tactic=None if whole_id else shortnames[row.tactic_id],
                    score=score,
                    metadata=_coverage_metadata(row, names, kinds.get(attack_id)),
                    links=_links(attack_id, names),
                )


def _coverage_metadata(row, rules: Sequence[CellRule], kind: str | None) -> list[Pair]:
    subs = f"{row.subtechniques_covered} of {row.subtechniques}" if row.subtechniques else None
    pairs: list[tuple[str, object]] = [
        ("Rules", f"{row.rules:,}, {row.rules_direct:,} on this very ID"),
        ("Sub-techniques covered", subs),
        ("Score", f"{score_factors(row)} = {row.score:.2f}"),
        ("Next step", f"{kind}: {GAP_TYPES[kind]}" if kind else None),
        *(("Rule", name) for name, _ in rules[:MOST_RULES]),
        ("Rule", f"and {len(rules) - MOST_RULES:,} more" if len(rules) > MOST_RULES else None),
    ]
    return _pairs(pairs)


# ---- gaps ----------------------------------------------------------------------------------------------


def _gap_entries(found: pd.DataFrame, settled: Sequence[bool]) -> Iterator[dict]:
    for row, mark, is_settled in zip(found.itertuples(index=False), marks(found), settled, strict=True):
        yield _entry(
            row.attack_id,
            color=LIGHT.faint if is_settled else KINDS[row.gap_type],
            comment=f"{GAP_TYPES[row.gap_type]}. Used by {_users(row)}.",
            metadata=_pairs(
                {
                    "Next step": row.gap_type,
                    "Decision": plain_line(f"{mark}: {row.accepted_reason}") if mark else None,
                    "Groups": row.groups,
                    "Software": row.software,
                    "Campaigns": row.campaigns,
                    "Rules in scope": row.rules or None,
                    "Rules out of scope": row.rules_out_of_scope or None,
                    "Sub-techniques covered": f"{row.subtechniques_covered} of {row.subtechniques}"
                    if row.subtechniques
                    else None,
                    "Open platforms": ", ".join(row.open_platforms),
                    "Data components": ", ".join(row.data_components),
                    "Log sources": ", ".join(row.log_sources),
                }
            ),
            links=_links(row.attack_id, ()),
        )
