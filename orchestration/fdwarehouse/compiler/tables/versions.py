"""The SELECT of a table of silver, which is applied to each version of a row of bronze."""

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

WAY_OUT = "A table of silver reads one table of bronze, row by row: join, group and filter in gold."
ADDED = ("is_deleted", "reject_reasons")
"""Columns that the engine adds to those of the SELECT, besides those that begin with `_`."""


@dataclass(frozen=True)
class VersionSelect:
    """The SELECT of a table of silver, split so that columns can be added to it.

    Attributes:
        columns: the text from SELECT up to FROM.
        table: the text from FROM up to WHERE.
        condition: of WHERE; None without one.
        alias: of the table, quoted.
    """

    columns: str
    table: str
    condition: str | None
    alias: str


def take_apart(select: str) -> VersionSelect:
    """Split the text of a SELECT over one table; comments between the parts are removed.

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
        way_out: hint of the error.

    Raises:
        FdwarehouseError: a row of the result does not depend on exactly one row of the table.
    """
    try:
        return _only_table(block, schema)
    except Unsupported as problem:
        raise not_row_by_row(definition, problem, way_out) from problem


def not_row_by_row(
    definition: Definition, problem: Unsupported, way_out: str = WAY_OUT
) -> FdwarehouseError:
    """Return the error with the reason and its line."""
    line = line_of(problem.construct, definition.select) or 1
    place = f"{definition.path}, line {definition.first_line + line - 1}"
    return FdwarehouseError(f"{place}: {problem.reason}", hint=way_out)


def _only_table(block: Block, schema: str) -> Table:
    if not isinstance(block, Select):
        raise Unsupported("UNION, EXCEPT and INTERSECT are not possible here")
    if shape.is_grouped(block):
        raise Unsupported("an aggregate is not possible here", Construct.AGGREGATE)
    if shape.has_partitions(block):
        raise Unsupported("a window or DISTINCT ON is not possible here", Construct.WINDOW)
    if block.is_distinct or block.order_by:
        raise Unsupported("DISTINCT and ORDER BY are not possible here")
    if block.limit or block.offset:
        raise Unsupported("LIMIT is not possible here", Construct.LIMIT)
    if shape.has_subquery((block.outputs, block.conditions)):
        raise Unsupported("a subquery is not possible here", Construct.SUBQUERY)
    sources = [item.source for item in block.items]
    if len(sources) != 1 or not isinstance(sources[0], Table):
        raise Unsupported("there must be exactly one table in FROM")
    if sources[0].relation.schema != schema:
        raise Unsupported(f"{sources[0].relation.qualified} is not a table of {schema}")
    return sources[0]


def key_in_source(block: Any, key: tuple[str, ...], source_key: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of the source that are the key of a SELECT, in the order of the key.

    Returns none if the SELECT computes its key, so that several rows of the source can share one.

    Args:
        block: the SELECT over a table of bronze.
        key: columns of the SELECT.
        source_key: columns of the source's key.
    """
    values = [block.output(name) for name in key]
    names = tuple(v.name for v in values if isinstance(v, Column))
    return names if len(names) == len(key) and {*names} == {*source_key} else ()
