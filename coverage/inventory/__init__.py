"""What data arrives: inventories that SIEMs and DeTT&CT export, or that somebody keeps by hand.

`files/` reads what a file says, one module a tool. `reading.py` makes INVENTORY of all of them: each row is
matched to log sources and data components by `data/log_sources.csv`, or listed as unmatched. `arrivals.py` is
what they say together, as one value; `verdicts.py` asks it whether a rule can run.
"""
