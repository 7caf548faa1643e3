"""Asks the warehouse about one definition: its columns, its canonical text, its errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager

import psycopg
from pglast import ast

from fdwarehouse.compiler.algebra.parse import parse
from fdwarehouse.compiler.algebra.reasons import line_of_impurity
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.database.analysis.catalog import primary_key
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident, qualified
from fdwarehouse.project.sql_names import nodes_of

_SPECIAL_DATES = frozenset({"now", "today", "tomorrow", "yesterday"})
_WAYS_OUT = {
    "42701": "Give each column a name of its own: AS ...",
    "42P07": "A table of a former file still exists: drop it in a migration.",
    "42P01": "Name tables with their schema; those of silver and gold are in sql/.",
}
_COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod)
FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""

_COLUMNS_THERE = _COLUMNS.replace("atttypmod)\n", "atttypmod), attnotnull\n")

Columns = tuple[tuple[str, str], ...]
"""Name and type of each column."""


def create_definition(
    definition: Definition, view: str, warehouse: psycopg.Connection
) -> tuple[Columns, str]:
    """Create the view of a definition.

    Args:
        definition: the file.
        view: its name, quoted.
        warehouse: a connection as the owner.

    Returns:
        Its columns, and its text as `pg_get_viewdef` prints it.

    Raises:
        FdwarehouseError: the SELECT is wrong; the message names file and line.
    """
    before = f"CREATE VIEW {view} AS\n"
    try:
        warehouse.execute(f"{before}{definition.select}".encode())
    except psycopg.Error as error:
        raise _wrong_select(definition, error, len(before)) from error
    columns = tuple(warehouse.execute(_COLUMNS.encode(), [view]).fetchall())
    row = warehouse.execute("SELECT pg_get_viewdef(%s::regclass)", [view]).fetchone()
    assert row is not None
    _require_moving_dates(definition, row[0])
    return columns, row[0]


def types_in(warehouse: psycopg.Connection, target: Target) -> Callable[[str], Columns]:
    """Return a function that returns the columns of a SELECT.

    Args:
        warehouse: a connection as the owner, in a transaction; what is created is rolled back.
        target: the table for which the SELECT is compiled.
    """
    view = qualified(target.schema, "_types")

    def types(select: str) -> Columns:
        with warehouse.transaction(force_rollback=True):
            warehouse.execute(f"CREATE VIEW {view} AS\n{select}".encode())
            return tuple(warehouse.execute(_COLUMNS.encode(), [view]).fetchall())

    return types


def create_empty(
    target: Target,
    warehouse: psycopg.Connection,
    *,
    key: tuple[str, ...] = (),
    unique: tuple[str, ...] = (),
    not_null: Collection[str] = (),
) -> None:
    """Create a table with only columns and keys, for the definitions that read it.

    Args:
        target: the table.
        warehouse: a connection as the owner.
        key: its primary key, if that is not the key of its rows.
        unique: other columns that are a key.
        not_null: columns that are never null, besides those of the primary key.
    """

    def listed(names: tuple[str, ...]) -> str:
        return ", ".join(ident(name) for name in names)

    never_null = {*not_null, *(key or target.key)}
    if _is_there(target, warehouse, key or target.key, never_null):
        return
    made = [
        f"{ident(name)} {kind}{' NOT NULL' if name in never_null else ''}"
        for name, kind in target.readable
    ]
    made.append("_run_id bigint NOT NULL")
    made.append(f"PRIMARY KEY ({listed(key or target.key)})")
    if unique:
        made.append(f"UNIQUE ({listed(unique)})")
    warehouse.execute(f"DROP TABLE IF EXISTS {target.qualified} CASCADE".encode())
    warehouse.execute(f"CREATE TABLE {target.qualified} ({', '.join(made)})".encode())


def _is_there(
    target: Target, warehouse: psycopg.Connection, key: tuple[str, ...], never_null: set[str]
) -> bool:
    """Return whether the table exists with these columns and this key; then it is not locked."""
    row = warehouse.execute("SELECT to_regclass(%s) IS NOT NULL", [target.qualified]).fetchone()
    if not row or not row[0]:
        return False
    columns = warehouse.execute(_COLUMNS_THERE.encode(), [target.qualified]).fetchall()
    found = {column for column in columns if not column[0].startswith("_")}
    wanted = {(name, kind, name in never_null) for name, kind in target.readable}
    return found == wanted and primary_key(warehouse, target.qualified) == key


def _wrong_select(definition: Definition, error: psycopg.Error, before: int) -> FdwarehouseError:
    position = int(error.diag.statement_position or 0)
    line = definition.first_line
    if position > before:
        line += definition.select[: position - before - 1].count("\n")
    message = error.diag.message_primary or str(error).strip()
    way_out = error.diag.message_hint or _WAYS_OUT.get(
        str(error.sqlstate), "Fix the SELECT: it must run in psql unchanged."
    )
    return FdwarehouseError(
        f"{definition.path}, line {line}: {message}",
        hint=f"{way_out} Nothing was deployed.",
        exit_code=1,
    )


def _require_moving_dates(definition: Definition, canonical_sql: str) -> None:
    """Refuse 'today'::date and the like: PostgreSQL replaces it with the day of the deploy.

    Such a word is in the file, but not in PostgreSQL's text of the view.
    """
    left = Counter(_special_dates(canonical_sql))
    for word, number in Counter(_special_dates(definition.select)).items():
        if number > left[word]:
            found = re.search(rf"'\s*{word}\s*'", definition.select, re.IGNORECASE)
            line = definition.line_at(found.start() if found else 0)
            raise FdwarehouseError(
                f"{definition.path}, line {line}: '{word}' would be the day of the deploy",
                hint="Write current_date, which is computed in every run.",
            )


def _special_dates(sql: str) -> Iterator[str]:
    """Yield each literal that can be a relative date."""
    for node in nodes_of(parse(sql)):
        value = getattr(getattr(node, "val", None), "sval", None)
        if isinstance(node, ast.A_Const) and isinstance(value, str):
            word = value.strip().lower()
            if word in _SPECIAL_DATES:
                yield word


def require_reproducible(definition: Definition, impure: Iterable[str]) -> None:
    """Refuse volatile definitions: no run could tell which of their rows are wrong.

    Args:
        definition: the file.
        impure: the result of `impure_parts`.
    """
    for part in impure:
        if " is volatile" in part:
            line = line_of_impurity(part, definition.select) or 1
            raise FdwarehouseError(
                f"{definition.path}, line {definition.first_line + line - 1}: {part}",
                hint="A table must equal the result of its SELECT at any time: remove it, or use "
                "it where the table is read. Declare a function of your own IMMUTABLE.",
            )


@contextmanager
def key_errors_named(definition: Definition, warehouse: psycopg.Connection) -> Iterator[None]:
    """Add file and line to the error if a table with the key of a header cannot be created.

    Args:
        definition: the file.
        warehouse: a connection as the owner, in a transaction.
    """
    try:
        with warehouse.transaction():
            yield
    except psycopg.Error as error:
        raise FdwarehouseError(
            f"{definition.path}, line {definition.line_of('key')}: key: "
            f"{error.diag.message_primary or error}",
            hint="A key needs columns whose values can be compared, such as numbers or text.",
        ) from error
