"""Mounts the catalogue of a source in the warehouse for a moment, as a run would read it.

The client may be unable to reach production; the warehouse's server can. So the source's catalogue
is mounted in one transaction, which is rolled back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from fdwarehouse.database.connections import connect, variable
from fdwarehouse.database.deployment import hand_over_urls
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.project.conninfo import parse_conninfo
from fdwarehouse.project.contract import OLDEST
from fdwarehouse.project.sources import server_options
from fdwarehouse.rendering.source_errors import way_out
from fdwarehouse.rendering.templates import render_mechanics

# Cannot be the name of a source: those do not begin with an underscore.
MOUNT = "_fdwarehouse_contract"


@contextmanager
def mounted_catalogue(
    warehouse_url: str,
    name: str,
    url: str,
    *,
    wait: str,
    application_name: str = "fdwarehouse",
) -> Iterator[psycopg.Connection]:
    """Mount the catalogue of a source in schema `MOUNT`, and roll back at the end of the block.

    Args:
        warehouse_url: connection string of the warehouse's owner.
        name: the source's name.
        url: connection string of the reader, valid on the warehouse's server.
        wait: how long the source may take to answer.
        application_name: by which the session is known there.

    Yields:
        The connection to the warehouse.

    Raises:
        FdwarehouseError: the source cannot be reached or read; also for errors of the block.
    """
    with connect(warehouse_url) as connection:
        try:
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [wait])
            _mount_catalogue(connection, name, url, application_name)
            yield connection
        except psycopg.errors.QueryCanceled as error:
            raise FdwarehouseError(
                f"source {name} did not respond within {wait}",
                hint="Check that its server is running. The limit is timeouts.source in "
                "warehouse.yaml.",
            ) from error
        except psycopg.Error as error:
            raise source_failure(name, error) from error
        finally:
            connection.rollback()


def source_failure(name: str, error: psycopg.Error) -> FdwarehouseError:
    """Explain why a source cannot be read.

    Args:
        name: of the source.
        error: of the warehouse's server.
    """
    told = database_error(error)
    if (error.sqlstate or "").startswith("DW"):
        return FdwarehouseError(told.message, hint=told.hint)
    return FdwarehouseError(
        f"source {name} cannot be read: {told.message.replace(MOUNT, name)}",
        hint=told.hint
        or way_out(told.message, variable(name))
        or f"The warehouse's server reads it: check that production is running, and that "
        f"{variable(name)} is valid there. `fdwarehouse bootstrap` creates the roles.",
    )


def _mount_catalogue(
    connection: psycopg.Connection, name: str, url: str, application_name: str
) -> None:
    options = parse_conninfo(variable(name), url)
    connection.execute(render_mechanics("deploy/mount.sql").encode())
    hand_over_urls(connection, {name: json.dumps(options)})
    connection.execute("SELECT pg_temp.keep_secrets()")
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(MOUNT)))
    connection.execute(
        "SELECT pg_temp.mount(%s, %s, %s::jsonb, u.url::jsonb, '{}') FROM pg_temp.source_urls AS u",
        [
            MOUNT,
            name,
            json.dumps(server_options(OLDEST, "1min") | {"application_name": application_name}),
        ],
    )
    connection.execute(rendered("catalogue"))
    connection.execute(rendered("tables"))
    connection.execute(rendered("comments"))
    mount_table(
        connection,
        "_pg_settings",
        sql.SQL("name text, setting text, reset_val text"),
        "pg_catalog",
        "pg_settings",
    )


def mount_table(
    connection: psycopg.Connection, name: str, columns: sql.Composable, schema: str, table: str
) -> None:
    """Create a foreign table.

    Args:
        connection: see `mounted_catalogue`.
        name: of the foreign table, in schema `MOUNT`.
        columns: and their types.
        schema: of the table there.
        table: its name there.
    """
    connection.execute(
        sql.SQL("CREATE FOREIGN TABLE {} ({}) SERVER {} OPTIONS ({})").format(
            sql.Identifier(MOUNT, name),
            columns,
            sql.Identifier(MOUNT),
            _options({"schema_name": schema, "table_name": table}),
        )
    )


def rendered(template: str, **values: object) -> bytes:
    """Render a template of mechanics/per_source/ for the mount.

    Args:
        template: its name.
        values: what else it needs.
    """
    source = {"name": MOUNT}
    return render_mechanics(f"per_source/{template}.sql", source=source, **values).encode()


def _options(options: dict[str, str]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in options.items()
    )
