"""Compares a table with a copy of it that was made earlier in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from fdwarehouse.database.testing.tables import OF_ENGINE, GivenTable, read_table
from fdwarehouse.identifiers import ident
from fdwarehouse.project.row_differences import (
    Difference,
    DifferentRow,
    Row,
    TableDifference,
    sample_of,
)

_EXISTS = """
    SELECT EXISTS (
        SELECT FROM pg_class WHERE oid = to_regclass(%s) AND relkind IN ('r', 'p')
    )
"""


def copy_table(warehouse: psycopg.Connection, name: str, copy: str) -> bool:
    """Copy a table into a temporary one, without indexes.

    Args:
        warehouse: a connection, in a transaction.
        name: the table, quoted.
        copy: name of the temporary table.

    Returns:
        Whether the table exists.
    """
    if warehouse.execute(_EXISTS, [name]).fetchone() != (True,):
        return False
    warehouse.execute(f"CREATE TEMP TABLE {copy} ON COMMIT DROP AS TABLE {name}".encode())
    return True


def compare_with_copy(
    warehouse: psycopg.Connection,
    table: GivenTable,
    copy: str | None,
    *,
    rows: int,
) -> TableDifference:
    """Compare a table with its copy, by key and by cell.

    Columns that runs set are not compared; a column that one of them lacks is null there.

    Args:
        warehouse: a connection, in the transaction of the copy.
        table: as it is now.
        copy: name of the temporary table; None if there was no table.
        rows: how many rows of each kind the sample has.
    """
    before = read_table(warehouse, f"pg_temp.{copy}", None) if copy else None
    old = [n for n in (before.columns if before else ()) if n not in OF_ENGINE]
    new = [n for n in table.columns if n not in OF_ENGINE]
    names = list(dict.fromkeys([*new, *old]))
    key = [name for name in table.key if name in names] or names
    is_unique = bool(table.key) and not (before and _has_duplicates(warehouse, before, key))
    states = [
        f"SELECT ARRAY[{_texts(state, key)}]::text[]"
        f"{'' if is_unique else _number(state, key, names)} AS key, "
        f"ARRAY[{_texts(state, names)}]::text[] AS cells FROM {state.name}"
        if state
        else "SELECT NULL::text[] AS key, NULL::text[] AS cells WHERE false"
        for state in (before, table)
    ]
    changes = f"{copy or 'of_' + str(abs(hash(table.name)))}_changes"
    warehouse.execute(
        f"CREATE TEMP TABLE {changes} ON COMMIT DROP AS SELECT o.cells AS old, n.cells AS new "
        f"FROM ({states[0]}) AS o FULL JOIN ({states[1]}) AS n ON o.key = n.key "
        "WHERE o.cells IS DISTINCT FROM n.cells".encode()
    )
    counted = ", ".join(
        f"count(*) FILTER (WHERE old IS NOT NULL AND new IS NOT NULL "
        f"AND old[{position}] IS DISTINCT FROM new[{position}])"
        for position in range(1, len(names) + 1)
    )
    found = warehouse.execute(
        f"SELECT (SELECT count(*) FROM ({states[0]}) AS o), (SELECT count(*) FROM {table.name}), "
        "count(*) FILTER (WHERE new IS NULL), count(*) FILTER (WHERE old IS NULL), "
        f"count(*) FILTER (WHERE old IS NOT NULL AND new IS NOT NULL), {counted} "
        f"FROM pg_temp.{changes}".encode()
    ).fetchone()
    assert found is not None
    cells = {name: n for name, n in zip(names, found[5:], strict=True) if n}
    return TableDifference(
        table.name,
        before=found[0],
        after=found[1],
        removed=found[2],
        inserted=found[3],
        updated=found[4],
        cells=cells,
        sample=_sample(warehouse, changes, names, key, rows),
        notes=_notes(old, new) if before else ("the table is new",),
    )


def _has_duplicates(warehouse: psycopg.Connection, table: GivenTable, key: Sequence[str]) -> bool:
    query = f"SELECT FROM {table.name} GROUP BY ARRAY[{_texts(table, key)}]::text[] "
    return warehouse.execute(f"{query} HAVING count(*) > 1 LIMIT 1".encode()).fetchone() is not None


def _number(table: GivenTable, key: Sequence[str], names: Sequence[str]) -> str:
    """Return what makes rows of one key different."""
    by, order = (f"ARRAY[{_texts(table, each)}]::text[]" for each in (key, names))
    return f" || row_number() OVER (PARTITION BY {by} ORDER BY {order})::text"


def _texts(table: GivenTable, names: Sequence[str]) -> str:
    return ", ".join(
        table.columns[name].comparable(ident(name)) if name in table.columns else "NULL"
        for name in names
    )


def _sample(
    warehouse: psycopg.Connection, changes: str, names: list[str], key: list[str], rows: int
) -> Difference:
    def some(condition: str) -> list[tuple[Row, Row]]:
        read = warehouse.execute(
            f"SELECT old, new FROM pg_temp.{changes} WHERE {condition} "
            f"ORDER BY coalesce(old, new) LIMIT {rows}".encode()
        )
        return [
            (dict(zip(names, old or (), strict=False)), dict(zip(names, new or (), strict=False)))
            for old, new in read.fetchall()
        ]

    return sample_of(
        key,
        [old for old, _ in some("new IS NULL")],
        [new for _, new in some("old IS NULL")],
        [DifferentRow(*pair) for pair in some("old IS NOT NULL AND new IS NOT NULL")],
    )


def _notes(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    added = [name for name in new if name not in old]
    dropped = [name for name in old if name not in new]
    notes = (("new columns", added), ("dropped columns", dropped))
    return tuple(f"{what}: {', '.join(names)}" for what, names in notes if names)
