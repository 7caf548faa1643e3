"""Partitions by a date: validates the header, and finds the dates of a table upstream.

A partition must exist before a row is written into it. Most dates are columns of a table upstream:
only its rows written since can have new dates, so the SELECT need not be computed to find them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fdwarehouse.compiler.algebra.catalog import RUN_ID
from fdwarehouse.compiler.algebra.reasons import Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Expr,
    Item,
    Node,
    Output,
    Select,
    SetOperation,
    Subquery,
    Table,
    column_names,
    columns_in,
    rewrite,
    walk,
)
from fdwarehouse.compiler.deltas.shape import is_of_many_rows
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import MAX_PARTITIONED_NAME_LENGTH

_DATE = re.compile(r"date|timestamp(\(\d\))? with(out)? time zone")
_ONE_OF_THEM = ("min", "max", "first_value", "last_value")
"""Calls over many rows whose result is the value of one."""
_WAYS_OUT = {
    "dimension": "Partition the facts that refer to it: a dimension is looked up by its key.",
    "view": "Partition the tables that it reads.",
}


def require_partitions(definition: Definition, columns: tuple[tuple[str, str], ...]) -> None:
    """Check that a table can be partitioned as its header says.

    Args:
        definition: the file.
        columns: name and type of each column of the SELECT.

    Raises:
        FdwarehouseError: it cannot; the message names file and line.
    """
    partitions = definition.header.partitions
    if partitions is None:
        return

    def wrong(problem: str, hint: str, *place: str) -> FdwarehouseError:
        line = definition.line_of("partitions", *place)
        return FdwarehouseError(f"{definition.path}, line {line}: partitions: {problem}", hint=hint)

    types = dict(columns)
    kind = definition.header.kind
    if kind in _WAYS_OUT:
        raise wrong(f"a {kind} cannot be partitioned", _WAYS_OUT[kind])
    if partitions.by not in types:
        raise wrong(
            f"the SELECT has no column {partitions.by}", f"It has {', '.join(types)}.", "by"
        )
    if not _DATE.fullmatch(types[partitions.by]):
        raise wrong(
            f"{partitions.by} is of type {types[partitions.by]}",
            "Name a column that is a date or a timestamp, or cast it in the SELECT.",
            "by",
        )
    name = definition.path.rpartition("/")[2].removesuffix(".sql")
    if len(name.encode()) > MAX_PARTITIONED_NAME_LENGTH:
        raise wrong(
            f"{name} is too long a name; the limit is {MAX_PARTITIONED_NAME_LENGTH} characters",
            "Give the table another name: the names of its partitions end in a date.",
        )


def dates_of_rows(block: Block, by: str) -> tuple[Select, ...] | None:
    """Find the upstream tables that have every date of a table.

    Args:
        block: the SELECT of the table.
        by: its column with the dates.

    Returns:
        SELECTs over one table each, of a date and the run that wrote the row; None if a date
        depends on several tables.
    """
    try:
        found = tuple(_dates(block, Column("", by), ""))
    except Unsupported:
        return None
    return tuple(dict.fromkeys(found))


def _dates(source: object, value: Expr, alias: str) -> Iterator[Select]:
    """Yield the dates of an expression over one source, given by its alias."""
    match source:
        case Table(relation) if RUN_ID in relation.column_names:
            run_id = Output(RUN_ID, Column(alias, RUN_ID))
            yield Select((Output("date", value), run_id), (Item(alias, source),))
        case SetOperation(operator, _, left, right):
            names = column_names(left)
            yield from _dates(left, value, alias)
            if operator == "UNION":
                other = dict(zip(names, column_names(right), strict=True))
                yield from _dates(right, _renamed(value, alias, other), alias)
        case Select():
            yield from _of_value(source, _substituted(value, alias, source))
        case _:
            raise Unsupported("dates that no table has")


def _of_value(select: Select, value: Expr) -> Iterator[Select]:
    """Yield the dates that an expression over the items of a SELECT can have."""
    if isinstance(value, Node) and (choices := _choices(value)):
        for choice in choices:
            yield from _of_value(select, choice)
        return
    if any(isinstance(p, Subquery) or is_of_many_rows(p) for p in walk(value)):
        raise Unsupported("dates of more than a row")
    aliases = {c.alias for c in columns_in(value)}
    if len(aliases) != 1 or not aliases <= select.aliases:
        raise Unsupported("dates of several tables")
    (alias,) = aliases
    yield from _dates(select.item(alias).source, value, alias)


def _choices(value: Node) -> tuple[Expr, ...]:
    """Return the expressions one of which is the value."""
    args: tuple[Expr, ...] = value.get("args") or ()
    if value.tag in ("CoalesceExpr", "MinMaxExpr"):
        return args
    if value.tag == "CaseExpr":
        results = (a.get("result") for a in args if isinstance(a, Node))
        return tuple(r for r in (*results, value.get("defresult")) if r is not None)
    if value.tag in ("Aggregate", "WindowCall") and len(args) == 1:
        called = [part.get("sval") for part in value.get("funcname")]
        is_own = len(called) == 1 or called[0] == "pg_catalog"
        return args if is_own and called[-1] in _ONE_OF_THEM else ()
    return ()


def _renamed(value: Expr, alias: str, names: dict[str, str]) -> Expr:
    def change(part: object) -> object:
        is_ours = isinstance(part, Column) and part.alias == alias
        return Column(alias, names[part.name]) if is_ours and isinstance(part, Column) else None

    changed: Expr = rewrite(value, change)
    return changed


def _substituted(value: Expr, alias: str, select: Select) -> Expr:
    """Replace the columns of a derived table by their expressions."""

    def change(part: object) -> object:
        is_ours = isinstance(part, Column) and part.alias == alias
        return select.output(part.name) if is_ours and isinstance(part, Column) else None

    changed: Expr = rewrite(value, change)
    return changed
