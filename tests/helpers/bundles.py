"""ATT&CK bundles small enough to count by hand, as STIX 2.0 and 2.1."""

from __future__ import annotations

import hashlib
import json
import uuid

DAY = "2025-10-21T15:10:28.402Z"


def ref(stix_type: str, name: str) -> str:
    # STIX 2.0 takes version 4 only.
    return f"{stix_type}--{uuid.UUID(bytes=hashlib.md5(name.encode()).digest(), version=4)}"


def thing(stix_type: str, attack_id: str | None, name: str, key: str = "", **more) -> dict:
    url = f"https://attack.mitre.org/x/{attack_id}"
    references = [{"source_name": "mitre-attack", "external_id": attack_id, "url": url}] if attack_id else []
    stix = {
        "type": stix_type,
        "id": ref(stix_type, key or attack_id or name),
        "created": DAY,
        "modified": DAY,
        "name": name,
    }
    return {**stix, "external_references": references, **more} if references else {**stix, **more}


def technique(attack_id: str, phases: tuple[str, ...], key: str = "", **more) -> dict:
    chain = [{"kill_chain_name": "mitre-attack", "phase_name": phase} for phase in phases]
    return thing(
        "attack-pattern",
        attack_id,
        f"Name of {attack_id}",
        key,
        kill_chain_phases=chain,
        description="Text.",
        x_mitre_is_subtechnique="." in attack_id,
        **more,
    )


def relation(source: str, kind: str, target: str, number: int = 0, **more) -> dict:
    return {
        "type": "relationship",
        "id": ref("relationship", f"{source}{kind}{target}{number}"),
        "created": DAY,
        "modified": DAY,
        "relationship_type": kind,
        "source_ref": source,
        "target_ref": target,
        **more,
    }


T = {
    i: ref("attack-pattern", i)
    for i in ("T1001", "T1001.001", "T1002", "T1003", "T1004", "T1005", "T1005 old", "T1006")
}


TACTIC = {i: ref("x-mitre-tactic", i) for i in ("TA0001", "TA0002", "TA0099")}


G1, G2 = ref("intrusion-set", "G0001"), ref("intrusion-set", "G0002")
S1, S2, C1 = ref("malware", "S0001"), ref("tool", "S0002"), ref("campaign", "C0001")
DC1, DC2 = ref("x-mitre-data-component", "one"), ref("x-mitre-data-component", "two")
AN1, AN2 = ref("x-mitre-analytic", "AN0001"), ref("x-mitre-analytic", "AN0002")
DET1 = ref("x-mitre-detection-strategy", "DET0001")


def cited(words: str) -> dict:
    return {"source_name": "A report", "description": words}


