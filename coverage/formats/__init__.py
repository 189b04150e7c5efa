"""Rule formats: one module each, text -> rules, mappings as written, problems.

`seam` defines what a format is to the rest, `registry` is the table of them, `outcome` and `threat` hold what
formats share, `platforms` and `components` read the words of vendors in `data/`. Independent of folders,
frames and releases.
"""
