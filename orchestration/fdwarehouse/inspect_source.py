"""Looks at a source through the warehouse, as it is mounted, and describes it as a contract.

The client may be unable to reach production; the warehouse's server can. So the source's catalogue
is mounted for one transaction, which is rolled back.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from fdwarehouse.config import SourceConfig
from fdwarehouse.connections import connect, variable
from fdwarehouse.contract import Column, Contract, Table
from fdwarehouse.errors import FdwarehouseError, database_error

# Not the name of a source, which begins with no underscore in the mechanics' own objects.
MOUNT = "_fdwarehouse_contract"

_CATALOGUE = {
    "pg_settings": "name text, setting text, reset_val text",
    "pg_namespace": "oid oid, nspname name",
    "pg_class": 'oid oid, relname name, relnamespace oid, relkind "char"',
    "pg_attribute": "attrelid oid, attname name, atttypid oid, atttypmod integer, attnum smallint, "
    "attnotnull boolean, attisdropped boolean",
    "pg_type": 'oid oid, typname name, typtype "char", typbasetype oid, typtypmod integer',
    "pg_constraint": 'conrelid oid, contype "char", conkey smallint[]',
}

# Object numbers below 10,000 are given by hand and are the same in every version and database.
# https://www.postgresql.org/docs/18/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT
# Of these, some hold names of the source's own objects, or have no input at all.
_COLUMNS = """
    WITH RECURSIVE tables AS (
        SELECT c.oid, c.relname::text AS table_name
        FROM {mount}.pg_class AS c
        INNER JOIN {mount}.pg_namespace AS n ON c.relnamespace = n.oid
        WHERE
            n.nspname = %(schema)s
            AND c.relname = ANY(%(tables)s::name [])
            AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ),

    columns AS (
        SELECT t.table_name, a.*
        FROM tables AS t
        INNER JOIN {mount}.pg_attribute AS a ON t.oid = a.attrelid
        WHERE a.attnum > 0 AND NOT a.attisdropped
    ),

    source_types AS MATERIALIZED (
        SELECT * FROM {mount}.pg_type
    ),

    base_types AS (
        SELECT table_name, attnum, atttypid AS type, atttypmod AS modifier
        FROM columns
        UNION ALL
        SELECT b.table_name, b.attnum, t.typbasetype, t.typtypmod
        FROM base_types AS b
        INNER JOIN source_types AS t ON b.type = t.oid AND t.typtype = 'd'
    )

    SELECT
        c.table_name,
        c.attname::text AS column_name,
        CASE WHEN k.is_known THEN format_type(b.type, b.modifier) ELSE 'text' END AS type,
        c.attnotnull AS not_null,
        CASE WHEN NOT k.is_known AND s.typname <> 'citext' THEN s.typname::text END AS source_type
    FROM columns AS c
    INNER JOIN base_types AS b ON c.table_name = b.table_name AND c.attnum = b.attnum
    INNER JOIN source_types AS s ON b.type = s.oid AND s.typtype <> 'd'
    LEFT JOIN pg_catalog.pg_type AS l ON b.type = l.oid
    CROSS JOIN LATERAL (
        SELECT
            l.oid IS NOT NULL
            AND l.oid < 10000
            AND l.typname !~ '^_?(reg|aclitem|pg_node|pg_ndis|pg_dep|pg_mcv|pg_brin)' AS is_known
    ) AS k
    ORDER BY c.table_name, c.attnum
"""

_PRIMARY_KEYS = """
    SELECT c.relname::text AS table_name, a.attname::text AS column_name
    FROM {mount}.pg_class AS c
    INNER JOIN {mount}.pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN {mount}.pg_constraint AS k ON c.oid = k.conrelid
    INNER JOIN {mount}.pg_attribute AS a ON c.oid = a.attrelid AND a.attnum = ANY(k.conkey)
    WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s::name []) AND k.contype = 'p'
    ORDER BY c.relname, array_position(k.conkey, a.attnum)
