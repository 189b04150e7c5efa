"""A STIX bundle as a catalogue: mitreattack-python reads it, this makes the frames.

The only place that knows STIX fields. Knows nothing of folders, caches or the network. Everything slow
to import (mitreattack, stix2) is imported when a bundle is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from coverage.catalogue.bundle import (
    Bundle,
    Named,
    StixObject,
    domains_of,
    file_bytes,
    kill_chains,
    live_techniques,
    named,
    parsed_bundle,
    published_as,
)
from coverage.catalogue.citations import years_reported
from coverage.catalogue.frames import CATALOGUE_FRAMES
from coverage.catalogue.items import Item, Items, items_of
from coverage.catalogue.model import Catalogue, CatalogueError, Release
from coverage.frames import FrameError, checked
from coverage.vocabulary import DOMAINS, parent_of

if TYPE_CHECKING:
    from mitreattack.stix20 import MitreAttackData


# What is read of a relationship: who, what, whom, how, and whether it stands.
RELATION_FIELDS = {
    *("type", "spec_version", "id", "created", "modified", "revoked", "x_mitre_deprecated"),
    *("relationship_type", "source_ref", "target_ref", "description"),
}

# What reading an object raises when one of its fields is of another type than MITRE writes.
DAMAGE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


def read_bundle(path: Path | str, version: str | None = None, domain: str | None = None) -> Catalogue:
    """The catalogue that a bundle file holds (`.json` or `.json.gz`, STIX 2.0 or 2.1).

    Parameters
    ----------
    path : Path or str
    version : str, optional
        ATT&CK version, for bundles that do not name theirs.
    domain : str, optional
        ATT&CK domain, for bundles that do not name theirs.

    Raises
    ------
    CatalogueError
        One sentence with the file and the cause, for anything that is not a whole ATT&CK release.
    """
    path = Path(path)
    return catalogue_of(file_bytes(path), path.name, version, domain=domain)


def catalogue_of(
    content: bytes,
    name: str,
    version: str | None = None,
    source: str | None = None,
    domain: str | None = None,
) -> Catalogue:
    """The catalogue that (unpacked) JSON bytes hold. `name` is for messages; `source` defaults to it.

    Where the bundle's name is not plain, the catalogue's source says why it is called as it is.
    """
    bundle = parsed_bundle(content, name)
    found, frames = _read(bundle, version, domain)
    if unusable := _unusable(bundle, found.release, frames):
        raise CatalogueError(f"{name}: {unusable}, so it is not an ATT&CK release")
    source = source or name
    source = f"{source} ({found.note})" if found.note else source
    return Catalogue.of_frames(found.release, bundle.sha256, source, frames)


def _read(bundle: Bundle, version: str | None, domain: str | None) -> tuple[Named, dict[str, pd.DataFrame]]:
    import stix2  # slow to import

    try:
        found = named(bundle, version, domain)
        return found, frames_of(attack_data(bundle), found.release, years_reported(bundle.objects))
    except FrameError:
        raise
    # A damaged object shows itself in many kinds of error; here is where each becomes a message.
    except (stix2.exceptions.STIXError, *DAMAGE) as error:
        cause = " ".join((str(error) or type(error).__name__).split())[:200]
        raise CatalogueError(f"{bundle.name}: the STIX bundle holds a damaged object ({cause})") from error


def _unusable(bundle: Bundle, release: Release, frames: Mapping[str, pd.DataFrame]) -> str | None:
    """Why nothing could be counted in a release, or not rightly: half a sentence. None for a usable one."""
    techniques, tactics = frames["techniques"], frames["tactics"]
    if techniques.empty or tactics.empty:
        return "it has no ATT&CK techniques or no tactics"
    if not (techniques["status"] == "live").any():
        return "every technique in it is revoked or deprecated"
    if not (tactics["status"] == "live").any():
        return "every tactic in it is revoked or deprecated"
    if not (tactics["position"] >= 0).any():
        return "no matrix in it names its tactics"
    in_matrix = tactics.loc[tactics["position"] >= 0, "tactic_id"]
    if not frames["placements"]["tactic_id"].isin(in_matrix).any():
        return _unplaced(bundle, release)
    others = [domain for domain in domains_of(bundle) if domain != release.domain]
    if others and not published_as(bundle.sha256).releases:
        titles = " and of ".join(DOMAINS[domain].title for domain in (release.domain, *others))
        return f"it holds techniques of {titles}"
    return None


def _unplaced(bundle: Bundle, release: Release) -> str:
    """Why no technique of a bundle is in a tactic: half a sentence."""
    ours = DOMAINS[release.domain]
    chains = set().union(*(kill_chains(stix) for stix in live_techniques(bundle)))
    if not chains:
        return "none of its techniques names a kill chain phase"
    if ours.kill_chain not in chains:
        written = ", ".join(sorted(map(str, chains)))
        return f"its techniques name phases of {written}, but {ours.title}'s kill chain is {ours.kill_chain}"
    return "none of its techniques names the phase of a tactic in its matrix"


def attack_data(bundle: Bundle) -> MitreAttackData:
    """The bundle as mitreattack-python reads it, without the citations, which take almost half the time."""
    import stix2
    from mitreattack.stix20 import MitreAttackData

    return MitreAttackData(src=stix2.MemoryStore(stix_data=[_lean(stix) for stix in bundle.objects]))


def _lean(stix: StixObject) -> StixObject:
    if stix["type"] == "relationship":
        return {key: value for key, value in stix.items() if key in RELATION_FIELDS}
    lean = {key: value for key, value in stix.items() if key not in ("object_marking_refs", "created_by_ref")}
    if "external_references" in stix:
        lean["external_references"] = [ref for ref in stix["external_references"] if "external_id" in ref]
    return lean


def frames_of(
    data: MitreAttackData, release: Release, reported: Mapping[str, int]
) -> dict[str, pd.DataFrame]:
    """Every frame of `frames.CATALOGUE_FRAMES`, from a release that mitreattack-python has read.

    `reported` is `citations.years_reported` of its bundle, since what it read has no citations.
    """
    items = items_of(data, release.domain)
    rows = {
        "tactics": _tactics(items),
        "techniques": _techniques(items),
        "placements": _placements(items),
        "revocations": _revocations(items),
        "groups": _groups(items),
        "software": _software(items),
        "campaigns": _campaigns(items),
        "uses": _uses(items, reported),
        "attributions": _related(items, "attributed-to", ("campaign",), ("group",)),
        "mitigations": [(item.id, item.name, item.url) for item in items.live("mitigation")],
        "mitigates": _related(items, "mitigates", ("mitigation",), ("technique", "subtechnique")),
        "strategies": _strategies(items),
        "analytics": _analytics(items),
        "log_sources": _log_sources(items),
        "data_components": _data_components(items),
        "component_detects": _component_detects(items),
    }
    return {name: _frame(name, rows[name]) for name in CATALOGUE_FRAMES}


def _frame(name: str, rows: Iterable[tuple]) -> pd.DataFrame:
    """The frame of that name: a row a distinct key, the first of each."""
    spec = CATALOGUE_FRAMES[name]
    where = [list(spec.columns).index(column) for column in spec.key]
    distinct: dict[tuple, tuple] = {}
    for row in rows:
        distinct.setdefault(tuple(row[i] for i in where), row)
    columns = list(zip(*distinct.values(), strict=True)) or [()] * len(spec.columns)
    return checked(
        spec.frame({name: list(column) for name, column in zip(spec.columns, columns, strict=True)}), spec
    )


def _tactics(items: Items) -> list[tuple]:
    return [
        (item.id, item.name, item.shortname, items.tactic_columns.get(item.id, -1), item.status, item.url)
        for item in items.tactics()
    ]


def _techniques(items: Items) -> list[tuple]:
    return [
        (
            item.id,
            item.name,
            item.kind == "subtechnique",
            parent_of(item.id),
            item.platforms,
            tuple(tactic.id for tactic in items.tactics_of(item)),
            item.status,
            item.url,
            item.stix.get("description"),
        )
        for item in items.techniques()
    ]


def _placements(items: Items) -> list[tuple]:
    cells = [(tactic, item) for item in items.techniques() for tactic in items.tactics_of(item)]
    order = [tactic.id for tactic in items.tactics()]
    return sorted(
        ((tactic.id, item.id) for tactic, item in cells), key=lambda cell: (order.index(cell[0]), cell[1])
    )


def _revocations(items: Items) -> list[tuple]:
    """Direct relations only. An ID that a current object took over again is not revoked."""
    kinds = ("technique", "subtechnique")
    return sorted(
        (source.id, target.id)
        for source, target in items.pairs("revoked-by")
        if source.kind in kinds
        and target.kind in kinds
        and source.id != target.id
        and items.best[source.kind][source.id].status != "live"
    )


def _groups(items: Items) -> list[tuple]:
    return [(item.id, item.name, item.aliases("aliases"), item.url) for item in items.live("group")]


def _software(items: Items) -> list[tuple]:
    return [
        (item.id, item.name, item.stix["type"], item.aliases("x_mitre_aliases"), item.platforms, item.url)
        for item in items.live("software")
    ]


def _campaigns(items: Items) -> list[tuple]:
    return [
        (
            item.id,
            item.name,
            item.aliases("aliases"),
            _day(item.stix.get("first_seen")),
            _day(item.stix.get("last_seen")),
            item.url,
        )
        for item in items.live("campaign")
    ]


def _day(moment: datetime | str | None) -> pd.Timestamp | None:
    """The day of a STIX timestamp: MITRE knows no hours, whatever the timestamp says."""
    return None if moment is None else pd.Timestamp(moment).tz_localize(None).normalize()


def _uses(items: Items, reported: Mapping[str, int]) -> list[tuple]:
    """Of several relations between the same two the newest year counts, and its text."""
    sources, targets = ("group", "software", "campaign"), ("technique", "subtechnique", "software")
    found: dict[tuple, tuple[int, str | None]] = {}
    for source, target, stix in items.live_relations("uses"):
        if source.kind in sources and target.kind in targets:
            key = (source.id, source.kind, target.id, target.kind)
            year = reported.get(stix["id"], 0)
            if key not in found or year > found[key][0]:
                found[key] = (year, stix.get("description"))
    return sorted((*key, year or None, text) for key, (year, text) in found.items())


def _related(items: Items, relation: str, sources: tuple[str, ...], targets: tuple[str, ...]) -> list[tuple]:
    return sorted(
        (source.id, target.id)
        for source, target in items.live_pairs(relation)
        if source.kind in sources and target.kind in targets
    )


def _strategies(items: Items) -> list[tuple]:
    detected = _related(items, "detects", ("detection_strategy",), ("technique", "subtechnique"))
    items = items.best.get("detection_strategy", {})
    return [(id_, items[id_].name, attack_id, items[id_].url) for id_, attack_id in detected]


def _live_analytics(items: Items) -> Iterator[tuple[Item, Item]]:
    """(strategy, analytic), both current."""
    for strategy in items.live("detection_strategy"):
        for ref in strategy.stix.get("x_mitre_analytic_refs") or ():
            analytic = items.by_ref.get(ref)
            if analytic is not None and analytic.status == "live":
                yield strategy, analytic


def _analytics(items: Items) -> list[tuple]:
    return sorted(
        (strategy.id, analytic.id, analytic.name, analytic.platforms, analytic.url)
        for strategy, analytic in _live_analytics(items)
    )


def _log_sources(items: Items) -> list[tuple]:
    """In MITRE's order within an analytic."""
    rows = []
    for analytic in sorted({analytic.id: analytic for _, analytic in _live_analytics(items)}.items()):
        for reference in analytic[1].stix.get("x_mitre_log_source_references") or ():
            component = items.by_ref.get(reference.get("x_mitre_data_component_ref"))
            if component is not None and component.status == "live":
                rows.append((analytic[0], component.id, reference.get("name"), reference.get("channel")))
    return rows


