"""Release ids and ATT&CK IDs: what is written is what is read."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.catalogue import Catalogue, Release
from coverage.vocabulary import DOMAINS, id_kind, parent_of

domains = st.sampled_from(sorted(DOMAINS))
numbers = st.integers(0, 999)


@given(domains, st.lists(numbers, min_size=2, max_size=3))
def test_a_release_is_read_back_from_its_text(domain, version):
    release = Release(domain, tuple(version))
    assert Release.parse(str(release)) == release
    assert Release.parse(f"{domain}-attack-v{release.version}") == release


@given(st.text())
def test_any_text_is_a_release_or_a_value_error(text):
    try:
        release = Release.parse(text)
    except ValueError as error:
        assert "enterprise-19.0" in str(error)
    else:
        assert release.domain in DOMAINS


@pytest.mark.parametrize(
    "text", ["", "19.0", "enterprise", "enterprise-", "atlas-1.0", "enterprise-19.x", "enterprise-19..0"]
)
def test_no_release(text):
    with pytest.raises(ValueError):
        Release.parse(text)


def test_releases_order_by_number_not_by_text():
    texts = ["enterprise-9.0", "enterprise-10.1", "enterprise-19.0"]
    assert [str(release) for release in sorted(map(Release.parse, reversed(texts)))] == texts
    assert Release.parse("Mobile-18").title == "Mobile 18.0"


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("tactic", "TA{:04d}"),
        ("technique", "T{:04d}"),
        ("group", "G{:04d}"),
        ("software", "S{:04d}"),
        ("campaign", "C{:04d}"),
        ("mitigation", "M{:04d}"),
        ("data_source", "DS{:04d}"),
        ("data_component", "DC{:04d}"),
        ("detection_strategy", "DET{:04d}"),
        ("analytic", "AN{:04d}"),
        ("atlas", "AML.T{:04d}"),
    ],
)
def test_ids_are_of_their_kind_and_no_other(kind, pattern):
    @given(st.integers(0, 9999))
    def check(number):
        text = pattern.format(number)
        assert id_kind(text) == kind
        assert id_kind(f" {text}") is None
        assert id_kind(f"{text}0") is None
        assert parent_of(text) is None

    check()


@given(st.integers(0, 9999), st.integers(0, 999))
def test_a_subtechnique_knows_its_technique(number, sub):
    text = f"T{number:04d}.{sub:03d}"
    assert id_kind(text) == "subtechnique"
    assert parent_of(text) == f"T{number:04d}"


def test_a_frame_is_loaded_once_and_only_when_asked_for():
    asked = []

    def load(name):
        asked.append(name)
        return pd.DataFrame({"name": [name]})

    catalogue = Catalogue(Release.parse("ics-18.1"), "abc", "a test", load)
    assert asked == []
    assert catalogue.groups is catalogue.frame("groups")
    assert catalogue.groups["name"].tolist() == ["groups"]
    assert asked == ["groups"]
    with pytest.raises(AttributeError):
        _ = catalogue.rules
    with pytest.raises(KeyError):
        catalogue.frame("rules")