"""


def inspect(warehouse_url: str, name: str, source: SourceConfig, url: str) -> Contract:
    """Describe the tables of a source that ``warehouse.yaml`` names.

    Args:
        warehouse_url: connection string of the warehouse's owner.
        name: the source's name.
        source: which tables of which schema.
        url: connection string of the reader, as the warehouse's server reaches the source.

    Raises:
        FdwarehouseError: the source cannot be reached, lacks a table, or does not let the reader
            read one; the message names it.
    """
    with connect(warehouse_url) as connection:
        try:
            _mount_catalogue(connection, url)
            contract = _read(connection, name, source)
            for table, description in contract.tables.items():
                _try(connection, name, source.schema_name, table, list(description.columns))
        except psycopg.Error as error:
            told = database_error(error)
            raise FdwarehouseError(
                f"source {name} cannot be read: {told.message.replace(MOUNT, name)}",
                hint=told.hint
                or f"The warehouse's server reads it: is production up, and {variable(name)} right "
                "as seen from there? `fdwarehouse bootstrap` makes the roles.",
            ) from error
        finally:
            connection.rollback()
    return contract


def _mount_catalogue(connection: psycopg.Connection, url: str) -> None:
    mount = sql.Identifier(MOUNT)
    options = {k: str(v) for k, v in conninfo_to_dict(url).items() if v is not None}
    login = {str(k): options.pop(k) for k in ("user", "password") if k in options}
    options.setdefault("dbname", login.get("user", ""))
    options = {"connect_timeout": "10", "fetch_size": "10000"} | options
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(mount))
    connection.execute(
        sql.SQL("CREATE SERVER {} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({})").format(
            mount, _options(options)
        )
    )
    connection.execute(
        sql.SQL("CREATE USER MAPPING FOR CURRENT_USER SERVER {} OPTIONS ({})").format(
            mount, _options(login)
        )
    )
    for table, columns in _CATALOGUE.items():
        _mount(connection, table, sql.SQL(columns), "pg_catalog", table)


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


def _read(connection: psycopg.Connection, name: str, source: SourceConfig) -> Contract:
    wanted = {"schema": source.schema_name, "tables": list(source.tables)}

    def rows(query: str) -> list[tuple[Any, ...]]:
        statement = sql.SQL(query).format(mount=sql.Identifier(MOUNT))
        return connection.execute(statement, wanted).fetchall()

    settings = dict(rows("SELECT name, coalesce(reset_val, setting) FROM {mount}.pg_settings"))
    columns: dict[str, dict[str, Column]] = defaultdict(dict)
    for table, column, type_, not_null, source_type in rows(_COLUMNS):
        columns[table][column] = Column(type=type_, not_null=not_null, source_type=source_type)
    primary_keys: dict[str, list[str]] = defaultdict(list)
    for table, column in rows(_PRIMARY_KEYS):
        primary_keys[table].append(column)
    if missing := [table for table in source.tables if table not in columns]:
        raise FdwarehouseError(
            f"source {name} has no table {source.schema_name}.{missing[0]}"
            + (f", nor {', '.join(missing[1:])}" if missing[1:] else ""),
            hint="Mend schema or tables in warehouse.yaml, or make the table in production.",
        )
    return Contract(
        source=name,
        server_version=int(settings["server_version_num"]) // 10000,
        time_zone=settings["TimeZone"],
        tables={
            table: Table(primary_key=primary_keys[table], columns=columns[table])
            for table in source.tables
        },
    )


def _try(
    connection: psycopg.Connection, name: str, schema: str, table: str, columns: list[str]
) -> None:
    """Read as the pipeline will: only the source itself can say what its reader may see."""
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    as_text = sql.SQL(", ").join(sql.Identifier(c) + sql.SQL(" text") for c in columns)
    _mount(connection, "tried", as_text, schema, table)
    try:
        connection.execute(
            sql.SQL("SELECT {} FROM {} LIMIT 1").format(listed, sql.Identifier(MOUNT, "tried"))
        )
    except psycopg.errors.InsufficientPrivilege as error:
        raise FdwarehouseError(
            f"source {name} does not let its reader read {schema}.{table}: "
            f"{error.diag.message_primary}",
            hint="`fdwarehouse bootstrap --side production` grants what is needed.",
        ) from error
    connection.execute(sql.SQL("DROP FOREIGN TABLE {}").format(sql.Identifier(MOUNT, "tried")))


def _options(options: dict[str, str]) -> sql.Composable:
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in options.items()
    )
