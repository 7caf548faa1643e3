"""Helpers for tests of the demo's production database."""

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg

from tests.harness import ROOT

PRODUCTION = ROOT / "production"
AS_OF = date(2025, 11, 1)
TABLES = ("customers", "products", "orders", "order_items")

# Every table's content, independent of the order on disk.
FINGERPRINT = " UNION ALL ".join(
    f"SELECT '{table}', count(*), md5(string_agg({table}::text, ';' ORDER BY {table})) FROM {table}"
    for table in TABLES
)

NewDatabase = Callable[[], str]


def query(url: str, statement: str) -> list[Any]:
    """Run one statement and return its rows."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def only(url: str, statement: str) -> Any:
    """Return the one value of a query."""
    [[value]] = query(url, statement)
    return value
