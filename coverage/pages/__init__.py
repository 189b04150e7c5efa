"""The pages: thin scripts, one question each, and the one table of them that `app.py` navigates over.

`parts` and `rule_detail` are what pages share.
"""

# (file, title, icon, address): a page is one file and one line. The first is the one that opens.
PAGES: tuple[tuple[str, str, str, str], ...] = (
    ("overview.py", "Overview", ":material/dashboard:", "overview"),
    ("matrix.py", "Matrix", ":material/grid_on:", "matrix"),
    ("gaps.py", "Gaps", ":material/fact_check:", "gaps"),
    ("rules.py", "Rules", ":material/rule:", "rules"),
    ("technique.py", "Technique", ":material/target:", "technique"),
    ("mapping.py", "Mapping", ":material/spellcheck:", "mapping"),
    ("release.py", "Release", ":material/compare_arrows:", "release"),
    ("compare.py", "Compare", ":material/join_inner:", "compare"),
    ("borrow.py", "Borrow", ":material/playlist_add:", "borrow"),
    ("export.py", "Export", ":material/ios_share:", "export"),
    ("problems.py", "Problems", ":material/report:", "problems"),
    ("about.py", "About", ":material/info:", "about"),
)
