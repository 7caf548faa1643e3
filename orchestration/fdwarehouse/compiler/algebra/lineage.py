"""Which columns of tables each column of a SELECT comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

from fdwarehouse.compiler.algebra.tree import (
    STAR,
    Block,
    Column,
    Function,
    Link,
    Node,
    Select,
    SetOperation,
    Source,
    Subquery,
    Table,
    Values,
    walk,
)
from fdwarehouse.identifiers import qualified

_NAMES = ("name", "refname")
_CALLS = ("Aggregate", "WindowCall", "FuncCall", "SetCall")


class Origin(NamedTuple):
    """A column of a table: the table, quoted, and the column's name."""

    table: str
    column: str


Origins = frozenset[Origin]
_NONE: Origins = frozenset()


@dataclass(frozen=True)
class Sources:
    """Where a value comes from.

    Attributes:
        direct: columns that it is computed from.
        indirect: columns that only filter, join, group or order.
    """

    direct: Origins = _NONE
    indirect: Origins = _NONE

    def __or__(self, other: Sources) -> Sources:
        """Combine the sources of two parts of an expression."""
        return Sources(self.direct | other.direct, self.indirect | other.indirect)

    @property
    def all(self) -> Origins:
        """All of them."""
        return self.direct | self.indirect

    @property
    def only_indirect(self) -> Sources:
        """The same, where the value only decides which rows there are."""
        return Sources(indirect=self.all)

    def with_rows(self, rows: Origins) -> Sources:
        """Add what decides which rows there are; a column that does both is direct.

        Args:
            rows: the columns that do.
        """
        return Sources(self.direct, (self.indirect | rows) - self.direct)


Lineage = Mapping[str, Sources]
"""The sources of each column."""


def lineage(block: Block) -> Lineage:
    """Return where each column of a SELECT comes from.

    Args:
        block: the SELECT; every alias occurs once in it.
    """
    traced = _Tracer().block(block)
    rows = traced.rows | _counted(block, traced)
    return {name: value.with_rows(rows) for name, value in traced.columns.items()}


def by_name(columns: Iterable[str], read: Iterable[Origin]) -> Lineage:
    """Guess where columns come from: directly from those with the same name.

    Args:
        columns: of the table.
        read: all columns that are read for it.
    """
    origins = frozenset(read)
    return {
        name: Sources(frozenset(o for o in origins if o.column == name)).with_rows(origins)
        for name in columns
    }


def calls_functions_of_users(block: Block) -> bool:
    """Return whether a function is called that may read tables itself.

    Args:
        block: the SELECT.
    """
    calls = (p for p in walk(block) if isinstance(p, Node) and p.tag in _CALLS)
    names = ([n.get("sval") for n in call.get("funcname") or ()] for call in calls)
    return any(len(name) > 1 and name[0] != "pg_catalog" for name in names)


def _counted(block: Block, traced: _Traced) -> Origins:
    """Return the keys of the tables of which only the number of rows matters."""
    named = {o.table for value in traced.columns.values() for o in value.all}
    named |= {o.table for o in traced.rows}
    relations = {p.relation for p in walk(block) if isinstance(p, Table)}
    return frozenset(
        Origin(table, column)
        for relation in relations
        if (table := qualified(relation.schema, relation.name)) not in named
        for column in relation.primary_key or relation.column_names[:1]
    )


class _Traced(NamedTuple):
    """The columns of a block, and what decides which rows it has."""

    columns: dict[str, Sources]
    rows: Origins = _NONE


class _Tracer:
    """Traces one definition; it knows the columns of all items by their aliases."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Sources]] = {}
        self.windows: dict[str, Node] = {}

    def block(self, block: Block) -> _Traced:
        match block:
            case Select():
                return self._select(block)
            case SetOperation():
                return self._set_operation(block)
            case Values():
                columns = zip(block.columns, zip(*block.rows, strict=True), strict=True)
                return _Traced({name: self.value(values) for name, values in columns})

    def _select(self, select: Select) -> _Traced:
        rows = _NONE
        for item in select.items:
            traced = self._source(item.source)
            self.items[item.alias] = traced.columns
            rows |= traced.rows
        self.windows |= {str(w.get("name")): w for w in select.windows if w.get("name")}
        filters = (select.conditions, *(item.on for item in select.items), select.having)
        others = (select.groups, select.distinct_on, select.order_by, select.limit, select.offset)
        rows |= self.value((filters, others)).all
        return _Traced({o.name: self.value(o.value) for o in select.outputs}, rows)

    def _set_operation(self, block: SetOperation) -> _Traced:
        left, right = self.block(block.left), self.block(block.right)
        rows = left.rows | right.rows
        if block.operator != "UNION":  # its values are those of the left side
            return _Traced(left.columns, rows.union(*(v.all for v in right.columns.values())))
        pairs = zip(left.columns.items(), right.columns.values(), strict=True)
        return _Traced({name: one | other for (name, one), other in pairs}, rows)

    def _source(self, source: Source) -> _Traced:
        match source:
            case Table(relation=relation):
                table = qualified(relation.schema, relation.name)
                return _Traced(
                    {c: Sources(frozenset({Origin(table, c)})) for c in relation.column_names}
                )
            case Function():
                value = self.value(source.node)
                return _Traced({**dict.fromkeys(source.columns, value), STAR: value}, value.all)
            case Select() | SetOperation() | Values():
                return self.block(source)
            case _:
                raise TypeError(f"{source!r} is not a part of a definition")

    def value(self, value: Any) -> Sources:
        """Return the sources of an expression, of several, or of any part of one."""
        match value:
            case tuple():
                return _merged(self.value(part) for part in value)
            case Column():
                return self._column(value)
            case Subquery():
                return self._subquery(value)
            case Node():
                return _merged(self._parts(value))
            case _:
                return Sources()

    def _column(self, column: Column) -> Sources:
        known = self.items.get(column.alias, {})
        if column.name == STAR:
            return _merged(known.values())
        # A field of what a function returns is not known by its name; a system column is no value.
        return known.get(column.name) or known.get(STAR) or Sources()

    def _subquery(self, subquery: Subquery) -> Sources:
        traced = self.block(subquery.block)
        values = _merged(traced.columns.values())
        if subquery.link is Link.EXISTS:
            values = values.only_indirect
        return values | Sources(indirect=traced.rows) | self.value(subquery.test)

    def _parts(self, node: Node) -> Iterator[Sources]:
        """Yield the sources of each part; what is not an argument of a call is indirect."""
        computed = {name for name, _ in node.fields}
        if node.tag == "WindowDef":
            computed = set()
        elif node.tag in _CALLS:
            computed = {"args", "agg_order"} if node.get("agg_within_group") else {"args"}
        for name, part in node.fields:
            named = self.windows.get(part) if node.tag == "WindowDef" and name in _NAMES else None
            found = self.value(part if named is None or named == node else named)
            yield found if name in computed else found.only_indirect


def _merged(parts: Iterable[Sources]) -> Sources:
    return reduce(Sources.__or__, parts, Sources())
