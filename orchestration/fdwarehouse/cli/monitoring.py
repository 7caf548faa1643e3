"""The commands that watch a warehouse and tell of it."""

from __future__ import annotations

import typer

from fdwarehouse.cli.context import connections_of


def metrics(context: typer.Context) -> None:
    """Print the state of the warehouse as metrics for Prometheus.

    The text format that a textfile collector reads. The role warehouse_monitor may read them.
    """
    from fdwarehouse.database.metrics import exposition, read_metrics

    typer.echo(exposition(read_metrics(connections_of(context).warehouse())), nl=False)


def alert(context: typer.Context) -> None:
    """Tell the channels of warehouse.yaml what is wrong, and what is over."""
