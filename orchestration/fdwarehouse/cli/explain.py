"""Commands that tell how tables are kept up, and what a header may say."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from fdwarehouse.cli.context import connections_of
from fdwarehouse.errors import FdwarehouseError


def schema(
    what: Annotated[str, typer.Argument(help="header: the header of a table's file.")] = "header",
) -> None:
    """Print the JSON Schema of headers of tables."""
    from fdwarehouse.project.header import json_schema

    if what != "header":
        raise FdwarehouseError(f"there is no schema of {what}", hint="fdwarehouse schema header")
    typer.echo(json.dumps(json_schema(), indent=2))


def explain(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="A table of gold, such as gold.fact_sales.")],
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Show the SQL of each arm.")] = False,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Run the arms, which only read, and count.")
    ] = False,
    after: Annotated[
        int | None,
        typer.Option(help="Look at the changes of later runs than this one; the last run's else."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show how a table is kept up, and what that costs.

    The table is compiled as the project says now; nothing is changed in the warehouse.
    """
    from fdwarehouse.compiler.tables.table import Table
    from fdwarehouse.database import explanation
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.deployment import analysed
    from fdwarehouse.rendering.render import render_project
    from fdwarehouse.terminal.explanation import show_explanation

    connections = connections_of(context)
    rendered = render_project(connections.root)
    with connect(connections.warehouse()) as warehouse:
        tables = analysed(rendered, warehouse, connections.known_sources(), wait="10 seconds")
        by_name = {t.target.qualified: t for t in tables}
        found = by_name.get(table)
        if found is None:
            raise FdwarehouseError(
                f"{table} is no table with a SELECT of its own",
                hint=f"Name one of {', '.join(sorted(by_name))}."
                if by_name
                else "Tables that are written by hand say in their functions what they do.",
            )
        if not isinstance(found, Table):
            typer.echo(f"{table}: {found.kept_up}. {found.definition.path}")
            return
        if after is None:
            row = warehouse.execute(
                "SELECT max(run_id) - 1 FROM etl.watermarks WHERE model = %s", [table]
            ).fetchone()
            after = int(row[0]) if row and row[0] is not None else 0
        told = explanation.explain(found, warehouse, since_run_id=after, analyze=analyze)
    if as_json:
        typer.echo(json.dumps(asdict(told), indent=2))
    else:
        show_explanation(told, with_sql=sql)
