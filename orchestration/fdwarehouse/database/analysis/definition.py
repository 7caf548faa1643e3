"""What the warehouse says of one definition: columns, canonical text, what is wrong with it."""

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
    "42P07": "A table that a former file made is still there: drop it in a migration.",
    "42P01": "Tables are named with their schema; sql/ has those of silver and gold.",
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
        view: its name, as SQL writes it.
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
    """Return what tells the columns of a SELECT.

    Args:
        warehouse: a connection as the owner, in a transaction; what is created is undone.
        target: the table for which it is asked.
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
    """Create a table with nothing but columns and keys: what reads it next finds it so.

    Args:
        target: the table.
        warehouse: a connection as the owner.
        key: its primary key, where that is not the key of its rows.
        unique: other columns that are a key.
        not_null: columns that are never null, those of the primary key aside.
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
    """Say whether a table has these columns and this key: then nobody who reads it has to wait."""
    row = warehouse.execute("SELECT to_regclass(%s) IS NOT NULL", [target.qualified]).fetchone()
    if not row or not row[0]:
        return False
    columns = warehouse.execute(_COLUMNS_THERE.encode(), [target.qualified]).fetchall()
    found = {column for column in columns if not column[0].startswith("_")}
    wanted = {(name, kind, name in never_null) for name, kind in target.readable}
    return found == wanted and primary_key(warehouse, f"{target.schema}.{target.name}") == key


def _wrong_select(definition: Definition, error: psycopg.Error, before: int) -> FdwarehouseError:
    position = int(error.diag.statement_position or 0)
    line = definition.first_line
    if position > before:
        line += definition.select[: position - before - 1].count("\n")
    message = error.diag.message_primary or str(error).strip()
    way_out = error.diag.message_hint or _WAYS_OUT.get(
        str(error.sqlstate), "Fix the SELECT: it should run in psql as it is."
    )
    return FdwarehouseError(
        f"{definition.path}, line {line}: {message}",
        hint=f"{way_out} Nothing was deployed.",
        exit_code=1,
    )


def _require_moving_dates(definition: Definition, canonical_sql: str) -> None:
    """Refuse 'today'::date and the like: PostgreSQL takes the day of the deploy for it.

    Such a word is a date where it is written and not in what PostgreSQL made of it.
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
    """Yield each literal that can be a date which moves."""
    for node in nodes_of(parse(sql)):
        value = getattr(getattr(node, "val", None), "sval", None)
        if isinstance(node, ast.A_Const) and isinstance(value, str):
            word = value.strip().lower()
            if word in _SPECIAL_DATES:
                yield word


def require_reproducible(definition: Definition, impure: Iterable[str]) -> None:
    """Refuse what gives other rows each time: no run could tell what is wrong with them.

    Args:
        definition: the file.
        impure: what `impure_parts` says of it.
    """
    for part in impure:
        if " is volatile" in part:
            line = line_of_impurity(part, definition.select) or 1
            raise FdwarehouseError(
                f"{definition.path}, line {definition.first_line + line - 1}: {part}",
                hint="A table is what its SELECT returns, at any time: leave it out, or use it "
                "where the table is read. A function of your own should be declared IMMUTABLE.",
            )


@contextmanager
def key_errors_named(definition: Definition, warehouse: psycopg.Connection) -> Iterator[None]:
    """Name file and line where a table with the key of a header cannot be created.

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
            hint="A key is made of columns whose values can be compared, such as numbers or text.",
        ) from error
