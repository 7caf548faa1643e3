"""Inspects a source through the warehouse and describes it as a contract.

The client may be unable to reach production; the warehouse's server can. So the source's catalogue
is mounted in one transaction, which is rolled back.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql
from pydantic import ValidationError

from fdwarehouse.database.connections import connect, variable
from fdwarehouse.database.deployment import hand_over_urls
from fdwarehouse.database.unique_keys import COLUMNS, smallest_key, unique_indexes
from fdwarehouse.errors import FdwarehouseError, Problems, database_error
from fdwarehouse.project.chosen_columns import (
    UnfitError,
    is_left_out,
    mounted_columns,
    take_columns,
)
from fdwarehouse.project.chosen_tables import Relation, choose, settings_by_pattern, settings_of
from fdwarehouse.project.config import SourceConfig, TableConfig
from fdwarehouse.project.conninfo import parse_conninfo
from fdwarehouse.project.contract import OLDEST, Column, Contract, Table
from fdwarehouse.project.sources import server_options
from fdwarehouse.project.table_rules import problems_of_table
from fdwarehouse.rendering.source_errors import ROW_SECURITY, way_out
from fdwarehouse.rendering.templates import render_mechanics

# Cannot be the name of a source: those do not begin with an underscore.
MOUNT = "_fdwarehouse_contract"

_POPULATE = "REFRESH MATERIALIZED VIEW fills it in production; until then no run can read it."

_TABLES = "SELECT schema_name, table_name, is_table, has_children FROM {mount}._tables"
_COLUMNS = """
    SELECT
        table_name, position, column_name, type, source_type, is_nondeterministic, not_null,
        key_position
    FROM {mount}._columns
    ORDER BY table_name, position
