"""The command that compares two environments."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

import typer

from fdwarehouse.cli.context import connections_of
from fdwarehouse.cli.selecting import NOTHING_SELECTED, Exclude, Select
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.terminal.console import counted, err, say

_WITHOUT_PREFIX = "default"


def diff(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="A", help="An environment, such as dev.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another one; default has no prefix.")],
    *,
    select: Select = None,
    exclude: Exclude = None,
    rows: Annotated[int, typer.Option(min=0, max=20, help="Rows of each kind in a sample.")] = 3,
) -> None:
    """Compare the tables of silver and gold of two environments.

    Row by row, by their keys, in one pass that holds few rows in memory. Exits with 1 if they
    differ.
    """
    from fdwarehouse.database.comparing.environments import (
        Environment,
        begin,
        compare_environments,
    )
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.running import require_deployed
    from fdwarehouse.database.selecting import deployed_tables
    from fdwarehouse.rendering.render import render_project
    from fdwarehouse.rendering.selection import asks_for_state
    from fdwarehouse.rendering.selection import select as selected
    from fdwarehouse.terminal.table_differences import show_table_differences
    from fdwarehouse.terminal.unit_tests import Words

    terms = [*(select or ()), *(exclude or ())]
    if asks_for_state(terms):
        raise typer.BadParameter("state: compares with the project's files: name tables")
    connections = connections_of(context)
    rendered = render_project(connections.root)
    with ExitStack() as stack:
        opened = []
        for name in (first, second):
            of = connections.of(None if name == _WITHOUT_PREFIX else name)
            warehouse = stack.enter_context(connect(of.warehouse()))
            begin(warehouse)
            require_deployed(warehouse)
            opened.append((name, warehouse, deployed_tables(warehouse, rendered)))
        nodes = {node.name: node for *_, tables in opened for node in tables}
        wanted = selected([*nodes.values()], select or (), exclude or ())
        wanted = [name for name in wanted if nodes[name].layer in ("silver", "gold")]
        environments = [
            Environment(name, warehouse, [n.name for n in tables if n.name in wanted])
            for name, warehouse, tables in opened
        ]
        with err.console.status(f"Comparing {counted(len(wanted), 'table')}"):
            compared = compare_environments(
                environments[0], environments[1], rendered.definitions, rows=rows
            )
            found = [*compared]
    if not found:
        say(NOTHING_SELECTED)
        return
    words = Words(f"only {first}", f"only {second}", "different", "{expected} | {actual}")
    show_table_differences(found, words, (first, second))
    if different := [table.name for table in found if table]:
        raise FdwarehouseError(
            f"{counted(len(different), 'table')} of {len(found)} differ: {', '.join(different)}",
            exit_code=1,
        )
    say(f"{counted(len(found), 'table')} are equal.", "bold green")
