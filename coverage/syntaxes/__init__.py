"""Text of a syntax as parts that keep every byte: where each value stands, and edits that leave the rest alone.

Knows no rule format and nothing of loading or moving rules. TOML is scanned once, in `toml_tree`: `toml_places`
tells from that tree where values stand, `toml_parts` and `toml_moves` edit it. YAML is edited by `yaml_splice` at
the places that its owner tells.
"""
