"""DeTT&CT's visibility, counted by its rules: techniques counted by hand, and its own samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from coverage.catalogue import shelf
from coverage.frames import checked
from coverage.inventory.dettect_visibility import dettect_visibility, technique_visibility, visibility_score
from coverage.inventory.frames import VISIBILITY

FIXTURE = Path(__file__).parents[1] / "fixtures" / "inventory" / "dettect.yaml"


@pytest.fixture(scope="module")
def enterprise():
    return shelf.open_release("enterprise-18.1")


def by_system(visibility, attack_id: str) -> dict[str, tuple]:
    found = visibility[visibility["attack_id"] == attack_id]
    return {row[1]: row[2:] for row in found.itertuples(index=False, name=None)}


def test_the_made_file(enterprise):
    """T1059.001 on Windows: command execution, process creation, process metadata and module load.
    T1053.003 on Linux: process creation and file modification.
    """
    found = checked(dettect_visibility(FIXTURE, enterprise), VISIBILITY)
    assert by_system(found, "T1059.001") == {"Laptops": (2, 4, 50.0, 2), "Everything": (1, 4, 25.0, 1)}
    # Process creation has no quality on servers, so it does not count there.
    assert by_system(found, "T1053.003")["Servers"] == (0, 2, 0.0, 0)
    assert technique_visibility(found)["T1059.001"] == 37.5
    assert by_system(found, "T1557") == {}  # an exception


@pytest.mark.corpora
def test_dettects_sample(shared, enterprise):
    found = dettect_visibility(shared("threat", "dettect/data-sources-endpoints.yaml"), enterprise)
    assert by_system(found, "T1059.001") == {"Windows workstations": (2, 4, 50.0, 2)}
    assert by_system(found, "T1053.003") == {"Linux servers": (1, 2, 50.0, 2)}
    # Network traffic content on Windows, which the file lacks; network connections on Linux, which it has.
    assert by_system(found, "T1001") == {
        "Windows workstations": (0, 1, 0.0, 0),
        "Linux servers": (1, 1, 100.0, 4),
    }
    assert technique_visibility(found)["T1001"] == 50.0
    assert "T1557" not in set(found["attack_id"]) and (found["available"] <= found["total"]).all()
    systems = {"Windows workstations": "Windows", "Linux servers": "Linux"}
    live = enterprise.techniques[enterprise.techniques["status"] == "live"]
    for system, platform in systems.items():
        ids = {
            one for one, names in zip(live["attack_id"], live["platforms"], strict=True) if platform in names
        }
        assert set(found[found["system"] == system]["attack_id"]) == ids - {"T1557"}


@pytest.mark.corpora
def test_a_file_of_another_domain_and_one_that_is_none_give_no_row(shared, enterprise, tmp_path):
    mobile = shared("threat", "dettect/data-sources-mobile.yaml")
    assert dettect_visibility(mobile, enterprise).empty
    assert set(dettect_visibility(mobile, shelf.open_release("mobile-18.1"))["system"]) == {"Phones"}
    for path in (tmp_path / "gone.yaml", shared("threat", "dettect/groups.yaml")):
        assert dettect_visibility(path, enterprise).empty


@pytest.mark.parametrize(
    ("percentage", "score"),
    [(0, 0), (0.1, 1), (49, 1), (50, 2), (74, 2), (75, 3), (99, 3), (99.5, 4), (100, 4)],
)
def test_scores(percentage, score):
    assert visibility_score(percentage) == score
