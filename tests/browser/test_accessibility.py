"""axe-core over every page, light and dark: nothing serious in what the project draws.

Needs Chromium and Playwright, and axe-playwright-python, which brings axe.min.js.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.browsing import visit
from tests.helpers.serving import NEEDS_CHROMIUM

pytestmark = NEEDS_CHROMIUM

axe = pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python")
SCRIPT = Path(axe.__file__).parent / "axe.min.js"

# Streamlit's own, which the project cannot change: what it is -> why it is left out.
STREAMLITS_OWN = {
    "[data-testid=stHeader]": "Streamlit's bar with the navigation and its menu",
    "[data-testid=stSidebarCollapseButton]": "Streamlit's button that folds the sidebar",
    "[data-testid=stDataFrame]": "Streamlit draws tables on a canvas with an invisible table inside",
    "[data-testid=stElementToolbar]": "Streamlit's buttons over a table",
    "[data-testid=stFileUploaderDropzone]": "Streamlit's place for files, with an unlabelled input",
}
# Rules of axe that only Streamlit's frame breaks, wherever it stands.
RULES_OF_THE_FRAME = {"aria-required-children": "roles of Streamlit's lists of chips and of tabs"}

TICKED = "inventory=ticked&ticked_all=true&ticked=WinEventLog:Sysmon&ticked=auditd:SYSCALL"
VIEWS = [
    "",
    "matrix",
    "matrix?unfold=T1059&find=shell",
    "matrix?show_need=true",
    "plan",
    "plan?gap=T1106",
    "plan?plan=borrow",
    "plan?gap_need=true",
    "threats",
    "threats?threat_view=next",
    "threats?threat_view=pair",
    "threats?adversary=G0016",
    "data",
    f"data?{TICKED}",
    f"data?data_view=matrix&{TICKED}",
    f"data?data_view=what_if&data_lose=WinEventLog:Sysmon&{TICKED}",
    f"data?data_view=next&{TICKED}",
    f"data?source=WinEventLog:Sysmon&{TICKED}",
    "rules",
    "rules?technique=T1059",
    "mapping",
    "mapping?health=move",
    "mapping?health=problems",
    "share",
    "about",
]


# What axe looks for: in the dark, colours alone can differ.
LOOKED_FOR = {"light": {}, "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}}}


@pytest.mark.parametrize("scheme", LOOKED_FOR)
def test_no_page_has_a_serious_violation(page, address, scheme):
    # All of a page in sight: axe gives up on contrast where a part that scrolls is out of it.
    page.set_viewport_size({"width": 1920, "height": 5000})
    page.emulate_media(color_scheme=scheme)
    page.set_default_timeout(60_000)
    found = {}
    for view in VIEWS:
        visit(page, address, view)
        if not page.evaluate("'axe' in window"):
            page.evaluate(SCRIPT.read_text(encoding="utf-8"))
        result = page.evaluate(
            "([own, more]) => axe.run({exclude: own.map(one => [one])},"
            " {resultTypes: ['violations'], ...more})",
            [list(STREAMLITS_OWN), LOOKED_FOR[scheme]],
        )
        assert result["passes"]  # it has looked at something
        assert [one["error"] for one in result["incomplete"] if "error" in one] == []
        found |= {
            (view, one["id"]): [node["html"][:150] for node in one["nodes"]]
            for one in result["violations"]
            if one["impact"] in ("serious", "critical") and one["id"] not in RULES_OF_THE_FRAME
        }
    assert found == {}
