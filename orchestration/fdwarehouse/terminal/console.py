"""The consoles, and numbers, times and differences as text."""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fdwarehouse.errors import FdwarehouseError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

# A file or a pipe has no width: lines are not wrapped.
_WIDTH = None if "COLUMNS" in os.environ else 160

STATES = {
    "pending": ("·", "dim"),
    "running": ("▶", "cyan"),
    "written": ("✓", "dim green"),
    "succeeded": ("✓", "green"),
    "passed": ("✓", "green"),
    "warned": ("!", "yellow"),
    "failed": ("✗", "red"),
    "rolled_back": ("↶", "yellow"),
    "abandoned": ("✗", "yellow"),
    "skipped": ("-", "yellow"),
}

_PLAIN = {"✓": "+", "✗": "x", "·": ".", "▶": ">", "↶": "<"}
"""What a terminal shows that knows only ASCII."""


class _Stream:
    """A console of rich that is made when it is first used: rich takes a tenth of a second."""

    def __init__(self, *, stderr: bool) -> None:
        self._stderr = stderr

    @cached_property
    def console(self) -> Console:
        """The console of rich, for what only it can do."""
        from rich.console import Console

        made = Console(stderr=self._stderr, highlight=False, markup=False)  # [red] may be a name
        if made.is_terminal:
            return made
        return Console(stderr=self._stderr, highlight=False, markup=False, width=_WIDTH)

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads it, rather than a file or another program."""
        return self.console.is_terminal

    def print(self, *objects: Any, soft_wrap: bool | None = None) -> None:
        """Write objects of rich; see `rich.console.Console.print`."""
        self.console.print(*objects, soft_wrap=soft_wrap)

    def text(self, *parts: str | tuple[str, str]) -> None:
        """Write one line, each part with its style, without control characters and markup."""
        from rich.text import Text

        plain = [printable(p) if isinstance(p, str) else (printable(p[0]), p[1]) for p in parts]
        self.print(Text.assemble(*plain), soft_wrap=True)


out = _Stream(stderr=False)
err = _Stream(stderr=True)


def printable(text: str) -> str:
    """Replace control characters, and those that change the direction of text.

    Names, messages and comments come from databases that others write to.
    """
    return "".join(
        c
        if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf")
        else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def show_error(error: FdwarehouseError) -> None:
    """Write an error to stderr: the message and the hint.

    Args:
        error: what happened.
    """
    err.text(("Error: ", "bold red"), error.message)
    if error.hint:
        err.text(("Hint: ", "bold"), error.hint)


def warn(text: str) -> None:
    """Write a warning to stderr.

    Args:
        text: what happened, and what to do.
    """
    err.text(("Warning: ", "bold yellow"), text)


def say(text: str, style: str = "") -> None:
    """Write one line to stdout, without interpreting markup.

    Args:
        text: the line.
        style: of rich.
    """
    out.text((text, style))


def prose(text: str, style: str = "", indent: int = 0) -> None:
    """Write sentences to stdout: folded at words on a terminal, one line in a file.

    Args:
        text: the sentences.
        style: of rich.
        indent: blanks before each line.
    """
    from rich.padding import Padding
    from rich.text import Text

    if out.is_terminal:
        out.print(Padding(Text(printable(text), style), (0, 0, 0, indent), expand=False))
    else:
        say(" " * indent + text, style)


def heading(text: str) -> None:
    """Begin a section of a longer output."""
    out.print()
    out.text((text, "bold"))


def note(text: str) -> None:
    """Write one line about progress to stderr, so that stdout holds only results."""
    err.text((text, "dim"))


def mark(state: str) -> Text:
    """Show a state as a coloured sign, which differs from others also without its colour."""
    from rich.text import Text

    sign, style = STATES[state]
    try:
        sign.encode(out.console.encoding)
    except (UnicodeEncodeError, LookupError):
        sign = _PLAIN.get(sign, sign)
    return Text(sign, style)


def table(*columns: str, right: Sequence[str] = (), drop: Sequence[str] = ()) -> Table:
    """Make an empty table.

    Args:
        columns: headings.
        right: the columns whose cells are numbers.
        drop: the columns that a narrow terminal leaves out, the least important first. If there are
            any, names in the first column with a heading stay whole.
    """
    from rich.table import Table

    from fdwarehouse.terminal.fitting import FittingTable

    kind = FittingTable if drop else Table
    laid_out = kind(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    if isinstance(laid_out, FittingTable):
        laid_out.drop = drop
    names = next((column for column in columns if column), "") if drop else None
    for column in columns:
        laid_out.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column in (*right, names) or (bool(drop) and not column),
        )
    return laid_out


def show_counts_of_checks(passed: int, warned: int, failed: int, waiting: int = 0) -> None:
    """Show how many checks passed, warned and failed, each in its colour.

    Args:
        passed: found nothing.
        warned: found something, with severity warn.
        failed: found something, with severity error.
        waiting: have never run.
    """
    parts = [(counted(passed, "check") + " passed", "green" if passed else "")]
    parts.append((f"{warned} warned", "yellow" if warned else ""))
    parts += [(f"{failed} failed", "red")] * bool(failed)
    parts += [(f"{waiting} never ran", "dim")] * bool(waiting)
    separated = [part for each in parts for part in (each, ", ")]
    out.text(*separated[:-1])


def number(value: float | None) -> str:
    """Format a whole number with thousands separators; None gives an empty string."""
    return "" if value is None else f"{value:,.0f}"


def counted(value: int, what: str) -> str:
    """Format a count with its noun: 1 row, 2,000 rows."""
    return f"{value:,} {what}{'' if value == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """Format a time span: 12 ms, 3.4 s, 5 min 10 s, 3 h 5 min, 2 days.

    Args:
        seconds: its length in seconds; None gives an empty string.
    """
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 2 * 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} days"


def difference(before: str, after: str, name: str) -> list[Text]:
    """Show what changed in a file, as ``diff -u`` does.

    Args:
        before: its text before.
        after: its text now.
        name: the file.

    Returns:
        Coloured lines; none when the texts are the same.
    """
    from rich.text import Text

    styles = {"+": "green", "-": "red", "@": "cyan"}
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, f"{name} (production now)", lineterm=""
    )
    return [Text(line, styles.get(line[0], "")) for line in lines]