def _data_components(items: Items) -> list[tuple]:
    known = [(item.id, item.name, item.url) for item in items.live("data_component")]
    named = {name for name, _ in _named_components(items)} - {name for _, name, _ in known}
    return sorted([*known, *((name, name, None) for name in named)], key=lambda row: row[0])


def _named_components(items: Items) -> Iterator[tuple[str, str]]:
    """(component name, current technique ID) from the text on techniques before v18: `Process: Process
    Creation`.
    """
    for item in items.live("technique", "subtechnique"):
        for text in item.texts("x_mitre_data_sources"):
            component = text.partition(": ")[2]
            if component:
                yield component, item.id


def _component_detects(items: Items) -> list[tuple]:
    """By MITRE's relation and text before v18; from a strategy's analytics to what it detects since."""
    ids = {item.name: item.id for item in items.live("data_component")}
    direct = _related(items, "detects", ("data_component",), ("technique", "subtechnique"))
    named = [(ids.get(name, name), attack_id) for name, attack_id in _named_components(items)]
    return sorted({*direct, *named, *_detects_through_strategies(items)})


def _detects_through_strategies(items: Items) -> Iterator[tuple[str, str]]:
    detected: dict[str, list[str]] = {}
    for strategy, _, attack_id, _ in _strategies(items):
        detected.setdefault(strategy, []).append(attack_id)
    components: dict[str, set[str]] = {}
    for analytic, component, _, _ in _log_sources(items):
        components.setdefault(analytic, set()).add(component)
    for strategy, analytic in _live_analytics(items):
        for attack_id in detected.get(strategy.id, ()):
            yield from ((component, attack_id) for component in components.get(analytic.id, ()))
