"""Two states compared: what changed, and why.

`sides` turns a view into what a comparison asks; `impact` sets two releases side by side, `difference` two
states step by step, `compare` and `borrow` two sets of rules. `ledger` is the one book of what counts
otherwise, with its sums and their check; `release_causes` and `step_causes` say why. `snapshot` keeps a state
in a file; `gate` asks conditions of one.
"""
