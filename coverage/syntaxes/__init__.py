"""Syntaxes: text -> document, the places of its values, and edits that leave every other byte alone.

`syntax` defines what a syntax is; a module each reads YAML, TOML, JSON, XML, CSV and scanned text. TOML and
YAML have one scanner each. `toml_tree` makes a tree of a text: `toml_places` finds in it where values stand,
`toml_parts` and `toml_moves` edit it. `yaml_scan` reads documents and, for `yaml_places`, where values stand;
`yaml_splice` edits the text there. Independent of rule formats.
"""
