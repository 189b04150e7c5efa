"""Checks of one mapping path: is its ID live, are its tactic, names and URLs those of its IDs?

Each yields finds for one code of `checks.CHECKS`. Knows no rule, no file and no other path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from coverage.findings.model import Found, PathCheck, WrittenPath, quoted
from coverage.mapping.reader import Reader, word
from coverage.vocabulary import attack_url, id_kind, parent_of

_TECHNIQUE_KINDS = ("technique", "subtechnique")
_PAGE = re.compile(
    r"https?://attack\.mitre\.org/(?:versions/v[\d.]+/)?(?:techniques|tactics)/(TA?\d{4})(?:[./](\d{3}))?/?(?:#.*)?",
    re.IGNORECASE,
)


def leaf_read_as(status: str, with_fix: bool = False) -> PathCheck:
    """The check that finds leaves read with this status (vocabulary.READ_STATUSES), as the reader explains
    it.
    """

    def find(path: WrittenPath, reader: Reader) -> Iterator[Found]:
        if path.status == status and path.is_attack and path.leaf:
            reading = reader.leaf(path.leaf)
            choices = f": {' or '.join(reading.candidates)}" if reading.candidates else ""
            yield Found(
                path.leaf_field,
                path.leaf,
                path.attack_id if with_fix else None,
                f"{quoted(reading.reason)}{choices}.",
            )

    return find


def unknown_id(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A technique ID that no installed release knows."""
    if path.status == "unknown" and path.is_attack and id_kind(path.leaf or "") in _TECHNIQUE_KINDS:
        yield Found(path.leaf_field, path.leaf, None, f"No installed ATT&CK release knows {path.leaf}.")


