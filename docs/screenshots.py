"""Takes the screenshots of this folder anew: `python docs/screenshots.py RULES` from the project's folder.

Needs Chromium and requirements-dev.txt. Run it when a page that is shown has changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.helpers.serving import CHROMIUM, FLAGS, served, settled

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = PROJECT / "docs" / "images"
_TICKED = (
    "inventory=ticked&ticked_all=true&ticked=WinEventLog:Sysmon&ticked=WinEventLog:Security"
    "&ticked=auditd:SYSCALL&ticked=AWS:CloudTrail"
)
# name -> (address, width, height)
SHOTS = {
    "matrix": ("/matrix", 1366, 768),
    "overview": ("/", 1366, 768),
    "plan": ("/plan", 1366, 768),
    "threats": ("/threats", 1366, 768),
    "data": (f"/data?{_TICKED}", 1366, 900),
}


def main(rules: str) -> None:
    """Start the app over `rules` and write one PNG a shot."""
    with served("app.py", [rules]) as address:
        _shoot(address)


def _shoot(address: str) -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (path, width, height) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.goto(address + path)
            settled(page)
            page.wait_for_timeout(1_500)
            page.screenshot(path=str(IMAGES / f"{name}.png"))
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else str(PROJECT / "rules"))
