"""Changed files of every format, by the ten thousand: `python -m tests.fuzz`. Not part of the tests."""
