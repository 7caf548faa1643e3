"""The command that opens psql."""

from __future__ import annotations

import os
import shutil
from typing import Annotated

import typer

from fdwarehouse.cli import completing
from fdwarehouse.cli.context import connections_of
from fdwarehouse.errors import FdwarehouseError


def psql(
    context: typer.Context,
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments of psql, such as -c 'SELECT 1'.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            help="Connect to this source instead, as its reader.",
            autocompletion=completing.sources,
        ),
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Connect as administrator.")] = False,
) -> None:
    """Open psql in the warehouse.

    Uses the psql on PATH, or else the one that comes with the embedded servers.
    """
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from fdwarehouse.embedded import programs

    connections = connections_of(context)
    if admin:
        url = connections.source_admin(on) if on else connections.warehouse_admin()
    else:
        url = connections.source(on) if on else connections.warehouse()
    options = conninfo_to_dict(url)
    # Any user can see the arguments of a process; only its owner can see the environment.
    environment = os.environ | {"PGPASSWORD": str(options.pop("password", ""))}
    if "sslpassword" in options:
        raise FdwarehouseError(
            "psql takes sslpassword only in its arguments, which any user can see",
            hint="Put it into a service file of libpq and connect with service=...",
        )
    program = shutil.which("psql") or str(programs.binaries({}) / "psql")
    conninfo = make_conninfo("", **{k: v for k, v in options.items() if v is not None})
    os.execve(program, [program, conninfo, *(arguments or [])], environment)
