"""Syntaxes: text -> document, the places of its values, and edits that leave every other byte alone.

`syntax` says what a syntax is; a module each reads YAML, TOML, JSON, XML, CSV and scanned text. TOML is
scanned once, in `toml_tree`: `toml_places` tells from that tree where values stand, `toml_parts` and
`toml_moves` edit it. YAML is edited by `yaml_splice` at the places that its owner tells. Knows no rule
format.
"""
