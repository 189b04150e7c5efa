"""The pages: thin scripts, one question each, and the one table of them that `app.py` navigates over.

`parts`, `rule_detail` and their like are what pages share.
"""

from typing import NamedTuple


class Page(NamedTuple):
    """A page in the navigation: a file and a line here."""

    file: str
    title: str
    icon: str
    address: str  # the first has none: it opens


PAGES: tuple[Page, ...] = (
    Page("overview.py", "Overview", ":material/dashboard:", ""),
    Page("matrix.py", "Matrix", ":material/grid_on:", "matrix"),
    Page("plan.py", "Plan", ":material/checklist:", "plan"),
    Page("threats.py", "Threats", ":material/person_alert:", "threats"),
    Page("log_data.py", "Data", ":material/database:", "data"),
    Page("rules.py", "Rules", ":material/rule:", "rules"),
    Page("mapping.py", "Mapping health", ":material/spellcheck:", "mapping"),
    Page("share.py", "Share", ":material/ios_share:", "share"),
)

# Pages that are not in the navigation.
HIDDEN: tuple[Page, ...] = (Page("about.py", "About", ":material/help:", "about"),)

# Addresses of earlier versions -> the page that has it now, and what is open there.
MOVED: dict[str, tuple[str, dict[str, str]]] = {
    "overview": ("", {}),
    "gaps": ("plan", {}),
    "borrow": ("plan", {"plan": "borrow"}),
    "technique": ("rules", {}),
    "compare": ("matrix", {"show": "compare"}),
    "release": ("mapping", {"health": "move"}),
    "problems": ("mapping", {"health": "problems"}),
    "export": ("share", {}),
}
