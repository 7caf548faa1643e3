"""Inspects a source through the warehouse and describes it as a contract.

The client may be unable to reach production; the warehouse's server can. So the source's catalogue
is mounted in one transaction, which is rolled back.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from pydantic import ValidationError

from fdwarehouse.database.connections import connect, variable
from fdwarehouse.database.deployment import hand_over_urls
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.project.config import SourceConfig
from fdwarehouse.project.conninfo import parse_conninfo
from fdwarehouse.project.contract import OLDEST, Column, Contract, Table
from fdwarehouse.project.sources import server_options
from fdwarehouse.rendering.source_errors import ROW_SECURITY, way_out
from fdwarehouse.rendering.templates import render_mechanics

# Cannot be the name of a source: those do not begin with an underscore.
MOUNT = "_fdwarehouse_contract"

_POPULATE = "REFRESH MATERIALIZED VIEW fills it in production; until then no run can read it."

_COLUMNS = """
    SELECT
        table_name, column_name, type, source_type, is_nondeterministic, not_null, key_position
    FROM {mount}._columns
    ORDER BY table_name, position
"""
_COMMENTS = """
    SELECT schema_name, table_name, column_name, description
    FROM {mount}._comments
    WHERE schema_name = %s
"""


def inspect(
    warehouse_url: str,
    name: str,
    source: SourceConfig,
    url: str,
    *,
    wait: str = "5min",
    warn: Callable[[str], None] = lambda _: None,
) -> Contract:
    """Describe the tables of a source that ``warehouse.yaml`` names.

    Args:
        warehouse_url: connection string of the warehouse's owner.
        name: the source's name.
        source: which tables of which schema.
        url: connection string of the reader, valid on the warehouse's server.
        wait: how long the source may take to answer.
        warn: called for a table that cannot be read yet.

    Raises:
        FdwarehouseError: the source cannot be reached, lacks a table, or does not allow the reader
            to read one; the message names it.
    """
    with mounted_catalogue(warehouse_url, name, source, url, wait=wait) as connection:
        contract = read_contract(connection, name, source)
        for table, description in contract.tables.items():
            try_to_read(connection, name, (source.schema_name, table), description, warn)
    return contract


@contextmanager
def mounted_catalogue(
    warehouse_url: str,
    name: str,
    source: SourceConfig,
    url: str,
    *,
    wait: str,
    application_name: str = "fdwarehouse",
) -> Iterator[psycopg.Connection]:
    """Mount the catalogue of a source in schema `MOUNT`, and roll back at the end of the block.

    Args:
        warehouse_url: connection string of the warehouse's owner.
        name: the source's name.
        source: which tables of which schema.
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
            _mount_catalogue(connection, name, source, url, application_name)
            yield connection
        except psycopg.errors.QueryCanceled as error:
            raise FdwarehouseError(
                f"source {name} did not respond within {wait}",
                hint="Check that its server is running. The limit is timeouts.source in "
                "warehouse.yaml.",
            ) from error
        except psycopg.Error as error:
            raise _failure(name, error) from error
        finally:
            connection.rollback()


def _failure(name: str, error: psycopg.Error) -> FdwarehouseError:
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
    connection: psycopg.Connection,
    name: str,
    source: SourceConfig,
    url: str,
    application_name: str,
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
    mounted = {"name": MOUNT, "schema_name": source.schema_name}
    for template in ("catalogue", "columns", "comments"):
        statements = render_mechanics(
            f"per_source/{template}.sql", source=mounted, table_names=list(source.tables)
        )
        connection.execute(statements.encode())
    _mount(
        connection,
        "_pg_settings",
        sql.SQL("name text, setting text, reset_val text"),
        "pg_catalog",
        "pg_settings",
    )


def _mount(
    connection: psycopg.Connection, name: str, columns: sql.Composable, schema: str, table: str
) -> None:
    connection.execute(
        sql.SQL("CREATE FOREIGN TABLE {} ({}) SERVER {} OPTIONS ({})").format(
            sql.Identifier(MOUNT, name),
            columns,
            sql.Identifier(MOUNT),
            _options({"schema_name": schema, "table_name": table}),
        )
    )


