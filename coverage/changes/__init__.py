"""Two states beside one another: what changed, and why.

`sides` turns a view into what a comparison asks; `impact` sets two releases side by side, `difference` two
states step by step, `compare` and `borrow` two sets of rules; `ledger` says why a unit counts otherwise;
`snapshot` keeps a state in a file; `gate` asks conditions of one.
"""
