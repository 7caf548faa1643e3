"""The consoles, and numbers, times and differences as text."""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fdwarehouse.errors import FdwarehouseError

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
    "abandoned": ("✗", "yellow"),
    "skipped": ("-", "yellow"),
}


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False)  # [red] may be a table's name
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, markup=False, width=_WIDTH)
    return console


out = _console(stderr=False)
err = _console(stderr=True)


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
    err.print(Text.assemble(("Error: ", "bold red"), printable(error.message)), soft_wrap=True)
    if error.hint:
        err.print(Text.assemble(("Hint: ", "bold"), printable(error.hint)), soft_wrap=True)


def warn(text: str) -> None:
    """Write a warning to stderr.

    Args:
        text: what happened, and what to do.
    """
    err.print(Text.assemble(("Warning: ", "bold yellow"), printable(text)), soft_wrap=True)


def say(text: str, style: str = "") -> None:
    """Write one line to stdout, without interpreting markup.

    Args:
        text: the line.
        style: of rich.
    """
    out.print(Text(printable(text), style), soft_wrap=True)


def heading(text: str) -> None:
    """Begin a section of a longer output."""
    out.print()
    out.print(Text(printable(text), "bold"), soft_wrap=True)


def note(text: str) -> None:
    """Write one line about progress to stderr, so that stdout holds only results."""
    err.print(Text(printable(text), "dim"), soft_wrap=True)


def mark(state: str) -> Text:
    """Show a state as a coloured sign."""
    sign, style = STATES[state]
    return Text(sign, style)


def table(*columns: str, right: Sequence[str] = (), title: str | None = None) -> Table:
    """Make an empty table.

    Args:
        columns: headings.
        right: the columns whose cells are numbers.
        title: above the table, or None.
    """
    laid_out = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="dim",
        title=title,
        title_justify="left",
        title_style="bold",
    )
    for column in columns:
        laid_out.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column in right,
        )
    return laid_out


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
    styles = {"+": "green", "-": "red", "@": "cyan"}
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, f"{name} (production now)", lineterm=""
    )
    return [Text(line, styles.get(line[0], "")) for line in lines]
