"""Some rows of each table, without masked columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from fdwarehouse.database.json_rows import Row, rows
from fdwarehouse.identifiers import ident, literal

ROWS = 6
"""Rows of a table."""
LONGEST = 80
"""Characters of a value that are shown."""
TABLES_AT_ONCE = 40
"""Tables that one statement reads."""
TIMEOUT = "3s"
"""Of a statement: a view may be slow."""


def read_samples(
    connection: psycopg.Connection, columns: Mapping[str, Sequence[str]]
) -> dict[str, list[list[str | None]]]:
    """Read some rows of tables and views, as text.

    Args:
        connection: to the warehouse.
        columns: the columns to show, by table.

    Returns:
        Rows by table; a table is missing if it could not be read in time.
    """
    names = [name for name in columns if columns[name]]
    found: dict[str, list[list[str | None]]] = {}
    for start in range(0, len(names), TABLES_AT_ONCE):
        some = names[start : start + TABLES_AT_ONCE]
        read = _read(connection, {name: columns[name] for name in some})
        if read is None:  # one is locked or slow: the others can be read alone
            for name in some:
                read = _read(connection, {name: columns[name]})
                found |= read or {}
        else:
            found |= read
    return found


def _read(
    connection: psycopg.Connection, columns: Mapping[str, Sequence[str]]
) -> dict[str, list[list[str | None]]] | None:
    query = " UNION ALL ".join(_select(name, columns[name]) for name in columns)
    try:
        with connection.transaction():
            connection.execute(f"SET LOCAL statement_timeout = '{TIMEOUT}'".encode())
            read: list[Row] = rows(connection, query)
    except psycopg.Error:
        return None
    finally:
        connection.execute(b"SET LOCAL statement_timeout = 0")
    return {row["name"]: row["sample"] for row in read}


def _select(table: str, columns: Sequence[str]) -> str:
    shown = ", ".join(f"left(s.{ident(column)}::text, {LONGEST})" for column in columns)
    return (
        f"SELECT {literal(table)} AS name, (SELECT coalesce(json_agg(json_build_array({shown})), "  # noqa: S608
        f"'[]') FROM (SELECT * FROM {table} LIMIT {ROWS}) AS s) AS sample"
    )
