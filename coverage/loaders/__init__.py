"""Rule files of any format -> rules, mappings as written, and problems.

`load` reads corpora into frames; `LOADERS` is the table of formats; `rule_document` and `locate` serve
the rule page. A new format: one module with a `LOADER`, one line in `formats.LOADERS`.
"""

from coverage.formats.registry import LOADERS
from coverage.loaders.corpora import CorpusStamp, Loaded, files_fingerprint, fingerprint, load
from coverage.loaders.document import RuleDocument, locate, rule_document, rule_text
from coverage.loaders.places import Places
from coverage.loaders.sources import CorpusSource, corpus_sources

__all__ = [
    "LOADERS",
    "CorpusSource",
    "CorpusStamp",
    "Loaded",
    "Places",
    "RuleDocument",
    "corpus_sources",
    "files_fingerprint",
    "fingerprint",
    "load",
    "locate",
    "rule_document",
    "rule_text",
]
