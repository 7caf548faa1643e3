"""The commands that watch a warehouse and tell of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.cli.context import connections_of, connections_of_main
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.terminal.console import note, say, show_error, warn

if TYPE_CHECKING:
    from fdwarehouse.database.connections import Connections


def metrics(context: typer.Context) -> None:
    """Print the state of the warehouse as metrics for Prometheus.

    The text format that a textfile collector reads. The role warehouse_monitor may read them.
    """
    from fdwarehouse.database.metrics import exposition, read_metrics

    typer.echo(exposition(read_metrics(connections_of(context).warehouse())), nl=False)


def alert(
    context: typer.Context,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent; send and record nothing.")
    ] = False,
    site_url: Annotated[
        str | None,
        typer.Option(
            help="Where the site of the warehouse is, for links. Default: FDWAREHOUSE_SITE_URL."
        ),
    ] = None,
) -> None:
    """Tell channels what is wrong, and what is over.

    The channels are in warehouse.yaml. Each problem is told once when it begins and once when it
    ends, see etl.problems. Exits with 1 if a channel cannot be told; it is told by the next call.
    """
    if not teller(context, "alert", dry_run=dry_run, site_url=site_url)():
        raise typer.Exit(1)


def teller(
    context: typer.Context,
    command: str,
    *,
    dry_run: bool = False,
    site_url: str | None = None,
    as_json: bool = False,
) -> Callable[[], bool]:
    """Return a function that tells the channels, and returns whether all could be told.

    Args:
        context: of the command.
        command: its name.
        dry_run: whether to show the messages instead.
        site_url: where the site is.
        as_json: whether a machine reads stdout: what is said goes to stderr.

    Raises:
        FdwarehouseError: there are no channels.
    """
    connections = connections_of_main(
        context,
        command,
        "the channels are told of the main deployment; `status` shows what is wrong in this "
        "environment",
    )
    if not connections.config.alerts:
        raise FdwarehouseError(
            "warehouse.yaml has no channels to tell",
            hint='Add some: alerts: [{to: slack, url: "${SLACK_URL}"}]',
        )
    site_url = site_url or connections.environment.get("FDWAREHOUSE_SITE_URL")
    output = note if as_json else say

    def tell_all() -> bool:
        from fdwarehouse.alerts.telling import tell

        is_told = True
        try:
            for told in tell(
                connections.warehouse(),
                connections.config,
                connections.environment,
                site_url=site_url,
                is_rehearsal=dry_run,
            ):
                if told.warning:
                    warn(f"channel {told.channel}: {told.warning}")
                if told.error:
                    is_told = False
                    show_error(told.error)
                elif told.message is None:
                    output(f"{told.channel}: nothing new")
                elif dry_run:
                    output(f"{told.channel}: {told.message.subject}\n\n{told.message.text}\n")
                else:
                    output(f"{told.channel} was told: {told.message.subject}")
        except FdwarehouseError as error:
            is_told = False
            show_error(error)
        return is_told and _have_secrets(connections)

    return tell_all


def _have_secrets(connections: Connections) -> bool:
    """Say which variables are not set: better now than with the first problem."""
    from fdwarehouse.alerts.channels import require_secret

    are_set = True
    for channel in connections.config.alerts:
        try:
            require_secret(channel, connections.environment)
        except FdwarehouseError as error:
            are_set = False
            show_error(error)
    return are_set
