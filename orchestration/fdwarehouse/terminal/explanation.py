"""Shows how a table is maintained."""

from __future__ import annotations

from rich.padding import Padding
from rich.text import Text

from fdwarehouse.database.explanation import Explanation
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
        counts = ("rows", "cost", "actual rows", "pages")
        made = table("arm", *counts, right=counts)
        for arm in explanation.arms:
            cost = arm.cost
            made.add_row(
                arm.comment,
                *(
                    Text("" if value is None else number(round(value)))
                    for value in (
                        (cost.rows, cost.cost, cost.actual_rows, cost.pages)
                        if cost
                        else (None, None, None, None)
                    )
                ),
            )
        out.print(made)
    for arm in explanation.arms:
        for name in arm.cost.scanned if arm.cost else ():
            say(f"{arm.comment} It reads all of {name}: an index may be missing.", "yellow")
        if with_sql:
            say(arm.comment, "bold")
            out.print(Padding(Text(arm.sql), (0, 0, 1, 4), expand=False))
    for index in explanation.indexes:
        state = "exists" if index.is_there else "deploy creates it"
        say(f"index on {index.table} ({', '.join(index.columns)}): {state}", "dim")
