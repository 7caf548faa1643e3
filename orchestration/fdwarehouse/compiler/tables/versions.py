"""A table of silver: its SELECT, made of each version of a row of bronze."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pglast.parser import scan

from fdwarehouse.compiler.algebra.parse import parse
from fdwarehouse.compiler.algebra.reasons import Construct, Unsupported, line_of
from fdwarehouse.compiler.algebra.tree import Block, Column, Select, Table
from fdwarehouse.compiler.deltas import shape
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident

WAY_OUT = (
    "A table of silver is made of one table of bronze, row by row: join, group and filter in gold."
)
ADDED = ("is_deleted", "reject_reasons")
"""Columns that the engine adds to those of the SELECT, beside those that begin with `_`."""


@dataclass(frozen=True)
class VersionSelect:
    """The SELECT of a table of silver, taken apart so that columns can be added to it.

    Attributes:
        columns: `SELECT` and what follows it, up to FROM.
        table: `FROM` and what follows it, up to WHERE.
        condition: of WHERE; None without one.
        alias: by which the table is called, as SQL writes it.
    """

    columns: str
    table: str
    condition: str | None
    alias: str


def take_apart(select: str) -> VersionSelect:
    """Take a SELECT over one table apart, as it is written; comments at the seams are left out.

    Args:
        select: has one table in FROM, and no clause after WHERE.
    """
    relation = parse(select).fromClause[0]
    begins, where, depth, last = 0, None, 0, 0
    ends = 0
    for token in scan(select):
        depth += {"ASCII_40": 1, "ASCII_41": -1}.get(token.name, 0)
        if depth == 0 and token.name == "FROM" and token.start < relation.location:
            begins, ends = token.start, last
        elif depth == 0 and token.name == "WHERE" and token.start > relation.location:
            where = (last, token.end + 1)
        if token.name not in ("SQL_COMMENT", "C_COMMENT"):
            last = token.end + 1
    named = relation.alias.aliasname if relation.alias else relation.relname
    return VersionSelect(
        select[:ends],
        select[begins : where[0] if where else last],
        select[where[1] : last].strip() if where else None,
        ident(named),
    )


def require_row_by_row(
    definition: Definition, block: Block, schema: str = "bronze", way_out: str = WAY_OUT
) -> Table:
    """Return the one table that a SELECT reads, row by row.

    Args:
        definition: the file.
        block: its SELECT, as the compiler reads it.
        schema: of the table.
        way_out: what an error says of it.

    Raises:
        FdwarehouseError: a row of the result is made of anything but one row of the table.
    """
    try:
        return _only_table(block, schema)
    except Unsupported as problem:
        raise not_row_by_row(definition, problem, way_out) from problem


def not_row_by_row(
    definition: Definition, problem: Unsupported, way_out: str = WAY_OUT
) -> FdwarehouseError:
    """Return the error that says what is in the way, and where."""
    line = line_of(problem.construct, definition.select) or 1
    place = f"{definition.path}, line {definition.first_line + line - 1}"
    return FdwarehouseError(f"{place}: {problem.reason}", hint=way_out)


def _only_table(block: Block, schema: str) -> Table:
    if not isinstance(block, Select):
        raise Unsupported("UNION, EXCEPT and INTERSECT have no place here")
    if shape.is_grouped(block):
        raise Unsupported("an aggregate has no place here", Construct.AGGREGATE)
    if shape.has_partitions(block):
        raise Unsupported("a window or DISTINCT ON has no place here", Construct.WINDOW)
    if block.is_distinct or block.order_by:
        raise Unsupported("DISTINCT and ORDER BY have no place here")
    if block.limit or block.offset:
        raise Unsupported("LIMIT has no place here", Construct.LIMIT)
    if shape.has_subquery((block.outputs, block.conditions)):
        raise Unsupported("a subquery has no place here", Construct.SUBQUERY)
    sources = [item.source for item in block.items]
    if len(sources) != 1 or not isinstance(sources[0], Table):
        raise Unsupported("there should be one table in FROM")
    if sources[0].relation.schema != schema:
        raise Unsupported(f"{sources[0].relation.qualified} is not a table of {schema}")
    return sources[0]


def key_is_computed(block: Any, key: tuple[str, ...], source_key: tuple[str, ...]) -> bool:
    """Say whether a SELECT computes its key, so that several rows of the source can have one.

    Args:
        block: the SELECT over a table of bronze.
        key: columns of the SELECT.
        source_key: columns of the source's key.
    """
    values = [block.output(name) for name in key]
    return {v.name if isinstance(v, Column) else None for v in values} != set(source_key)
