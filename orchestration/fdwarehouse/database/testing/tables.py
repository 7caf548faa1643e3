"""The tables of a unit test: their columns, and whether the values of its rows fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.database.analysis.catalog import primary_key
from fdwarehouse.errors import Problems, suggestion
from fdwarehouse.identifiers import literal
from fdwarehouse.project.unit_tests import Cell, Rows, UnitTest

_COLUMNS = """
    SELECT
        a.attname,
        format_type(a.atttypid, a.atttypmod),
        t.typcategory::text || CASE WHEN t.typtype = 'e' THEN 'e' ELSE '' END,
        format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL),
        a.attnotnull OR a.attnum = ANY(k.conkey),
        a.attidentity <> '' AND a.attgenerated = '',
        a.attgenerated <> ''
    FROM pg_attribute AS a
    INNER JOIN pg_type AS t ON a.atttypid = t.oid
    LEFT JOIN pg_constraint AS k ON a.attrelid = k.conrelid AND k.contype = 'p'
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum
"""
_UNREADABLE = """
    SELECT position - 1, (pg_input_error_info(text, type)).message
    FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS cell (text, type, position)
    WHERE NOT pg_input_is_valid(text, type)
    ORDER BY position
"""
_PARTITIONS = "SELECT every, dates_column FROM etl.range_partitions WHERE table_name = %s"

OF_ENGINE = ("_run_id", "_inserted_run_id")
"""Columns that a run sets."""
REASONS = "reasons"
"""The type of a list whose order does not matter."""


@dataclass(frozen=True)
class Column:
    """A column of a table; see pg_attribute."""

    name: str
    type: str
    category: str
    base_type: str
    not_null: bool
    is_identity: bool
    is_generated: bool

    def text(self, cell: Cell) -> str | None:
        """Return a value as PostgreSQL reads it."""
        if cell.parts is None or self.category[0] != "A":
            return cell.text
        quoted = (
            "NULL" if p is None else '"' + p.replace("\\", r"\\").replace('"', r"\"") + '"'
            for p in cell.parts
        )
        return "{" + ",".join(quoted) + "}"

    def value(self, text: str | None) -> str:
        """Return a value as SQL."""
        return f"CAST({literal(text)} AS {self.type})"

    def comparable(self, value: str) -> str:
        """Return the text of an SQL expression: the same for equal values."""
        if self.base_type == "numeric":
            return f"trim_scale({value}::numeric)::text"
        if self.base_type == REASONS:
            return (
                f"(SELECT array_agg(reason ORDER BY reason) FROM unnest({value}) AS reason)::text"
            )
        return f"{value}::jsonb::text" if self.base_type == "json" else f"{value}::text"


@dataclass(frozen=True)
class GivenTable:
    """A table that rows are written to or compared with.

    Attributes:
        name: quoted.
        columns: by name.
        key: what identifies a row in a unit test.
        logged: columns of its change log.
        definition: its file, if it is one SELECT.
        partitions: its date, and the time that each partition holds.
    """

    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    logged: tuple[str, ...] = ()
    definition: Definition | None = None
    partitions: tuple[str, str] | None = None

    @property
    def is_raw(self) -> bool:
        """Whether it has versions, which are only added."""
        return self.name.startswith("bronze.")

    @property
    def log(self) -> str:
        """Its change log."""
        return log_of(self.name)

    def must_be_filled(self, column: Column) -> bool:
        """Return whether a column has a value in every row."""
        if column.is_generated or column.name in OF_ENGINE:
            return False
        header = self.definition.header.columns.get(column.name) if self.definition else None
        return column.not_null or (header is not None and header.not_null)

    def accepted_values(self, column: Column) -> tuple[str | int, ...]:
        """Return the values that a column may have, as its header says."""
        header = self.definition.header.columns.get(column.name) if self.definition else None
        return (header and header.accepted_values) or ()


def log_of(table: str) -> str:
    """Name the change log of a table, quoted."""
    return f'{table[:-1]}_changes"' if table.endswith('"') else f"{table}_changes"


def read_table(
    warehouse: psycopg.Connection,
    name: str,
    definition: Definition | None,
    key: Sequence[str] = (),
) -> GivenTable:
    """Describe a table or view.

    Args:
        warehouse: a connection.
        name: the table, quoted.
        definition: its file, if it is one SELECT.
        key: its key, if neither its file nor its primary key says so.
    """
    columns = {row[0]: Column(*row) for row in warehouse.execute(_COLUMNS, [name]).fetchall()}
    if not key and definition is not None and definition.header.kind != "dimension":
        key = definition.header.key
    if not key:
        key = primary_key(warehouse, name)
    log = warehouse.execute("SELECT to_regclass(%s)::text", [log_of(name)]).fetchone()
    logged: tuple[str, ...] = ()
    if log and log[0] is not None:
        found = warehouse.execute(_COLUMNS, [log_of(name)]).fetchall()
        logged = tuple(row[0] for row in found if row[0] not in ("run_id", "sign"))
    ranges = warehouse.execute(_PARTITIONS, [name]).fetchone()
    partitions = (ranges[1], ranges[0]) if ranges else None
    return GivenTable(name, columns, tuple(key), logged, definition, partitions)


def require_readable(
    warehouse: psycopg.Connection,
    test: UnitTest,
    named: Sequence[tuple[GivenTable, Rows]],
    *,
    are_given: bool,
) -> None:
    """Check the columns and values of rows.

    Args:
        warehouse: a connection.
        test: whose rows they are.
        named: tables and rows of them.
        are_given: whether they are written, rather than compared.

    Raises:
        FdwarehouseError: there is no such column, or a value is not of its type; the message names
            file and line.
    """
    problems = Problems()
    cells: list[tuple[Column, Cell, GivenTable]] = []
    for table, rows in named:
        for row in rows:
            for name, cell in row.cells.items():
                column = table.columns.get(name)
                if problem := _problem_with(table, name, are_given=are_given):
                    problems.add(test.wrong(cell.line, problem))
                elif column is not None:
                    cells.append((column, cell, table))
    texts = [column.text(cell) for column, cell, _ in cells]
    types = [column.type for column, *_ in cells]
    for position, message in warehouse.execute(_UNREADABLE, [texts, types]).fetchall():
        column, cell, table = cells[position]
        way_out = f"{table.name}.{column.name} is of type {column.type}."
        problems.add(test.wrong(cell.line, f"{column.name}: {message}", way_out))
    problems.raise_found()


def _problem_with(table: GivenTable, name: str, *, are_given: bool) -> str | None:
    column = table.columns.get(name)
    if column is None:
        more = suggestion(name, table.columns) or f"; it has {', '.join(table.columns)}"
        return f"{table.name} has no column {name}{more}"
    if name in OF_ENGINE:
        return f"{name} is set by the run: it cannot be given or compared"
    if are_given and column.is_generated:
        return f"{table.name}.{name} is computed by the table: it cannot be given"
    return None
