"""Compares the tables of two warehouses row by row, in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import psycopg

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.database.testing.tables import OF_ENGINE, GivenTable, read_table
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident
from fdwarehouse.project.row_differences import (
    Difference,
    Keyed,
    TableDifference,
    merge,
)

_ROWS_AT_ONCE = 2_000
_SURROGATES = """
    SELECT own.attname
    FROM pg_constraint AS k
    INNER JOIN pg_attribute AS own ON k.conrelid = own.attrelid AND k.conkey[1] = own.attnum
    INNER JOIN pg_attribute AS other ON k.confrelid = other.attrelid AND k.confkey[1] = other.attnum
    WHERE k.conrelid = %s::regclass AND k.contype = 'f' AND cardinality(k.conkey) = 1
        AND other.attidentity <> ''
"""


@dataclass(frozen=True)
class Environment:
    """A warehouse to compare."""

    name: str
    warehouse: psycopg.Connection
    tables: Sequence[str]
    """Its tables of silver and gold that are compared, quoted."""


def begin(warehouse: psycopg.Connection) -> None:
    """Begin a transaction that sees one state of a warehouse and waits for no deploy.

    Args:
        warehouse: a connection, outside a transaction.
    """
    warehouse.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    warehouse.execute("SET LOCAL lock_timeout = '10s'")


def compare_environments(
    first: Environment,
    second: Environment,
    definitions: Sequence[Definition],
    *,
    rows: int,
) -> Iterator[TableDifference]:
    """Compare the tables of two warehouses; only a few rows are in memory.

    Args:
        first: one of them, see `begin`.
        second: the other one.
        definitions: the project's tables that are one SELECT, for their keys.
        rows: how many rows of each kind the samples have.

    Raises:
        FdwarehouseError: a table has no key that both have.
    """
    by_model = {d.model: d for d in definitions}
    for name in dict.fromkeys([*first.tables, *second.tables]):
        if name not in first.tables or name not in second.tables:
            only = first if name in first.tables else second
            note = f"only {only.name} has this table"
            yield TableDifference(name, 0, 0, 0, 0, 0, {}, Difference(()), (note,))
            continue
        yield _compared(name, (first, second), by_model, rows)


def _compared(
    name: str,
    environments: tuple[Environment, Environment],
    definitions: Mapping[str, Definition],
    rows: int,
) -> TableDifference:
    definition = definitions.get(name)
    tables = [read_table(each.warehouse, name, definition) for each in environments]
    key = _key(tables[0], definition)
    compared = [
        _compared_columns(e.warehouse, t, key) for e, t in zip(environments, tables, strict=True)
    ]
    names = [column for column in compared[0] if column in compared[1]]
    if not key or not {*key} <= {*names}:
        raise FdwarehouseError(
            f"{name} has no key that both environments have",
            hint=f"Leave it out: --exclude {name}.",
        )
    found = merge(
        name,
        names,
        key,
        (
            _rows(environments[0].warehouse, tables[0], key, names),
            _rows(environments[1].warehouse, tables[1], key, names),
        ),
        rows=rows,
    )
    notes = (
        f"only {each.name} has the columns {', '.join(lacking)}"
        for each, columns in zip(environments, compared, strict=True)
        if (lacking := [column for column in columns if column not in names])
    )
    return replace(found, notes=tuple(notes))


def _key(table: GivenTable, definition: Definition | None) -> list[str]:
    if definition is None or definition.header.kind != "dimension":
        return list(table.key)
    return [*definition.header.key, *(["valid_from"] if definition.header.type2 else [])]


def _compared_columns(
    warehouse: psycopg.Connection, table: GivenTable, key: Sequence[str]
) -> list[str]:
    """Leave out what is numbered per warehouse: surrogate keys, references to them, and runs."""
    numbered = {row[0] for row in warehouse.execute(_SURROGATES, [table.name]).fetchall()}
    numbered |= {column.name for column in table.columns.values() if column.is_identity}
    return [n for n in table.columns if n in key or n not in {*numbered, *OF_ENGINE}]


def _rows(
    warehouse: psycopg.Connection, table: GivenTable, key: Sequence[str], names: Sequence[str]
) -> Iterator[Keyed]:
    texts = {n: table.columns[n].comparable(ident(n)) for n in {*key, *names}}
    # As bytes, so that the order depends on neither the collation nor the encoding.
    order = ", ".join(f"convert_to({texts[n]}, 'UTF8') NULLS FIRST" for n in key)
    with warehouse.cursor(name="rows_to_compare") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(
            f"SELECT ARRAY[{', '.join(texts[n] for n in key)}]::text[], "
            f"ARRAY[{', '.join(texts[n] for n in names)}]::text[] "
            f"FROM {table.name} ORDER BY {order}".encode()
        )
        yield from cursor
