"""The command that explains how a table is maintained."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from fdwarehouse.cli import completing
from fdwarehouse.cli.context import connections_of
from fdwarehouse.errors import FdwarehouseError


def explain(
    context: typer.Context,
    table: Annotated[
        str,
        typer.Argument(
            help="A table, such as gold.fact_sales.",
            autocompletion=completing.tables_of_gold,
        ),
    ],
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Show the SQL of each arm.")] = False,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Run the arms, which only read, and count rows.")
    ] = False,
    after: Annotated[
        int | None,
        typer.Option(help="Use the changes of the runs after this one. Default: the last run's."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show how a table is maintained, and what that costs.

    The table is compiled from the project's current files; nothing is changed in the warehouse.
    """
    from fdwarehouse.compiler.tables.table import Table
    from fdwarehouse.database import explanation
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.deployment import analysed
    from fdwarehouse.rendering.render import render_project
    from fdwarehouse.terminal.explanation import show_explanation

    connections = connections_of(context)
    rendered = render_project(connections.root, prefix=connections.schema_prefix)
    of_bronze = {t.model: t for source in rendered.sources for t in source.tables}
    if table in of_bronze:
        how = of_bronze[table].how_it_is_read
        typer.echo(json.dumps({"table": table, "kept_up": how}) if as_json else f"{table}: {how}")
        return
    with connect(connections.warehouse()) as warehouse:
        tables = analysed(rendered, warehouse, connections.known_sources(), wait="10 seconds")
        by_name = {t.target.qualified: t for t in tables}
        found = by_name.get(table)
        if found is None:
            raise FdwarehouseError(
                f"{table} is not a table with a SELECT of its own",
                hint=f"Name one of {', '.join(sorted(by_name))}."
                if by_name
                else "For tables written by hand, read their functions.",
            )
        if not isinstance(found, Table):
            typer.echo(f"{table}: {found.kept_up}. {found.definition.path}")
            return
        if after is None:
            row = warehouse.execute(
                "SELECT max(run_id) - 1 FROM etl.watermarks WHERE model = %s", [table]
            ).fetchone()
            after = int(row[0]) if row and row[0] is not None else 0
        explained = explanation.explain(found, warehouse, since_run_id=after, analyze=analyze)
    if as_json:
        typer.echo(json.dumps(asdict(explained), indent=2))
    else:
        show_explanation(explained, with_sql=sql)
