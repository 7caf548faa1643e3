"""What the commands share: the connections of the project.

A command imports what it needs when it runs, so that `fdwarehouse --help` is fast.
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
    from fdwarehouse.database.connections import Connections

    root = context.find_root()
    if not isinstance(root.obj, Connections):
        project, deployment = root.obj
        root.obj = Connections(project, deployment=deployment)
    return root.obj


def connections_of_main(context: typer.Context, command: str) -> Connections:
    """Return the connections of the project, for a command that is about sources or bronze.

    Args:
        context: of the command.
        command: its name.

    Raises:
        FdwarehouseError: the environment is deployed beside the main deployment.
    """
    from fdwarehouse.errors import FdwarehouseError

    connections = connections_of(context)
    if connections.schema_prefix:
        raise FdwarehouseError(
            f"{command}: this environment has no bronze of its own, but reads that of the main "
            "deployment",
            hint=f"`fdwarehouse {command}` without --env concerns the main deployment; the next "
            "run of this environment follows it.",
        )
    return connections
