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
