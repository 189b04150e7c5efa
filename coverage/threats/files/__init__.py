"""Files that say what adversaries use: one module a format, each a parsed document -> `FileMember`s.

`reading.read_file` tells a file's format by its content, as the loaders of rules do, and never raises.
"""
