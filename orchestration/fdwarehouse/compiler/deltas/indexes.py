"""The indexes by which writers look up rows.

A writer looks up rows whose columns equal those of changed rows, or are among keys. An index must
begin with these columns, in any order. If expressions are among keys, it must be an index on these
expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from fdwarehouse.compiler.algebra.catalog import RUN_ID, Relation
from fdwarehouse.compiler.algebra.expressions import ExpressionText
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Expr,
    Item,
    Link,
    Node,
    Select,
    Subquery,
    Table,
    aliases_in,
    columns_in,
    is_equality,
    rewrite,
    sides,
    walk,
)
from fdwarehouse.compiler.deltas.changes import Itself
from fdwarehouse.compiler.deltas.shape import is_of_many_rows
from fdwarehouse.identifiers import qualified


@dataclass(frozen=True)
class Index:
    """The columns, or the expressions over them, by which rows of a table are looked up."""

    schema: str
    table: str
    columns: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    is_ordered: bool = False
    """Whether the order of the columns matters: the last one is looked up by a range."""

    @property
    def qualified(self) -> str:
        """Name of the table, quoted."""
        return qualified(self.schema, self.table)

    @property
    def name(self) -> str:
        """Name of an index on expressions, which identifies it."""
        digest = sha256(", ".join(self.expressions).encode()).hexdigest()[:8]
        return f"{self.table[:50]}_by_{digest}"


def wanted_indexes(blocks: Sequence[Block]) -> tuple[Index, ...]:
    """List the indexes by which blocks look up rows, except those of keys.

    Args:
        blocks: of a writer.
    """
    found = dict.fromkeys(each for b in blocks for each in _looked_up(b))
    of_tables = (
        Index(relation.schema, relation.name, columns, expressions)
        for relation, columns, expressions in found
        if expressions or not _is_by_key(relation, columns)
    )
    own = (index for b in blocks for index in _by_itself(b))
    return tuple(dict.fromkeys((*of_tables, *own)))


def without_redundant(indexes: Iterable[Index]) -> dict[Index, Index]:
    """Omit an index if another one begins with its columns, or can be reordered to.

    Args:
        indexes: those that several writers need.

    Returns:
        For each remaining one, the index to create, whose columns may be reordered.
    """
    wanted = sorted(dict.fromkeys(indexes), key=lambda i: (-len(i.columns), not i.is_ordered))
    kept = {index: index for index in wanted if index.expressions}
    begins: dict[Index, set[str]] = {}  # columns with which it must begin so far
    for index in wanted:
        if index.expressions:
            continue
        columns = index.columns
        of_table = [k for k in begins if (k.schema, k.table) == (index.schema, index.table)]
        if any(_begins_with(kept[k], columns) and k.is_ordered for k in of_table):
            continue
        serving = [k for k in of_table if not k.is_ordered and set(columns) <= begins[k]]
        serving.sort(key=lambda k: not _begins_with(kept[k], columns))
        if serving:
            first = serving[0]
            if not _begins_with(kept[first], columns):
                rest = (c for c in kept[first].columns if c not in columns)
                kept[first] = replace(first, columns=(*columns, *rest))
            begins[first] = set(columns)
        else:
            kept[index], begins[index] = index, set(columns)
    return kept


def _begins_with(index: Index, columns: tuple[str, ...]) -> bool:
    """Return whether an index finds rows by these columns, in any order."""
    return set(index.columns[: len(columns)]) == set(columns)


def _is_by_key(relation: Relation, columns: tuple[str, ...]) -> bool:
    """Return whether a key finds the rows: it begins with these columns, or is among them."""
    return any(
        set(key[: len(columns)]) == set(columns) or set(key) <= set(columns)
        for key in (relation.primary_key, *relation.unique_keys)
        if key
    )


_LookedUp = tuple[Relation, tuple[str, ...], tuple[str, ...]]


def _looked_up(block: Block) -> Iterator[_LookedUp]:
    tables: dict[str, Relation] = {
        part.alias: part.source.relation
        for part in walk(block)
        if isinstance(part, Item) and isinstance(part.source, Table)
    }
    joins = {c for part in walk(block) if isinstance(part, Select) for c in _conditions(part)}
    for part in walk(block):
        if isinstance(part, Select):
            yield from _along_joins(part)
        elif isinstance(part, Subquery) and part.link is Link.ANY and part.test is not None:
            yield from _among_keys(part.test, tables)
        elif isinstance(part, Node) and is_equality(part) and part not in joins:
            for mine, other in sides(part):
                if isinstance(mine, Column) and isinstance(other, Column) and mine.alias in tables:
                    yield tables[mine.alias], (mine.name,), ()


def _conditions(select: Select) -> tuple[Expr, ...]:
    return (*select.conditions, *(c for item in select.items for c in item.on))


def _along_joins(select: Select) -> Iterator[_LookedUp]:
    """Yield the lookups in tables, starting from the few rows that a SELECT begins with."""
    equal = [c for c in _conditions(select) if isinstance(c, Node) and is_equality(c)]
    links = [
        (mine, other)
        for condition in equal
        for mine, other in sides(condition)
        if isinstance(mine, Column) and isinstance(other, Column)
    ]
    few = {i.alias for i in select.items if not isinstance(i.source, Table)}
    few |= {alias for c in select.conditions for alias in _aliases_of_few(c)}
    few |= {other.alias for _, other in links} - select.aliases  # of the row outside
    came_from: set[tuple[str, str]] = set()
    while few:
        reached = {mine.alias for mine, other in links if other.alias in few} - few
        came_from |= {(alias, other.alias) for m, other in links if (alias := m.alias) in reached}
        few |= reached
        if not reached:
            break
    sources = {i.alias: i.source for i in select.items}
    for mine, other in links:
        source = sources.get(mine.alias)
        if isinstance(source, Table) and (other.alias, mine.alias) not in came_from:
            yield source.relation, (mine.name,), ()


def _aliases_of_few(condition: Expr) -> frozenset[str]:
    """Return the items that a condition restricts to given keys or to recently written rows."""
    if isinstance(condition, Subquery):
        return aliases_in(condition.test) if condition.link is Link.ANY else frozenset()
    return frozenset(c.alias for c in columns_in(condition) if c.name == RUN_ID)


def _among_keys(test: Expr, tables: dict[str, Relation]) -> Iterator[_LookedUp]:
    """Yield the columns or expressions of each table that are compared with keys."""
    values = test.get("args") if isinstance(test, Node) and test.tag == "RowExpr" else (test,)
    columns: dict[str, dict[str, None]] = {}
    expressions: dict[str, dict[str, None]] = {}
    for value in values:
        aliases = aliases_in(value)
        if len(aliases) != 1 or not aliases <= set(tables):
            continue
        (alias,) = aliases
        if isinstance(value, Column):
            columns.setdefault(alias, {})[value.name] = None
        elif not any(isinstance(part, Subquery) or is_of_many_rows(part) for part in walk(value)):
            expressions.setdefault(alias, {})[_of_table(value, tables[alias].name)] = None
    for alias, names in columns.items():
        yield tables[alias], _decisive(tables[alias], tuple(names)), ()
    for alias in expressions.keys() - columns.keys():
        yield tables[alias], (), tuple(expressions[alias])


def _decisive(relation: Relation, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Omit columns that others determine: an order determines its customer."""
    for dependency in relation.dependencies:
        if set(dependency.by) <= set(columns):
            columns = tuple(c for c in columns if c not in dependency.columns)
    return columns


def _by_itself(block: Block) -> Iterator[Index]:
    """Yield the lookups in the table that is written: equal columns, then a range."""
    for select in (part for part in walk(block) if isinstance(part, Select)):
        for item in select.items:
            if isinstance(item.source, Itself):
                columns = _compared(select, item.alias)
                yield Index(item.source.schema, item.source.name, columns, is_ordered=True)


def _compared(select: Select, alias: str) -> tuple[str, ...]:
    equal: dict[str, None] = {}
    within: dict[str, None] = {}
    for condition in select.conditions:
        names = [c.name for c in columns_in(condition) if c.alias == alias]
        kept = equal if is_equality(condition) else within
        kept.update(dict.fromkeys(names if len(names) == 1 else ()))
    return (*equal, *[name for name in within if name not in equal][:1])


def _of_table(value: Expr, table: str) -> str:
    """Write an expression over the columns of a table, for an index of it."""
    text = ExpressionText(lambda _: "")
    return text(rewrite(value, lambda c: Column(table, c.name) if isinstance(c, Column) else None))