"""


def inspect(
    warehouse_url: str,
    name: str,
    source: SourceConfig,
    url: str,
    *,
    wait: str = "5min",
    warn: Callable[[str], None] = lambda _: None,
    problems: Problems | None = None,
) -> Contract:
    """Describe the tables of a source that ``warehouse.yaml`` names.

    Args:
        warehouse_url: connection string of the warehouse's owner.
        name: the source's name.
        source: which tables of which schema.
        url: connection string of the reader, valid on the warehouse's server.
        wait: how long the source may take to answer.
        warn: called for a table that cannot be read yet.
        problems: collects why tables cannot be read; None: they are raised.

    Raises:
        FdwarehouseError: the source cannot be reached, lacks a table, or does not allow the reader
            to read one; the message names it.
    """
    with connect(warehouse_url) as connection:
        try:
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [wait])
            _mount_catalogue(connection, name, url)
            contract = _read(connection, name, source, warn)
            settings = settings_of(source, contract)
            found = Problems()
            for table, description in [*contract.tables.items()]:
                schema = description.schema_name or source.schema_name
                there = schema, description.name_in_schema(table)
                try:
                    read = mounted_columns(settings[table], description.columns)
                    _require_readable(connection, name, there, [*read])
                    if table not in source.tables:
                        _require_fit(source.fence, settings[table], description)
                except psycopg.errors.ObjectNotInPrerequisiteState as error:
                    told = database_error(error)
                    warn(f"{name}.{table} cannot be read yet: {told.message}. {_POPULATE}")
                except FdwarehouseError as error:
                    if table in source.tables:
                        found.add(error)
                    else:
                        warn(f"{name}.{table} is left out: {error.message}")
                        del contract.tables[table]
            if problems is None:
                found.raise_found()
            else:
                problems.add_all(found)
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
    return contract


def _require_readable(
    connection: psycopg.Connection, name: str, table: tuple[str, str], columns: list[str]
) -> None:
    """Raise why a run could not read a table, unless that is the fault of the connection."""
    try:
        with connection.transaction():
            _try(connection, name, *table, columns)
    except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.QueryCanceled):
        raise
    except psycopg.Error as error:
        if connection.broken or (error.sqlstate or "").startswith("08"):
            raise
        failure = _failure(name, error)
        named = f"{'.'.join(table)} of source {name}"
        problem = failure.message.replace(f"source {name}", named, 1)
        raise FdwarehouseError(problem, hint=failure.hint) from error


def _require_fit(fence: str, settings: TableConfig, description: Table) -> None:
    """Raise why a deploy would refuse a table that only a pattern names."""
    for error in problems_of_table(fence, settings, description):
        raise FdwarehouseError(str(error.args[0])) from error


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


def _mount_catalogue(connection: psycopg.Connection, name: str, url: str) -> None:
    options = parse_conninfo(variable(name), url)
    connection.execute(render_mechanics("deploy/mount.sql").encode())
    hand_over_urls(connection, {name: json.dumps(options)})
    connection.execute("SELECT pg_temp.keep_secrets()")
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(MOUNT)))
    connection.execute(
        "SELECT pg_temp.mount(%s, %s, %s::jsonb, u.url::jsonb, '{}') FROM pg_temp.source_urls AS u",
        [MOUNT, name, json.dumps(server_options(OLDEST, "1min"))],
    )
    connection.execute(_rendered("catalogue"))
    connection.execute(_rendered("tables"))
    settings = sql.SQL("name text, setting text, reset_val text")
    _mount(connection, "pg_settings", settings, "pg_catalog", "pg_settings")
    _mount(connection, "pg_index", sql.SQL(COLUMNS), "pg_catalog", "pg_index")


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


def _read(
    connection: psycopg.Connection, name: str, source: SourceConfig, warn: Callable[[str], None]
) -> Contract:
    problems = Problems()

    def rows(query: str) -> list[tuple[Any, ...]]:
        statement = sql.SQL(query).format(mount=sql.Identifier(MOUNT))
        return connection.execute(statement).fetchall()

    relations = [Relation(*row) for row in rows(_TABLES)]
    chosen = choose(name, source, relations)
    listed = [(table, relation.schema, relation.name) for table, relation in chosen.items()]
    connection.execute(_rendered("columns", tables=listed))
    settings = dict(rows("SELECT name, coalesce(reset_val, setting) FROM {mount}.pg_settings"))
    columns: dict[str, dict[str, Column]] = defaultdict(dict)
    keys: dict[str, dict[int, str]] = defaultdict(dict)
    choices = {
        table: source.tables.get(table)
        or settings_by_pattern(source, found.schema, found.name)
        or TableConfig()
        for table, found in chosen.items()
    }
    indexes = unique_indexes(connection, MOUNT)
    names: dict[str, dict[int, str]] = defaultdict(dict)
    for table, position, column, type_, source_type, is_loose, not_null, in_key in rows(_COLUMNS):
        try:
            described = Column(
                type=type_,
                source_type=source_type,
                is_nondeterministic=is_loose,
                not_null=not_null,
            )
        except ValidationError:
            if is_left_out(choices[table], column):
                continue
            problems.add(
                FdwarehouseError(
                    f"source {name}: column {column} of {chosen[table].schema}."
                    f"{chosen[table].name} is of type {type_}, which the warehouse does not know",
                    hint="Leave it out with exclude, or read a view in production that casts it.",
                )
            )
            continue
        columns[table][column] = described
        names[table][position] = column
        if in_key is not None:
            keys[table][in_key] = column
    tables = {}
    problems.raise_found()
    for table, relation in chosen.items():
        place = relation.schema, relation.name
        unique = smallest_key(indexes.get(place, []), names[table], columns[table])
        whole = Table(
            schema_name=relation.schema if relation.name != table else None,
            primary_key=[c for _, c in sorted(keys[table].items())],
            unique_key=[] if keys[table] else unique,
            has_children=relation.has_children,
            columns=columns[table],
        )
        is_named = table in source.tables
        choice = choices[table] if is_named else choices[table].for_columns(whole.columns)
        try:
            tables[table] = take_columns(choice, whole, is_named=is_named)
        except UnfitError as error:
            problem, hint = error.args
            if is_named:
                told = f"warehouse.yaml: {name}.{table}: {problem}"
                problems.add(FdwarehouseError(told, hint=hint))
            else:
                warn(f"{name}.{table} is left out: {problem}")
    problems.raise_found()
    return Contract(
        source=name,
        server_version=int(settings["server_version_num"]) // 10000,
        time_zone=settings["TimeZone"],
        tables=tables,
    )


def _rendered(template: str, **values: object) -> bytes:
    source = {"name": MOUNT}
    return render_mechanics(f"per_source/{template}.sql", source=source, **values).encode()


def _try(
    connection: psycopg.Connection, name: str, schema: str, table: str, columns: list[str]
) -> None:
    """Read one row as the pipeline will: only the source knows what its reader may see."""
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    as_text = sql.SQL(", ").join(sql.Identifier(c) + sql.SQL(" text") for c in columns)
    _mount(connection, "tried", as_text, schema, table)
    try:
        connection.execute(
            sql.SQL("SELECT {} FROM {} LIMIT 1").format(listed, sql.Identifier(MOUNT, "tried"))
        )
    except psycopg.errors.InsufficientPrivilege as error:
        if "row-level security" in (error.diag.message_primary or ""):
            raise FdwarehouseError(
                f"DW019: row security of source {name} would hide rows of {schema}.{table} "
                f"from its reader\n{error.diag.message_primary}",
                hint=ROW_SECURITY,
            ) from error
        raise FdwarehouseError(
            f"source {name} does not allow its reader to read {schema}.{table}: "
            f"{error.diag.message_primary}",
            hint="`fdwarehouse bootstrap --side production` grants the privileges.",
        ) from error
    connection.execute(sql.SQL("DROP FOREIGN TABLE {}").format(sql.Identifier(MOUNT, "tried")))


def _options(options: dict[str, str]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in options.items()
    )
