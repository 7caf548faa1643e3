"""The commands that delete from bronze: old history, and a person."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from fdwarehouse.cli import completing
from fdwarehouse.cli.context import connections_of_main
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.terminal.console import say, warn


def prune(
    context: typer.Context,
    older_than: Annotated[
        str | None,
        typer.Option(
            help="Age of the history to keep: '2 years', '90 days'. Without it, as warehouse.yaml "
            "says of each table (retention)."
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Argument(
            help="A table of the source; all when omitted.",
            autocompletion=completing.source_tables,
        ),
    ] = None,
) -> None:
    """Delete old history from bronze.

    Deletes the versions that had already been superseded at that time. Current rows stay, and so
    do the rows that were current then. The next run computes gold in full.
    """
    from psycopg.errors import InvalidDatetimeFormat, InvalidParameterValue

    from fdwarehouse.database.running import call
    from fdwarehouse.terminal.live import LiveSteps
    from fdwarehouse.terminal.outcomes import show_outcome

    connections = connections_of_main(context, "prune")
    units = "Say '2 years', '90 days', '36 hours'."
    if older_than and not re.search("[a-zA-Z:]", older_than):  # PostgreSQL reads 90 as 90 seconds
        raise FdwarehouseError(f"--older-than: {older_than!r} has no unit", hint=units)
    with LiveSteps() as live:
        outcome = call(
            connections.warehouse(),
            "CALL etl.prune_bronze(%s::interval, %s)",
            [older_than, table],
            on_progress=live,
        )
    if isinstance(outcome.error, InvalidDatetimeFormat):
        raise FdwarehouseError(
            f"--older-than: {outcome.error.diag.message_primary}",
            hint=units,
        )
    if isinstance(outcome.error, InvalidParameterValue) and older_than is None:
        raise FdwarehouseError(
            outcome.error.diag.message_primary or "nothing was pruned",
            hint="Say --older-than '2 years', or retention: 2 years at tables in warehouse.yaml.",
        )
    show_outcome(outcome, "prune")
    if outcome.rows_written:
        say("Old history was deleted; the next run computes gold from what is left.")


def forget(
    context: typer.Context,
    table: Annotated[
        str,
        typer.Argument(
            help="A table of the source, such as production.customers.",
            autocompletion=completing.source_tables,
        ),
    ],
    key: Annotated[str, typer.Argument(help="Value of its key; of several columns: '{7,2}'.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a person from the warehouse.

    Erases a row of production and all its versions from bronze, silver, gold, change logs and the
    log, and never reads it again. Facts keep a member that has only the key. Production keeps the
    row. This cannot be undone.
    """
    from fdwarehouse.database.running import call
    from fdwarehouse.terminal.live import LiveSteps
    from fdwarehouse.terminal.outcomes import show_outcome

    connections = connections_of_main(context, "forget")
    if not yes:
        try:
            typer.confirm(f"Erase {key} of {table} for ever?", abort=True)
        except typer.Abort as error:
            raise FdwarehouseError(
                "nothing was erased", hint="--yes erases without asking.", exit_code=1
            ) from error
    with LiveSteps() as live:
        outcome = call(
            connections.warehouse(),
            "CALL etl.forget(%s, %s)",
            [table, key],
            on_progress=live,
        )
    show_outcome(outcome, "erasure")
    if not any(step.rows_deleted for step in outcome.steps if step.layer == "bronze"):
        warn(
            f"no row of {table} had this key, so nothing was erased. The key is recorded all the "
            "same, so that such a row is never read. If it was mistyped, delete what run "
            f"{outcome.run_id} wrote into etl.forgotten_keys."
        )
