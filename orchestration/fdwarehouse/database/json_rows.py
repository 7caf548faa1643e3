"""Rows as JSON values. The server builds the JSON: its time stamps may be infinite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

Row = dict[str, Any]
"""A row by column: times are ISO 8601, numbers and texts as JSON has them."""


def rows(
    connection: psycopg.Connection, query: str, parameters: Sequence[object] = ()
) -> list[Row]:
    """Return the rows of a query; times are ISO 8601, in the time zone of the session.

    Args:
        connection: to the warehouse.
        query: a SELECT.
        parameters: of the query.
    """
    wrapped = f"SELECT coalesce(json_agg(row_to_json(r)), '[]') FROM ({query}) AS r"  # noqa: S608
    found: list[Row] = value(connection, wrapped, *parameters)
    return found


def value(connection: psycopg.Connection, query: str, *parameters: object) -> Any:
    """Return the first value of a query; None if it has no row.

    Args:
        connection: to the warehouse.
        query: a SELECT.
        parameters: of the query.
    """
    row = connection.execute(query.encode(), parameters or None).fetchone()
    return row[0] if row else None