def read_contract(connection: psycopg.Connection, name: str, source: SourceConfig) -> Contract:
    """Describe the tables of a source whose catalogue is mounted.

    Args:
        connection: see `mounted_catalogue`.
        name: the source's name.
        source: which tables of which schema.

    Raises:
        FdwarehouseError: it lacks a table, or a type is not known.
    """

    def rows(query: str) -> list[tuple[Any, ...]]:
        statement = sql.SQL(query).format(mount=sql.Identifier(MOUNT))
        return connection.execute(statement).fetchall()

    comments = {
        (table, column): text
        for _, table, column, text in connection.execute(
            sql.SQL(_COMMENTS).format(mount=sql.Identifier(MOUNT)), [source.schema_name]
        )
    }
    settings = dict(rows("SELECT name, coalesce(reset_val, setting) FROM {mount}._pg_settings"))
    columns: dict[str, dict[str, Column]] = defaultdict(dict)
    keys: dict[str, dict[int, str]] = defaultdict(dict)
    for table, column, type_, source_type, is_loose, not_null, key_position in rows(_COLUMNS):
        try:
            described = Column(
                type=type_,
                source_type=source_type,
                is_nondeterministic=is_loose,
                not_null=not_null,
                comment=comments.get((table, column)),
            )
        except ValidationError as error:
            raise FdwarehouseError(
                f"source {name}: column {column} of {source.schema_name}.{table} is of type "
                f"{type_}, which the warehouse does not know",
                hint="Read a view in production that casts it to text, or omits it.",
            ) from error
        columns[table][column] = described
        if key_position is not None:
            keys[table][key_position] = column
    if missing := [table for table in source.tables if table not in columns]:
        raise FdwarehouseError(
            f"source {name} has no table {source.schema_name}.{missing[0]}"
            + (f", nor {', '.join(missing[1:])}" if missing[1:] else ""),
            hint="Fix schema or tables in warehouse.yaml, or create the table in production.",
        )
    return Contract(
        source=name,
        server_version=int(settings["server_version_num"]) // 10000,
        time_zone=settings["TimeZone"],
        tables={
            table: Table(
                comment=comments.get((table, None)),
                primary_key=[c for _, c in sorted(keys[table].items())],
                columns=columns[table],
            )
            for table in source.tables
        },
    )


def try_to_read(
    connection: psycopg.Connection,
    name: str,
    table: tuple[str, str],
    description: Table,
    warn: Callable[[str], None],
) -> None:
    """Read one row as the pipeline will: only the source knows what its reader may see.

    Args:
        connection: see `mounted_catalogue`.
        name: the source's name.
        table: its schema and name.
        description: its columns.
        warn: called if it cannot be read yet.

    Raises:
        FdwarehouseError: the reader may not read it, or row security would hide rows.
    """
    columns = [*description.columns]
    shown = ".".join(table)
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    as_text = sql.SQL(", ").join(sql.Identifier(c) + sql.SQL(" text") for c in columns)
    try:
        with connection.transaction(force_rollback=True):
            _mount(connection, "tried", as_text, *table)
            connection.execute(
                sql.SQL("SELECT {} FROM {} LIMIT 1").format(listed, sql.Identifier(MOUNT, "tried"))
            )
    except psycopg.errors.ObjectNotInPrerequisiteState as error:
        told = database_error(error)
        warn(f"{name}.{table[1]} cannot be read yet: {told.message}. {_POPULATE}")
    except psycopg.errors.InsufficientPrivilege as error:
        if "row-level security" in (error.diag.message_primary or ""):
            raise FdwarehouseError(
                f"DW019: row security of source {name} would hide rows of {shown} "
                f"from its reader\n{error.diag.message_primary}",
                hint=ROW_SECURITY,
            ) from error
        raise FdwarehouseError(
            f"source {name} does not allow its reader to read {shown}: "
            f"{error.diag.message_primary}",
            hint="`fdwarehouse bootstrap --side production` grants the privileges.",
        ) from error


def _options(options: dict[str, str]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in options.items()
    )
