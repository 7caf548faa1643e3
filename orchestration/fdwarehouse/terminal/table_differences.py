"""How two states of tables differ, on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.padding import Padding

from fdwarehouse.project.row_differences import TableDifference
from fdwarehouse.terminal.console import duration, number, out, say, table
from fdwarehouse.terminal.unit_tests import Words, difference_table

_PLANNED = Words("removed", "inserted", "updated", "{expected} → {actual}")


def show_table_differences(
    found: Sequence[TableDifference],
    words: Words = _PLANNED,
    states: tuple[str, str] = ("before", "after"),
) -> None:
    """Show the numbers of rows, then samples of those that differ, by cell.

    Args:
        found: one per table.
        words: what to call rows that differ.
        states: what to call the two states.
    """
    kinds = (words.unexpected, words.different, words.missing)
    made = table(
        "table",
        *states,
        *kinds,
        "cells",
        right=(*states, *kinds),
        drop=("cells", *states, *kinds),
    )
    for each in found:
        cells = ", ".join(f"{name} ({number(rows)})" for name, rows in each.cells.items())
        counts = (each.before, each.after, each.inserted, each.updated, each.removed)
        made.add_row(each.name, *map(number, counts), cells)
    out.print(made)
    for each in found:
        if each:
            say("")
            say(each.name, "bold")
            for note in each.notes:
                say(f"  {note}")
        if each.sample:
            out.print(Padding(difference_table(each.sample, words), (0, 0, 0, 2), expand=False))


def show_locks(locked: Sequence[str], seconds: float) -> None:
    """Say what a plan has locked and for how long.

    Args:
        locked: tables and views whose readers waited.
        seconds: how long.
    """
    readers = f" Readers of these waited: {', '.join(locked)}." if locked else ""
    say(f"For {duration(seconds)}, no run could begin.{readers}", "yellow")
