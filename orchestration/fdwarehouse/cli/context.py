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


_NO_BRONZE = "this environment has no bronze of its own, it follows that of the main deployment"


def connections_of_main(
    context: typer.Context, command: str, because: str = _NO_BRONZE
) -> Connections:
    """Return the connections of the project, for a command that is for the main deployment alone.

    Args:
        context: of the command.
        command: its name.
        because: why it is not for an environment beside the main deployment.

    Raises:
        FdwarehouseError: the environment is beside the main deployment.
    """
    from fdwarehouse.errors import FdwarehouseError

    connections = connections_of(context)
    if connections.schema_prefix:
        raise FdwarehouseError(
            f"{command}: {because}",
            hint=f"`fdwarehouse {command}` without --env is about the main deployment.",
        )
    return connections
