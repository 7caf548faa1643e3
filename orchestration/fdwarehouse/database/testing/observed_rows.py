"""Reads the rows of a table as texts that are the same for equal values."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from fdwarehouse.database.testing.tables import GivenTable
from fdwarehouse.identifiers import ident
from fdwarehouse.project.row_differences import Row
from fdwarehouse.project.unit_tests import Rows

_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""


def expected_rows(warehouse: psycopg.Connection, table: GivenTable, rows: Rows) -> list[Row]:
    """Return the rows of a unit test as the table would show them.

    Args:
        warehouse: a connection.
        table: which columns and types they have.
        rows: as written.
    """
    found: list[Row] = []
    for row in rows:
        columns = [(table.columns[name], cell) for name, cell in row.cells.items()]
        texts = [column.comparable(column.value(column.text(cell))) for column, cell in columns]
        found.append(dict(zip(row.cells, _texts(warehouse, texts), strict=True)))
    return found


def observed_rows(
    warehouse: psycopg.Connection,
    table: GivenTable,
    rows: Rows,
    key: Sequence[str],
    source: str,
) -> list[Row]:
    """Return the rows of a table, with its key and the columns that a unit test compares.

    Args:
        warehouse: a connection.
        table: which columns and types they have.
        rows: that are expected.
        key: of the table.
        source: what stands after FROM.
    """
    named = dict.fromkeys([*key, *(name for row in rows for name in row.cells)])
    names = [name for name in named if name in table.columns] or list(table.columns)[:3]
    listed = ", ".join(table.columns[name].comparable(ident(name)) for name in names)
    read = warehouse.execute(f"SELECT {listed} FROM {source}".encode()).fetchall()
    return sorted(
        (dict(zip(names, row, strict=True)) for row in read),
        key=lambda row: [value or "" for value in row.values()],
    )


def differs_from_select(warehouse: psycopg.Connection, table: str, select: str) -> bool:
    """Return whether a table has other rows than its SELECT, image by image.

    Args:
        warehouse: a connection.
        table: quoted.
        select: the view with its SELECT.
    """
    names = ", ".join(ident(row[0]) for row in warehouse.execute(_COLUMNS, [select]).fetchall())
    images = [f"SELECT q::text FROM (SELECT {names} FROM {r}) AS q" for r in (table, select)]
    found = warehouse.execute(
        f"({images[0]} EXCEPT ALL {images[1]}) UNION ALL ({images[1]} EXCEPT ALL {images[0]}) "
        "LIMIT 1".encode()
    )
    return found.fetchone() is not None


def _texts(warehouse: psycopg.Connection, expressions: Sequence[str]) -> Sequence[str | None]:
    if not expressions:
        return ()
    return warehouse.execute(f"SELECT {', '.join(expressions)}".encode()).fetchone() or ()
