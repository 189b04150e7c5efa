"""A project's own files, and what they say.

`settings` reads coverage.toml, `check_settings` the gate's conditions in it, `accepted_gaps` gaps.toml;
`silencing` and
`lint` apply what they say to findings.
"""
