"""The table of rule formats, and the choice among them for one file.

A new format is one module with a `LOADER`, and one line here. The order matters where two formats
share a suffix: the narrower sniff stands first.
"""

from __future__ import annotations

from typing import Any

from coverage.loaders import elastic, elastic_endpoint, elastic_hunt
from coverage.loaders.seam import Loader, RuleFile, Syntax, Unparsable

LOADERS: dict[str, Loader] = {
    loader.id: loader
    for loader in (
        elastic_hunt.LOADER,
        elastic_endpoint.LOADER,
        elastic.LOADER,
    )
}

SUFFIXES: frozenset[str] = frozenset(suffix for loader in LOADERS.values() for suffix in loader.suffixes)


def chosen(file: RuleFile) -> tuple[Loader | None, Any]:
    """The first loader of the file's suffix whose sniff says yes, and the document; (None, None) for none.

    A syntax is parsed once, however many formats share it.

    Raises
    ------
    Unparsable
        When no syntax of this suffix can read the text; the first syntax's fault.
    """
    suffix = suffix_of(file.path)
    documents: dict[str, Any] = {}
    faults: dict[str, Unparsable] = {}
    for loader in LOADERS.values():
        if suffix not in loader.suffixes:
            continue
        document = _parsed(loader.syntax, file.text, documents, faults)
        if loader.syntax.name not in faults and loader.sniff(file, document):
            return (loader, document)
    if faults and not documents:
        raise next(iter(faults.values()))
    return (None, None)


def suffix_of(path: str) -> str:
    """The suffix of a file name in lower case, with its dot; `` without one."""
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :].lower() if "." in name else ""


def _parsed(syntax: Syntax, text: str, documents: dict[str, Any], faults: dict[str, Unparsable]) -> Any:
    if syntax.name not in documents and syntax.name not in faults:
        try:
            documents[syntax.name] = syntax.parse(text)
        except Unparsable as fault:
            faults[syntax.name] = fault
    return documents.get(syntax.name)
