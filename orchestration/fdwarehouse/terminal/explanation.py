"""Shows how a table is maintained."""

from __future__ import annotations

from collections.abc import Sequence

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from fdwarehouse.database.explanation import Arm, Explanation
from fdwarehouse.terminal.console import number, out, say, table


def show_explanation(explanation: Explanation, *, with_sql: bool) -> None:
    """Show arms, indexes and costs.

    Args:
        explanation: of one table.
        with_sql: whether to show the SQL of each arm.
    """
    say(f"{explanation.table}  {explanation.kept_up}", "bold")
    say(explanation.path, "dim")
    if explanation.arms:
        out.print(_arms(explanation.arms))
    for arm in explanation.arms:
        is_alarming = explanation.lacks_index and not arm.is_of_full_refresh
        for name in arm.cost.scanned if arm.cost and is_alarming else ():
            say(f"{arm.comment} It reads all of {name}: an index may be missing.", "yellow")
        if with_sql:
            say(arm.comment, "bold")
            out.print(Padding(Text(arm.sql), (0, 0, 1, 4), expand=False))
    for index in explanation.indexes:
        state = "exists" if index.is_there else "deploy creates it"
        say(f"index on {index.table} ({', '.join(index.columns)}): {state}", "dim")


def _arms(arms: Sequence[Arm]) -> Table:
    """Return one line per arm; what was counted has columns only where the arms were run."""
    is_counted = any(arm.cost and arm.cost.actual_rows is not None for arm in arms)
    counts = ("rows", "cost", *(("actual rows", "pages") if is_counted else ()))
    made = table("arm", *counts, right=counts)
    for arm in arms:
        cost = arm.cost
        values = (cost.rows, cost.cost, cost.actual_rows, cost.pages) if cost else (None,) * 4
        cells = ("" if value is None else number(round(value)) for value in values)
        made.add_row(arm.comment, *(Text(cell) for _, cell in zip(counts, cells, strict=False)))
    return made