def no_id(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """Text where a technique ID should stand. The fix is the ID it would be without blanks and in
    capitals.
    """
    if path.status == "unknown" and path.is_attack and id_kind(path.leaf or "") not in _TECHNIQUE_KINDS:
        meant = (path.leaf or "").strip().upper()
        fix = meant if id_kind(meant) in _TECHNIQUE_KINDS else None
        yield Found(path.leaf_field, path.leaf, fix, f"'{quoted(path.leaf)}' is not an ATT&CK technique ID.")


def other_domain(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A technique or tactic of another domain or framework: not wrong, and counted nowhere here."""
    if path.status == "other_domain" and path.leaf:
        reason = (
            reader.leaf(path.leaf).reason if path.is_attack else f"The mapping is to {quoted(path.framework)}"
        )
        yield Found(
            path.leaf_field, path.leaf, None, f"{reason}, so it counts nowhere in {reader.release.title}."
        )
    elif (
        path.leaf is None
        and path.tactic_status == "unknown"
        and (_foreign_tactic(path, reader) or not path.is_attack)
    ):
        value = path.tactic_written
        yield Found(
            path.tactic_field, value, None, f"'{quoted(value)}' is a tactic of another domain or framework."
        )


def wrong_parent(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A sub-technique written under a technique that is not its own."""
    parent = parent_of(path.subtechnique_id or "")
    if (
        parent
        and path.is_attack
        and path.technique_id
        and id_kind(path.technique_id) == "technique"
        and parent != path.technique_id
    ):
        message = (
            f"{path.subtechnique_id} is listed under {path.technique_id}, but is a sub-technique of {parent}."
        )
        yield Found("subtechnique_id", path.subtechnique_id, None, message)


def wrong_level(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A sub-technique where a technique with its own name belongs, or a technique where a sub-technique
    does.
    """
    named = path.technique_name or path.technique_reference
    if named and path.is_attack and id_kind(path.technique_id or "") == "subtechnique":
        yield Found(
            "technique_id",
            path.technique_id,
            None,
            f"{path.technique_id} is a sub-technique where its technique belongs.",
        )
    if path.is_attack and id_kind(path.subtechnique_id or "") == "technique":
        yield Found(
            "subtechnique_id",
            path.subtechnique_id,
            None,
            f"{path.subtechnique_id} is a technique where a sub-technique belongs.",
        )


def technique_name(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A technique's or sub-technique's name that is not the one its current ID has in this release."""
    if not path.is_attack:
        return
    for field, attack_id, name in (
        ("technique_name", path.technique_id, path.technique_name),
        ("subtechnique_name", path.subtechnique_id, path.subtechnique_name),
    ):
        if attack_id and name and reader.chosen.status.get(attack_id) == "live":
            right = reader.chosen.names[attack_id]
            if not _same_name(name, right, reader.chosen.names.get(parent_of(attack_id) or "")):
                yield Found(
                    field,
                    name,
                    right,
                    f"{attack_id} is '{right}' in {reader.release.title}, not "
                    f"'{quoted(name)}'{_whose(name, attack_id, reader)}.",
                )


def _same_name(name: str, right: str, parent: str | None) -> bool:
    found = " ".join(name.split()).casefold()
    return found in (right.casefold(), f"{parent}: {right}".casefold())


def _whose(name: str, attack_id: str, reader: Reader) -> str:
    others = [i for i in reader.chosen.ids_by_name.get(name.strip().lower(), ()) if i != attack_id]
    if others:
        return f", which is the name of {' and '.join(others)}"
    was = [o.release.title for o in reader.siblings if _same_name(name, o.names.get(attack_id, ""), None)]
    return f", its name in {was[-1]}" if was else ""


def reference_url(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A reference that is not the page of the ID beside it on attack.mitre.org."""
    if not path.is_attack:
        return
    for part in ("tactic", "technique", "subtechnique"):
        attack_id, url = getattr(path, f"{part}_id"), getattr(path, f"{part}_reference")
        right = (
            attack_url(attack_id)
            if attack_id and id_kind(attack_id) in ("tactic", *_TECHNIQUE_KINDS)
            else None
        )
        if url and right and url != right and _page_id(url) != attack_id:
            yield Found(f"{part}_reference", url, right, f"'{quoted(url)}' is not the page of {attack_id}.")


def _page_id(url: str) -> str | None:
    match = _PAGE.fullmatch(url.strip())
    return ".".join(part.upper() for part in match.groups() if part) if match else None


# ---- the tactic by itself ------------------------------------------------------------------------------


def unknown_tactic(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A tactic that no release of this domain knows. The fix is the ID of the name beside it."""
    if (
        path.tactic_status != "unknown"
        or path.status == "other_domain"
        or not path.is_attack
        or _foreign_tactic(path, reader)
    ):
        return
    fix = reader.chosen.tactics_by_word.get(word(path.tactic_name or "")) if path.tactic_id else None
    yield Found(
        path.tactic_field,
        path.tactic_written,
        fix,
        f"'{quoted(path.tactic_written)}' is not a tactic of {reader.release.title}.",
    )


def _foreign_tactic(path: WrittenPath, reader: Reader) -> bool:
    if path.tactic_id:
        return any(path.tactic_id in other.tactic_names for other in reader.foreign)
    return any(word(path.tactic_name or "") in other.tactics_by_word for other in reader.foreign)


def newer_tactic(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A tactic of another release that this one does not have. The fix is the technique's only tactic
    here.
    """
    if path.tactic_status == "moved" and path.tactic is None and path.is_attack:
        homes = reader.chosen.homes.get(path.attack_id or "", [])
        knows = next((o.release.title for o in reader.siblings if _has_tactic(o, path)), "another release")
        yield Found(
            path.tactic_field,
            path.tactic_written,
            homes[0] if len(homes) == 1 and path.tactic_id else None,
            f"{reader.release.title} has no tactic '{quoted(path.tactic_written)}'; {knows} has it.",
        )


def _has_tactic(release, path: WrittenPath) -> bool:
    return path.tactic_id in release.tactic_names or (
        not path.tactic_id and word(path.tactic_name or "") in release.tactics_by_word
    )


def tactic_mismatch(path: WrittenPath, reader: Reader) -> Iterator[Found]:
    """A tactic name that its ID has in no installed release."""
    right = reader.chosen.tactic_names.get(path.tactic_id or "")
    if (
        not (right and path.tactic_name and path.is_attack)
        or path.tactic_name == right
        or was_named(path, reader)
    ):
        return
    owner = reader.chosen.tactics_by_word.get(word(path.tactic_name))
    if owner != path.tactic_id:
        whose = f", which is {owner}" if owner else ""
        yield Found(
            "tactic_name",
            path.tactic_name,
            right,
            f"{path.tactic_id} is '{right}', not '{quoted(path.tactic_name)}'{whose}.",
        )


def was_named(path: WrittenPath, reader: Reader) -> str | None:
    """The last other release in which the written name is that of the written tactic ID."""
    wanted = word(path.tactic_name or "")
    named = [o.release.title for o in reader.siblings if o.tactics_by_word.get(wanted) == path.tactic_id]
    return named[-1] if named and reader.chosen.tactics_by_word.get(wanted) != path.tactic_id else None
