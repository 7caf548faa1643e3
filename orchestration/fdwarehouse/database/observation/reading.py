"""Reads the warehouse in one snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import IsolationLevel

from fdwarehouse.database.connections import connect
from fdwarehouse.database.json_rows import value
from fdwarehouse.errors import FdwarehouseError


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


def require_this_version(connection: psycopg.Connection) -> None:
    """Check that a deployed warehouse has what is read of it.

    Args:
        connection: to the warehouse.

    Raises:
        FdwarehouseError: it has not.
    """
    if not value(connection, "SELECT to_regproc('etl.without_values') IS NOT NULL"):
        raise FdwarehouseError(
            "the warehouse was deployed by an earlier version of fdwarehouse",
            hint="`fdwarehouse deploy` upgrades it.",
        )
