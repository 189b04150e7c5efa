"""The last look at a new text, and writing that is refused: nothing is written then."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from coverage.loaders import LOADERS
from coverage.migrate import FilePlan, Plan
from coverage.migrate.verify import fault
from coverage.migrate.writing import WriteError, write
from coverage.tables import PROJECT
from tests.helpers.migrating import E19, HEAD, entry, rule, technique

BEFORE = rule(
    entry("TA0005", "Defense Evasion", technique("T1562", "Impair Defenses")),
    '["Tactic: Defense Evasion", "OS: Linux"]',
)
AFTER = rule(
    entry("TA0112", "Defense Impairment", technique("T1685", "Disable or Modify Tools")),
    '["Tactic: Defense Impairment", "OS: Linux"]',
)
SIGMA = (
    "title: a\ntags: [attack.t1562, car.1]\nmodified: 2024-01-02\ndetection: {a: 1, condition: "
    "a}\nlogsource: {product: x}\n"
)


def found(before: str, after: str, format_id: str = "elastic", dated: bool = False) -> str | None:
    return fault(format_id, before, LOADERS[format_id].syntax.parse(before), after, dated)


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (AFTER, None),
        (AFTER.replace('"OS: Linux"', '"OS: Windows"'), "differ"),
        (AFTER.replace("Odd thing", "Even thing"), "differ"),
        (AFTER.replace("2025/03/04", "2025/03/05"), "differ"),
        (AFTER.replace("# a name", "# another"), "comments"),
        (AFTER.replace('"production"', "production"), "parse"),
        (AFTER.replace("[rule]\n", "[rule]\nrisk_score = 1\n"), "differ"),
    ],
)
def test_an_elastic_text_may_differ_in_its_mapping_alone(after, says):
    said = found(BEFORE, after)
    assert (said is None) == (says is None) and (says or "") in (said or "")


def test_the_date_may_differ_when_it_was_asked_for():
    assert found(BEFORE, AFTER.replace("2025/03/04", "2025/03/05"), dated=True) is None
    assert found(SIGMA, SIGMA.replace("2024", "2025"), "sigma", dated=True) is None
    assert "differ" in found(SIGMA, SIGMA.replace("2024", "2025"), "sigma")


def test_a_number_is_not_another_type():
    one = HEAD + "risk_score = 1\n"
    assert "differ" in found(one, one.replace("= 1\n", "= 1.0\n"))
    assert found(HEAD + "risk_score = nan\n", HEAD + "risk_score = nan\n") is None


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (SIGMA.replace("attack.t1562", "attack.t1685, attack.stealth"), None),
        (SIGMA.replace("car.1", "car.2"), "differ"),
        (SIGMA.replace("{a: 1", "{a: 2"), "differ"),
        (SIGMA + "---\ntitle: b\n", "differ"),
        (SIGMA.replace("]", ""), "parse"),
    ],
)
def test_a_sigma_text_may_differ_in_its_tags_alone(after, says):
    said = found(SIGMA, after, "sigma")
    assert (said is None) == (says is None) and (says or "") in (said or "")


@pytest.mark.parametrize("tags", ["[attack.t1685, car.1]", "[car.1, attack.stealth]", "[car.1]"])
def test_a_sigma_text_must_read_back_with_the_tags_that_were_meant(tags):
    after = SIGMA.replace("[attack.t1562, car.1]", tags)
    meant = {(0, "tags"): ["attack.t1685", "car.1"]}
    refusal = fault("sigma", SIGMA, LOADERS["sigma"].syntax.parse(SIGMA), after, False, meant)
    assert refusal == (
        None if tags == "[attack.t1685, car.1]" else "the new text would not have the tags meant"
    )


def planned(folder, name: str, wrong: str | None = None) -> FilePlan:
    path = folder / name
    path.write_bytes(b"before")
    return FilePlan("c", name, str(path), "elastic", "id", "a rule", b"before", b"after", (), (), wrong)


def plan_of(*files: FilePlan) -> Plan:
    return Plan("enterprise-19.0", None, files, len(files))


def test_one_refused_file_stops_all(tmp_path):
    made = plan_of(planned(tmp_path, "a.toml"), planned(tmp_path, "b.toml", "it would differ"))
    with pytest.raises(WriteError, match=r"b\.toml: it would differ; nothing was written"):
        write(made)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.toml": b"before",
        "b.toml": b"before",
    }


def test_a_file_that_was_changed_meanwhile_stops_all(tmp_path):
    made = plan_of(planned(tmp_path, "a.toml"), planned(tmp_path, "b.toml"))
    (tmp_path / "b.toml").write_bytes(b"by somebody else")
    with pytest.raises(WriteError, match=r"b\.toml was changed in the meantime; nothing was written"):
        write(made)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.toml": b"before",
        "b.toml": b"by somebody else",
    }


def test_files_are_replaced_and_nothing_else_is_left(tmp_path):
    made = plan_of(planned(tmp_path, "a.toml"), planned(tmp_path, "b.toml"))
    assert write(made) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.toml": b"after",
        "b.toml": b"after",
    }


# ---- disks and folders that say no -------------------------------------------------------------------------


def migrated(folder: Path, limit: int | None = None) -> subprocess.CompletedProcess:
    """`migrate --write` over a folder, in a process that may write no file larger than `limit` bytes."""
    command = [sys.executable, "-m", "coverage.cli", "migrate", str(folder), "--to", E19, "--write"]
    return subprocess.run(
        command,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=limit and (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))),
    )


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_file_that_may_not_be_so_large_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "a.toml").write_text(BEFORE, encoding="utf-8")
    (tmp_path / "b.toml").write_text(BEFORE + "# " + "x" * 100_000 + "\n", encoding="utf-8")
    before = everything(tmp_path)
    done = migrated(tmp_path, limit=50_000)
    assert done.returncode == 2, done.stderr
    assert "cannot write b.toml: File too large; nothing was written" in done.stderr
    assert everything(tmp_path) == before


def test_a_full_disk_leaves_everything_as_it_was(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=280k", "tmpfs", str(tmp_path)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        for name in "abc":
            (tmp_path / f"{name}.toml").write_text(BEFORE + "# " + "x" * 60_000 + "\n", encoding="utf-8")
        before = everything(tmp_path)
        done = migrated(tmp_path)
        assert done.returncode == 2, done.stderr
        assert "cannot write b.toml: No space left on device; nothing was written" in done.stderr
        assert everything(tmp_path) == before
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="acts as another user")
@pytest.mark.parametrize("others", [[], ["c.toml"]])
def test_files_are_put_back_when_a_later_one_cannot_be_replaced(others):
    """In a folder such as /tmp another user's file can be read, and a new one made, but not replaced."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o1777)
        made = plan_of(*(planned(folder, name) for name in ("a.toml", "b.toml", *others)))
        os.chown(folder / "a.toml", 65534, 65534)
        (folder / "a.toml").chmod(0o600)
        os.seteuid(65534)
        try:
            with pytest.raises(WriteError) as refused:
                write(made)
        finally:
            os.seteuid(0)
        assert str(refused.value) == "cannot replace b.toml: Operation not permitted; nothing was written"
        assert set(everything(folder).values()) == {b"before"}
        assert sorted(everything(folder)) == ["a.toml", "b.toml", *others]
        assert stat.S_IMODE((folder / "a.toml").stat().st_mode) == 0o600
