"""The table of rule formats, and the choice among them for one file.

A new format is one module with a `LOADER`, and one line here. The order matters where two formats
share a suffix: the narrower sniff comes first.
"""

from __future__ import annotations

from typing import Any

from coverage.formats import (
    elastic,
    elastic_endpoint,
    elastic_hunt,
    falco,
    kibana,
    navigator,
    panther,
    sentinel,
    sigma,
    splunk,
    suricata,
    table,
    wazuh,
    yaral,
)
from coverage.formats.seam import Loader, RuleFile
from coverage.syntaxes.syntax import Syntax, Unparsable

LOADERS: dict[str, Loader] = {
    loader.id: loader
    for loader in (
        elastic_hunt.LOADER,
        elastic_endpoint.LOADER,
        elastic.LOADER,
        sigma.LOADER,
        splunk.LOADER,
        sentinel.LOADER,
        panther.LOADER,
        falco.LOADER,
        kibana.LOADER,
        sentinel.ARM_LOADER,
        navigator.LOADER,
        yaral.LOADER,
        suricata.LOADER,
        wazuh.LOADER,
        table.LOADER,
    )
}

SUFFIXES: frozenset[str] = frozenset(suffix for loader in LOADERS.values() for suffix in loader.suffixes)
_OF_SUFFIX: dict[str, tuple[Loader, ...]] = {
    suffix: tuple(loader for loader in LOADERS.values() if suffix in loader.suffixes) for suffix in SUFFIXES
}


def max_bytes(path: str) -> int:
    """The size up to which a file of this suffix is read: the largest that one of its formats allows."""
    return max((loader.max_bytes for loader in _OF_SUFFIX.get(suffix_of(path), ())), default=0)


def is_meant(path: str, text: str) -> bool:
    """Whether a text, perhaps damaged, looks like a rule of a format of its suffix."""
    return any(loader.meant(text) for loader in _OF_SUFFIX.get(suffix_of(path), ()))


def chosen(file: RuleFile) -> tuple[Loader | None, Any]:
    """The first loader of the file's suffix that recognises it, and the document; (None, None) for none.

    A syntax is parsed once, however many formats share it.

    Raises
    ------
    Unparsable
        When the text is meant for a format of this suffix and no syntax can read it; the first syntax's
        fault.
    """
    documents: dict[str, Any] = {}
    faults: dict[str, Unparsable] = {}
    for loader in _OF_SUFFIX.get(suffix_of(file.path), ()):
        if not loader.meant(file.text):
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
            faults[syntax.name] = fault.bare()
    return documents.get(syntax.name)
