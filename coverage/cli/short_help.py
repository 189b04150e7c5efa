"""The `--help` of a command, on one screen: a sentence for each option, the common ones first.

An option's help is written once: `--help` has its first sentence, `docs/cli.md` all of it. Rarer options bear
the panel ADVANCED.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperCommand

ADVANCED = "Advanced"
_LONGEST_DEFAULT = 18  # signs


class Application(typer.Typer):
    """An application whose commands have a short help."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Callable], Callable]:
        """As typer's own, with a short help."""
        return super().command(name, cls=_Command, **settings)


class _Command(TyperCommand):
    def format_help(self, ctx: Any, formatter: Any) -> None:
        short = copy(self)
        short.params = [_short(parameter) for parameter in self.get_params(ctx)]
        short.add_help_option = False  # it is among them
        super(_Command, short).format_help(ctx, formatter)


def _short(parameter: Any) -> Any:
    """A parameter as help shows it: without what only docs/cli.md has room for, and without the type of a
    flag.
    """
    short, default = copy(parameter), _default_in_words(parameter)
    short.help = escape(first_sentence(parameter.help or "") + (f" [default: {default}]" if default else ""))
    if isinstance(getattr(parameter, "show_default", None), str):
        short.show_default = False
    if parameter.param_type_name == "argument":
        short.display_type_rich = lambda ctx: None
    elif parameter.is_flag:
        short.metavar, short.secondary_opts = "", []
    return short


def _default_in_words(parameter: Any) -> str:
    """The default that help writes in words, where it is short enough and says more than `all`."""
    written = re.search(r"\[default: (.+)\]$", parameter.help or "")
    words = written[1] if written else parameter.show_default
    return words if isinstance(words, str) and len(words) <= _LONGEST_DEFAULT and words != "all" else ""


def first_sentence(text: str) -> str:
    """The text up to the end of its first sentence."""
    return re.split(r"(?<=[.?!]) ", " ".join(text.split()), maxsplit=1)[0]
