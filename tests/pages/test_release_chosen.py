"""Which ATT&CK release the dashboard starts with: the project's, or that of coverage.toml."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from coverage.catalogue.shelf import import_bundle
from coverage.tables import PROJECT
from tests.helpers import small
from tests.helpers.bundles import small_bundle
from tests.helpers.seen import as_seen, with_open_sidebar


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.argv", ["app.py", str(small.SMALL)])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started() -> AppTest:
    app = with_open_sidebar(AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120)).run()
    assert not app.exception
    return app


def test_imports_are_offered_and_never_chosen_by_themselves(here):
    for name, version in (("copy.json", "19.0"), ("newer.json", "21.0")):
        (here / name).write_bytes(small_bundle(version))
        import_bundle(here / name)
    app = started()
    offered = app.sidebar.selectbox(key="attack")
    assert offered.value == "enterprise-19.0"
    assert offered.options[:2] == ["enterprise-21.0", "enterprise-19.0"]
    assert offered.options[2].startswith("enterprise-19.0@")
    assert "ATT&CK Enterprise 19.0 ·" in as_seen(app.main.caption[0].value)
    offered.set_value("enterprise-21.0").run()
    assert "ATT&CK Enterprise 21.0 ·" in as_seen(app.main.caption[0].value)


def test_coverage_toml_says_what_the_sidebar_starts_with(here):
    (here / "coverage.toml").write_text('attack = "enterprise-18.1"\n')
    app = started()
    assert app.sidebar.selectbox(key="attack").value == "enterprise-18.1"
    assert "ATT&CK Enterprise 18.1 ·" in as_seen(app.main.caption[0].value)
    app.sidebar.selectbox(key="attack").set_value("enterprise-19.0").run()
    assert "ATT&CK Enterprise 19.0 ·" in as_seen(app.main.caption[0].value)


def test_a_release_of_coverage_toml_that_is_not_installed_is_named_and_the_projects_read(here):
    (here / "coverage.toml").write_text('attack = "enterprise-21.0"\n')
    app = started()
    assert app.sidebar.selectbox(key="attack").value == "enterprise-19.0"
    (warning,) = app.sidebar.warning
    assert '"enterprise-21.0": ATT&CK Enterprise 21.0 is not installed.' in as_seen(warning.value)
