"""The indexes that writers look rows up by.

A writer asks for the rows whose columns equal those of changed rows, or are among keys: so many
columns an index has to begin with, in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fdwarehouse.compiler.catalog import Relation
from fdwarehouse.compiler.tree import (
    Block,
    Column,
    Expr,
    Item,
    Link,
    Node,
    Subquery,
    Table,
    is_equality,
    sides,
    walk,
)
from fdwarehouse.identifiers import qualified


@dataclass(frozen=True)
class Index:
    """Columns of a table by which rows are looked up."""

    schema: str
    table: str
    columns: tuple[str, ...]

    @property
    def qualified(self) -> str:
        """Name of the table, as SQL writes it."""
        return qualified(self.schema, self.table)


def wanted_indexes(blocks: Iterable[Block]) -> tuple[Index, ...]:
    """List the indexes that blocks look rows up by, without those that a key is.

    Args:
        blocks: of a writer.
    """
    found = dict.fromkeys(pair for b in blocks for pair in _looked_up(b))
    return tuple(
        Index(relation.schema, relation.name, columns)
        for relation, columns in found
        if not _is_by_key(relation, columns)
    )


def without_redundant(indexes: Iterable[Index]) -> tuple[Index, ...]:
    """Leave out an index where another that is wanted begins with its columns.

    Args:
        indexes: what several writers want.
    """
    wanted = sorted(dict.fromkeys(indexes), key=lambda i: -len(i.columns))
    kept: list[Index] = []
    for index in wanted:
        of_table = (k for k in kept if (k.schema, k.table) == (index.schema, index.table))
        if not any(_begins_with(k, index.columns) for k in of_table):
            kept.append(index)
    return tuple(kept)


def _begins_with(index: Index, columns: tuple[str, ...]) -> bool:
    """Say whether an index finds rows by these columns, in whatever order it has them."""
    return set(index.columns[: len(columns)]) == set(columns)


def _is_by_key(relation: Relation, columns: tuple[str, ...]) -> bool:
    """Say whether a key finds the rows: it begins with these columns, or is among them."""
    return any(
        set(key[: len(columns)]) == set(columns) or set(key) <= set(columns)
        for key in (relation.primary_key, *relation.unique_keys)
        if key
    )


def _looked_up(block: Block) -> Iterator[tuple[Relation, tuple[str, ...]]]:
    tables: dict[str, Relation] = {
        part.alias: part.source.relation
        for part in walk(block)
        if isinstance(part, Item) and isinstance(part.source, Table)
    }
    for part in walk(block):
        if isinstance(part, Subquery) and part.link is Link.ANY and part.test is not None:
            yield from _among_keys(part.test, tables)
        elif isinstance(part, Node) and is_equality(part):
            for mine, other in sides(part):
                if isinstance(mine, Column) and isinstance(other, Column) and mine.alias in tables:
                    yield tables[mine.alias], (mine.name,)


def _among_keys(
    test: Expr, tables: dict[str, Relation]
) -> Iterator[tuple[Relation, tuple[str, ...]]]:
    """Yield the columns of each table that are compared with keys."""
    values = test.get("args") if isinstance(test, Node) and test.tag == "RowExpr" else (test,)
    by_table: dict[str, dict[str, None]] = {}
    for value in values:
        if isinstance(value, Column) and value.alias in tables:
            by_table.setdefault(value.alias, {})[value.name] = None
    for alias, columns in by_table.items():
        yield tables[alias], tuple(columns)
