"""Corpora a user can choose: those named in `coverage.toml`, uploaded, or fetched from their public home.

`offered` is the one list of them; `archive` is the only way an archive becomes a folder. Knows no rule
format and no ATT&CK.
"""
