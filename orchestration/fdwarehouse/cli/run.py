"""The commands that run the warehouse."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.cli import completing
from fdwarehouse.cli.calling import AsJsonLines, call_and_show, say_nothing_selected
from fdwarehouse.cli.context import connections_of, connections_of_main
from fdwarehouse.cli.monitoring import teller
from fdwarehouse.cli.selecting import Exclude, Select, selected_tables
from fdwarehouse.errors import CANCELLED, FdwarehouseError, database_error
from fdwarehouse.terminal.console import say

if TYPE_CHECKING:
    from datetime import timedelta

    from fdwarehouse.database.running import Outcome


class Layer(StrEnum):
    """What can be rebuilt."""

    silver = "silver"
    gold = "gold"
    all = "all"


def demo(context: typer.Context) -> None:
    """Show a whole warehouse, from an empty database, in a minute.

    Uses the embedded servers and recreates their databases: a seeded shop, its warehouse, a first
    run, a day of changes in the shop, a second run, and three questions to the star schema.
    """
    from fdwarehouse.database.connections import Connections
    from fdwarehouse.demo.story import run_demo

    run_demo(Connections(connections_of(context).root, environment={}))


AllowDeletions = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-deletions",
        metavar="TABLE",
        autocompletion=completing.source_tables,
        help="A table that may lose more rows than max_deleted, this time only. Can be repeated.",
    ),
]


def run(
    context: typer.Context,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Compute everything again and write what differs.")
    ] = False,
    allow_deletions: AllowDeletions = None,
    select: Select = None,
    exclude: Exclude = None,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD",
            help="Run again and again, such as 5m or '1 hour', until Ctrl-C; one line per run.",
        ),
    ] = None,
    skip_if_running: Annotated[
        bool,
        typer.Option(
            "--skip-if-running",
            help="Exit with 0 if another run or a deploy is in progress. Included in --every.",
        ),
    ] = False,
    as_json: AsJsonLines = False,
    alert: Annotated[
        bool,
        typer.Option(
            "--alert", help="Then tell the channels of warehouse.yaml, see `fdwarehouse alert`."
        ),
    ] = False,
) -> None:
    """Run the pipeline once, or at fixed times.

    Extracts changes, cleans them, publishes the star schema and checks it. With --select, only the
    selected tables, from what is upstream of them now, and the checks that read them. Exits with 1
    on failure. With --every, runs at once and then at each multiple of the period (12:00, 12:05,
    ...), never two at a time, and goes on after a failed run.
    """
    period = _period_of(every, allow_deletions)
    if skip_if_running and allow_deletions:
        raise typer.BadParameter("--allow-deletions is for this run: leave out --skip-if-running")
    tell = teller(context, "run --alert", as_json=as_json) if alert else None
    tables = selected_tables(connections_of(context), select, exclude)
    if tables == []:
        say_nothing_selected(as_json=as_json)
        return
    _allow_deletions(context, allow_deletions)
    statement = "CALL etl.run_pipeline(%s)" if tables is None else "CALL etl.run_selection(%s, %s)"
    parameters = [full] if tables is None else [tables, full]
    if period is not None:
        from fdwarehouse.database.repeating import repeat
        from fdwarehouse.database.running import call
        from fdwarehouse.terminal.repeating import show_event, write_event

        url = connections_of(context).warehouse()

        def call_once() -> Outcome:
            outcome = call(url, statement, parameters)
            if tell and not outcome.was_cancelled:
                tell()
            return outcome

        repeat(call_once, period, write_event if as_json else show_event)
        return
    is_told = True
    try:
        call_and_show(
            context,
            "run",
            statement,
            parameters,
            layers=["source", "bronze", "silver", "gold"] if tables is None else [],
            as_json=as_json,
            may_skip=skip_if_running,
        )
    except FdwarehouseError as error:
        if error.exit_code == CANCELLED:
            tell = None  # who stopped it knows
        raise
    finally:
        if tell:
            is_told = tell()
    if not is_told:
        raise typer.Exit(1)


def _period_of(every: str | None, allow_deletions: list[str] | None) -> timedelta | None:
    from fdwarehouse.project.config_values import period

    if every is None:
        return None
    if allow_deletions:
        raise typer.BadParameter("--allow-deletions is for one run: leave out --every")
    try:
        return period(every)
    except ValueError as error:
        raise typer.BadParameter(f"--every: {error}") from error


def _allow_deletions(context: typer.Context, tables: list[str] | None) -> None:
    import psycopg

    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.running import require_deployed

    if not tables:
        return
    connections = connections_of_main(context, "run --allow-deletions")
    with connect(connections.warehouse(), autocommit=True) as warehouse:
        require_deployed(warehouse)
        for table in tables:
            try:
                warehouse.execute("CALL etl.allow_deletions(%s)", [table])
            except psycopg.Error as error:
                raise database_error(error) from error


def backfill(
    context: typer.Context,
    jobs: Annotated[
        int, typer.Option(min=1, max=64, help="Number of sessions that load in parallel.")
    ] = 2,
    chunk_rows: Annotated[
        int, typer.Option(min=1, help="Rows that are read and committed at a time.")
    ] = 250_000,
) -> None:
    """Load large tables for the first time, in chunks.

    Loads into bronze, and only tables that were never loaded. The next run extracts what has
    changed since and builds silver and gold. After an interruption, call it again: loaded chunks
    are kept.
    """
    from fdwarehouse.database import backfilling
    from fdwarehouse.terminal.backfill import chunks_loaded, show_backfill
    from fdwarehouse.terminal.live import ProgressBar

    connections = connections_of_main(context, "backfill")
    with ProgressBar(says_tenths=True) as bar:
        outcome = backfilling.backfill(
            connections.warehouse(),
            jobs,
            chunk_rows,
            lambda p: bar(p.chunks_loaded, p.chunks, chunks_loaded(p)),
        )
    show_backfill(outcome)


def rebuild(
    context: typer.Context,
    layer: Annotated[Layer, typer.Argument(help="What to compute again.")] = Layer.all,
    select: Select = None,
    exclude: Exclude = None,
    as_json: AsJsonLines = False,
) -> None:
    """Compute silver and gold again from bronze.

    Writes only what differs, so it also audits what the runs have built. With --select, computes
    the selected tables of silver and gold again, from what is upstream of them now.
    """
    layers = [Layer.silver, Layer.gold] if layer == Layer.all else [layer]
    tables = selected_tables(connections_of(context), select, exclude)
    if tables is not None:
        tables = [name for name in tables if name.partition(".")[0] in layers]
    if tables == []:
        say_nothing_selected(as_json=as_json)
        return
    outcome = call_and_show(
        context,
        "rebuild",
        "CALL etl.rebuild(%s)" if tables is None else "CALL etl.run_selection(%s, true)",
        [layer.value] if tables is None else [tables],
        layers=layers if tables is None else [],
        as_json=as_json,
    )
    if not as_json and outcome.run_id and not outcome.rows_written:
        say("No row differed from what the runs had built.")


def reconcile(
    context: typer.Context,
    table: Annotated[
        str | None,
        typer.Argument(
            help="A table of the source; all when omitted.",
            autocompletion=completing.source_tables,
        ),
    ] = None,
    allow_deletions: AllowDeletions = None,
    as_json: AsJsonLines = False,
) -> None:
    """Compare production with bronze, and repair.

    Finds what a run cannot see in time stamps, such as deletions, and brings it to gold. Runs do
    the same automatically, as often as warehouse.yaml says.
    """
    connections_of_main(context, "reconcile")
    _allow_deletions(context, allow_deletions)
    call_and_show(context, "reconciliation", "CALL etl.reconcile(%s)", [table], as_json=as_json)


def airflow(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port of the UI, on 127.0.0.1.")
    ] = 8080,
) -> None:
    """Run Airflow on this machine, with the warehouse's DAG.

    Runs until Ctrl-C. Nothing is installed or kept outside the project.
    """
    from fdwarehouse.demo.airflow_standalone import run_airflow

    run_airflow(connections_of_main(context, "airflow"), port=port, say=say)