def small_objects(since_v18: bool = True) -> list[dict]:
    def log_source(component, name, channel):
        return {"x_mitre_data_component_ref": component, "name": name, "channel": channel}

    detection = (
        [
            thing("x-mitre-data-component", "DC0001", "Process Creation", "one"),
            thing("x-mitre-data-component", "DC0002", "File Creation", "two"),
            thing(
                "x-mitre-analytic",
                "AN0001",
                "Analytic 1",
                x_mitre_platforms=["Windows"],
                x_mitre_log_source_references=[
                    log_source(DC1, "Sysmon", "EventCode=1"),
                    log_source(DC2, "Sysmon", "EventCode=11"),
                    log_source(DC1, "Sysmon", "EventCode=1"),
                ],
            ),
            thing("x-mitre-analytic", "AN0002", "Analytic 2", x_mitre_deprecated=True),
            thing("x-mitre-detection-strategy", "DET0001", "Strategy 1", x_mitre_analytic_refs=[AN1, AN2]),
            relation(DET1, "detects", T["T1001"]),
            relation(DET1, "detects", T["T1004"]),
        ]
        if since_v18
        else [
            thing("x-mitre-data-component", None, "Process Creation", "one"),
            relation(DC1, "detects", T["T1001"]),
            relation(DC1, "detects", T["T1002"]),
        ]
    )
    texts = (
        {} if since_v18 else {"x_mitre_data_sources": ["Process: Process Creation", "File: File Creation"]}
    )
    return [
        thing(
            "x-mitre-matrix",
            "enterprise-attack",
            "Enterprise ATT&CK",
            tactic_refs=[TACTIC[i] for i in ("TA0002", "TA0099", "TA0001")],
        ),
        thing("x-mitre-tactic", "TA0001", "Initial Access", x_mitre_shortname="initial-access"),
        thing("x-mitre-tactic", "TA0002", "Execution", x_mitre_shortname="execution"),
        thing("x-mitre-tactic", "TA0099", "Old", x_mitre_shortname="old", x_mitre_deprecated=True),
        technique(
            "T1001", ("initial-access", "execution", "old"), x_mitre_platforms=["Windows", "Linux", "Windows"]
        ),
        technique("T1001.001", ("execution",), x_mitre_platforms=["Linux"], **texts),
        technique("T1002", ("execution",), revoked=True),
        technique("T1003", ("execution",), revoked=True),
        technique("T1004", ("execution",), x_mitre_deprecated=True),
        technique("T1005", ("execution",)),
        technique("T1005", ("initial-access",), key="T1005 old", revoked=True),
        technique("T1006", (), x_mitre_platforms=["None"]),
        relation(T["T1002"], "revoked-by", T["T1003"]),
        relation(T["T1003"], "revoked-by", T["T1001"]),
        relation(T["T1005 old"], "revoked-by", T["T1005"]),
        relation(T["T1005 old"], "revoked-by", T["T1001"]),
        thing("intrusion-set", "G0001", "Group", aliases=["Group", "Bear"]),
        thing("intrusion-set", "G0002", "Gone", revoked=True),
        thing(
            "malware",
            "S0001",
            "Mal",
            x_mitre_aliases=["Mal", "Ware"],
            x_mitre_platforms=["Windows"],
            labels=["malware"],
            is_family=True,
        ),
        thing("tool", "S0002", "Tool", labels=["tool"]),
        thing("campaign", "C0001", "Camp", first_seen="2019-09-01T04:00:00.000Z"),
        relation(G1, "uses", T["T1001"], external_references=[cited("Bear. (2019, May 1). Old.")]),
        relation(
            G1,
            "uses",
            T["T1001"],
            2,
            description="Fox did it.",
            external_references=[
                cited("Fox (7777). (2021). A botnet (2023). Retrieved May 1, 2024."),
                cited("Fox. (n.d.). Undated. Retrieved (2025)."),
                {"source_name": "without a text"},
            ],
        ),
        relation(G1, "uses", T["T1002"]),
        relation(G1, "uses", T["T1005"], x_mitre_deprecated=True),
        relation(G2, "uses", T["T1001"]),
        relation(S1, "uses", T["T1001.001"]),
        relation(C1, "uses", S2),
        relation(C1, "attributed-to", G1),
        thing("course-of-action", "M1001", "Mitigation"),
        thing("course-of-action", "T1001", "Of an old release"),
        relation(ref("course-of-action", "M1001"), "mitigates", T["T1001"]),
        relation(ref("course-of-action", "M1001"), "mitigates", T["T1004"]),
        *detection,
    ]


def collection(version: str, name: str = "Enterprise ATT&CK") -> dict:
    return {
        "type": "x-mitre-collection",
        "id": ref("x-mitre-collection", name),
        "created": DAY,
        "modified": DAY,
        "name": name,
        "x_mitre_version": version,
    }


def bundle_bytes(objects: list[dict], stix: str = "2.0") -> bytes:
    bundle = {"type": "bundle", "id": ref("bundle", "small")}
    if stix == "2.0":
        return json.dumps({**bundle, "spec_version": "2.0", "objects": objects}).encode()
    return json.dumps({**bundle, "objects": [{**stix, "spec_version": "2.1"} for stix in objects]}).encode()


def small_bundle(version: str = "18.1", stix: str = "2.0", since_v18: bool = True) -> bytes:
    return bundle_bytes([collection(version), *small_objects(since_v18)], stix)


def changed(objects: list[dict], stix_type: str, **values) -> list[dict]:
    return [{**stix, **values} if stix["type"] == stix_type else stix for stix in objects]
