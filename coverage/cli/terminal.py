"""What commands write on a terminal or into a pipe. The only module of the command line that does.

Rules, names and paths are data: no sequence in them may control the terminal, and a line of
theirs looks like no line of ours. So no text is read as Rich's markup, and signs that are not printed are
replaced.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from coverage.text import printable


class Terminal(Console):
    """A console on which every text is data, in tables and titles, too. A call prints one line a text."""

    def render_str(self, text: str, *, style="", justify=None, overflow=None, **_reading) -> Text:
        """The text as it stands: no markup, no emoji, no control sign, no line break of its own."""
        return Text(printable(text), style=style, justify=justify, overflow=overflow)


def terminal(width: int = 200, *, soft_wrap: bool = False) -> Terminal:
    """Standard output: as wide as the terminal, or as `width` when piped."""
    return Terminal(width=None if sys.stdout.isatty() else width, highlight=False, soft_wrap=soft_wrap)


error_console = Terminal(stderr=True, highlight=False, soft_wrap=True)


def lines(*texts: str) -> Text:
    """Texts as lines of one cell or caption."""
    return Text("\n").join(Text(printable(text)) for text in texts)


def write_out(data: bytes) -> None:
    """Bytes on standard output: as they are into a pipe or file; on a terminal without signs that steer
    it.
    """
    if not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    text = data.decode("utf-8", "replace")
    sys.stdout.write("".join(_shown(line) for line in text.splitlines(keepends=True)))


def _shown(line: str) -> str:
    words = line.rstrip("\r\n")
    return "\t".join(map(printable, words.split("\t"))) + ("\n" if len(words) < len(line) else "")


def write_line(text: str) -> None:
    """One line on standard output, such as a path that a script asked for: signs are replaced on a terminal
    alone.
    """
    sys.stdout.write(f"{printable(text) if sys.stdout.isatty() else text}\n")
