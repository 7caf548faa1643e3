"""What the commands share: the connections of the project that the command was given.

A command imports what it needs when it runs: `fdwarehouse --help` does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from fdwarehouse.database.connections import Connections


def connections_of(context: typer.Context) -> Connections:
    """Return the connections of the project.

    Args:
        context: of the command.
    """
    connections: Connections = context.obj
    return connections
