"""Tables of a settings file as pydantic models, and pydantic's errors in this project's words.

A model says which keys a table may have and what may stand there. What is wrong with a document comes back as
`Fault`s: the path, a code and the words, the same for every file and table. Pydantic takes 0.1 s to import,
so this module and the models are imported by the functions that read a file, when there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError, PydanticKnownError

from coverage.syntaxes.fields import parsed_day, type_name
from coverage.syntaxes.syntax import DocPath, path_text

UNKNOWN, MISSING, WRONG_TYPE = "unknown-key", "missing", "wrong-type"

LineOf = Callable[[DocPath], int | None]  # document path -> line

_Model = TypeVar("_Model", bound="Table")


class Table(BaseModel):
    """A table that has these keys and no others. Values are taken as they are: no text becomes a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    unknown_words: ClassVar[str] = "is not a setting; known: {}"  # message for any other key


@dataclass(frozen=True)
class Fault:
    """What is wrong at a place of a document. `key`: what a table lacks, for a fault that is MISSING."""

    path: DocPath
    code: str
    words: str  # after the path
    key: str | None = None

    @property
    def message(self) -> str:
        """The fault in one sentence; its path opens it."""
        return f"{path_text(self.path) or 'The file'} {self.words}."


def validated(model: type[_Model], document: Mapping[str, Any]) -> tuple[_Model | None, list[Fault]]:
    """A document as a model, or None and what is wrong with it.

    Unknown keys come first, because a misspelt key is why another one is missing; else in the order of the
    model's fields.
    """
    try:
        return model.model_validate(document), []
    except ValidationError as error:
        faults = [_fault(model, one) for one in error.errors(include_url=False)]
        return None, sorted(faults, key=lambda fault: fault.code != UNKNOWN)


def wrong(code: str, words: str, *below: str | int) -> PydanticCustomError:
    """The error that a validator raises. `below`: where the fault is, from the value that is validated."""
    return PydanticCustomError(code, "{words}", {"words": words, "below": below})


# ---- pydantic's errors ---------------------------------------------------------------------------------


# Pydantic's type of an error -> what is wanted there.
_WANTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "a table",
}


def _fault(model: type[Table], error: Mapping[str, Any]) -> Fault:
    path, kind, context = tuple(error["loc"]), error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        table = _table_at(model, path[:-1])
        return Fault(path, UNKNOWN, table.unknown_words.format(", ".join(table.model_fields)))
    if kind == "missing":
        field = _table_at(model, path[:-1]).model_fields[path[-1]]
        more = f"; {field.description}" if field.description else ""
        return Fault(path[:-1], MISSING, f"has no {path[-1]}{more}", path[-1])
    if kind in _WANTED:
        return Fault(path, WRONG_TYPE, f"is {type_name(error['input'])}, not {_WANTED[kind]}")
    if kind == "list_type":
        annotation = _table_at(model, path[:-1]).model_fields[path[-1]].annotation
        wanted = "a list of tables" if _table_in(annotation) else "a list of texts"
        return Fault(path, WRONG_TYPE, f"is {type_name(error['input'])}, not {wanted}")
    if "below" in context:
        return Fault((*path, *context["below"]), kind, context["words"])
    return Fault(path, "bad-value", f"cannot be used: {error['msg']}")


def _table_at(model: type[Table], path: DocPath) -> type[Table]:
    """The model of the table at a path."""
    for key in path:
        if isinstance(key, str):
            model = _table_in(model.model_fields[key].annotation)
    return model


def _table_in(annotation: Any) -> type[Table] | None:
    """The model that a type is made of: `Gap` of `list[Gap | None]`."""
    parts = get_args(annotation)
    if not parts:
        return annotation if isinstance(annotation, type) and issubclass(annotation, Table) else None
    return next((found for part in parts if (found := _table_in(part))), None)


# ---- types of values -----------------------------------------------------------------------------------


def is_blank(value: Any) -> bool:
    """Whether a value is a text that says nothing."""
    return type(value) is str and not value.strip()


def _not_blank(value: Any) -> Any:
    if is_blank(value):
        raise PydanticKnownError("missing")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    if type(value) is not str:
        raise wrong(WRONG_TYPE, f"is {type_name(value)}, not a date as text")
    day = parsed_day(value)
    if day is None:
        raise wrong("bad-date", f"is {value[:40]!r}, which is not a date written YYYY/MM/DD")
    return day


NeededText = Annotated[str, BeforeValidator(_not_blank)]  # a blank text is as good as none
Text = Annotated[str | None, BeforeValidator(lambda value: None if is_blank(value) else value)]
Texts = Annotated[list[str], AfterValidator(lambda texts: [text for text in texts if not is_blank(text)])]
Day = Annotated[date | None, BeforeValidator(_day)]


def one_of(choices: Collection[str]) -> AfterValidator:
    """The validator of a text that must be one of some words, where there is a text."""

    def chosen(value: str | None) -> str | None:
        if value is not None and value not in choices:
            raise wrong("bad-value", f"is '{value}', none of {', '.join(choices)}")
        return value

    return AfterValidator(chosen)


def number(low: float, high: float) -> BeforeValidator:
    """The validator of a number within bounds; anything else is left to its type."""

    def within(value: Any) -> Any:
        if type(value) in (int, float) and not low <= value <= high:  # true for nan as well
            raise wrong("bad-value", f"is not a number from {low:g} to {high:g}")
        return value

    return BeforeValidator(within)


# ---- documents without what is wrong -------------------------------------------------------------------


def without(document: Any, paths: Collection[DocPath]) -> Any:
    """A copy of a document without what stands at some paths: no key there, None in a list."""
    if () in paths:
        return None
    below: dict[str | int, list[DocPath]] = {}
    for path in paths:
        below.setdefault(path[0], []).append(path[1:])
    if isinstance(document, list):
        return [without(item, below[at]) if at in below else item for at, item in enumerate(document)]
    return dict(_kept(document, below))


def _kept(table: Mapping[str, Any], below: Mapping[Any, list[DocPath]]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if key not in below:
            yield key, value
        elif () not in below[key]:
            yield key, without(value, below[key])
