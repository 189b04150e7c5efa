"""The benchmark: `python -m tests.benchmarks`. Measures the real corpora in ../shared; pytest does not
collect it.
"""
