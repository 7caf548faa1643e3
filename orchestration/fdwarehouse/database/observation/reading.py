"""Reads rows as JSON values, in one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel

from fdwarehouse.database.connections import connect
from fdwarehouse.errors import FdwarehouseError

Row = dict[str, Any]
"""A row by column: times are ISO 8601 in UTC, numbers and texts as JSON has them."""


@contextmanager
def snapshot(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """Open a transaction that only reads: all of its statements see the same state.

    Args:
        warehouse_url: connection string of a role that may read the schemas of the warehouse.

    Raises:
        FdwarehouseError: the warehouse cannot be reached, or is being deployed.
    """
    with connect(warehouse_url) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SET LOCAL TIME ZONE 'UTC'")
        connection.execute("SET LOCAL lock_timeout = '1s'")
        connection.execute("SET LOCAL DateStyle = 'ISO'")
        try:
            yield connection
        except psycopg.errors.LockNotAvailable as error:
            raise FdwarehouseError(
                "the warehouse cannot be read while it is being deployed",
                hint="Try again when the deploy has ended.",
                exit_code=1,
            ) from error


def rows(
    connection: psycopg.Connection, query: str, parameters: Sequence[object] = ()
) -> list[Row]:
    """Run a query and return its rows as JSON values.

    The server builds the JSON: unlike Python's, its time stamps may be infinite.

    Args:
        connection: to the warehouse.
        query: one SELECT.
        parameters: of the query.
    """
    wrapped = f"SELECT coalesce(json_agg(row_to_json(r)), '[]') FROM ({query}) AS r"  # noqa: S608
    found = connection.execute(wrapped.encode(), parameters or None).fetchone()
    assert found is not None
    listed: list[Row] = found[0]
    return listed


def exists(connection: psycopg.Connection, relation: str) -> bool:
    """Whether the warehouse has a table or view.

    Args:
        connection: to the warehouse.
        relation: its name, with its schema.
    """
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [relation]).fetchone()
    return bool(found and found[0])
