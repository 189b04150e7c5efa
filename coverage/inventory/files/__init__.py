"""Files of inventories: one module a tool, each from a parsed document to the rows it holds."""
