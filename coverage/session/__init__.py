"""What pages share: kept values, the sidebar that is the scope, the address, and the page's head.

The only package beside `app.py` and `pages/` that knows Streamlit.
"""

from coverage.session import address
from coverage.session.page import (
    compact_layout,
    file_name,
    guarded_view,
    open_moved,
    open_page,
    open_rule,
    open_technique,
    page_head,
    theme,
)
from coverage.session.sidebar import sidebar
from coverage.session.values import (
    BASELINE,
    PATHS_KEY,
    accepted,
    baseline,
    colour_key,
    colours,
    corpus_colours,
    default_release,
    default_texts,
    difference_since,
    findings,
    loaded,
    migration,
    reading,
    rule_file,
    settings,
    sources,
    unplaced,
    view,
    written_for,
)

__all__ = [
    "BASELINE",
    "PATHS_KEY",
    "accepted",
    "address",
    "baseline",
    "colour_key",
    "colours",
    "compact_layout",
    "corpus_colours",
    "default_release",
    "default_texts",
    "difference_since",
    "file_name",
    "findings",
    "guarded_view",
    "loaded",
    "migration",
    "open_moved",
    "open_page",
    "open_rule",
    "open_technique",
    "page_head",
    "reading",
    "rule_file",
    "settings",
    "sidebar",
    "sources",
    "theme",
    "unplaced",
    "view",
    "written_for",
]
