"""How the items of a FROM clause are joined: links, orders, the item of the finest grain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from fdwarehouse.compiler.algebra.reasons import Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Expr,
    Function,
    Item,
    Node,
    Output,
    Select,
    SetOperation,
    Table,
    Values,
    aliases_in,
    column_names,
    is_equality,
    sides,
    subqueries_in,
    walk,
)
from fdwarehouse.compiler.deltas import shape
from fdwarehouse.compiler.deltas.images import can_be_grouped
from fdwarehouse.compiler.deltas.spans import interval

Describe = Callable[[Block], dict[str, str]]
"""Returns the type of each column of a block, by its name."""


def plain_conditions(select: Select) -> tuple[Expr, ...]:
    """Return the conditions of WHERE and inner joins without subqueries."""
    return tuple(c for c in select.conditions if not subqueries_in(c))


def conditions_of(select: Select, item: Item) -> tuple[Expr, ...]:
    """Return the conditions by which an item is joined."""
    if item.is_nullable:
        return item.on
    return tuple(c for c in plain_conditions(select) if item.alias in aliases_in(c))


def needs(select: Select, item: Item) -> frozenset[str]:
    """Return the items that an item itself refers to: LATERAL, or a function's arguments."""
    if item.is_lateral or isinstance(item.source, Function):
        return (aliases_in(item.source) - {item.alias}) & select.aliases
    return frozenset()


def is_link(condition: Expr, alias: str, placed: Collection[str]) -> bool:
    """Return whether a condition equates an item with an item that is placed already."""
    if not isinstance(condition, Node) or not is_equality(condition):
        return False
    return any(
        aliases_in(mine) == {alias} and aliases_in(other) and aliases_in(other) <= set(placed)
        for mine, other in sides(condition)
    )


@dataclass(frozen=True)
class Order:
    """Items in order from a root, each after those that its conditions name."""

    aliases: tuple[str, ...]
    crossed: int
    """Number of items that are joined without a link."""


def order_from(select: Select, root: str) -> Order | None:
    """Order the items from a root; None if that is not possible."""
    placed = [root]
    crossed = 0
    waiting = [i for i in select.items if i.alias != root]
    while waiting:
        ready = [i for i in waiting if needs(select, i) <= set(placed)]
        following = next((i for i in ready if _is_linked(select, i, placed)), None)
        if following is None:
            following = next((i for i in ready if not i.is_nullable), None)
            crossed += 1
        if following is None:
            return None
        waiting.remove(following)
        placed.append(following.alias)
    return Order(tuple(placed), crossed)


def _is_linked(select: Select, item: Item, placed: list[str]) -> bool:
    if item.is_nullable:
        return aliases_in(item.on) & select.aliases <= {*placed, item.alias}
    if needs(select, item):
        return True
    return any(is_link(c, item.alias, placed) for c in conditions_of(select, item))


def lookup_count(select: Select, root: str) -> int:
    """Count the items of which each row of the root joins at most one row, including the root."""
    found = {root}
    while True:
        following = next((i for i in select.items if _is_lookup(select, i, found)), None)
        if following is None:
            return len(found)
        found.add(following.alias)


def _is_lookup(select: Select, item: Item, found: set[str]) -> bool:
    if item.alias in found or item.is_lateral:
        return False
    bound = {
        mine.name
        for condition in conditions_of(select, item)
        if is_link(condition, item.alias, found)
        for mine, _ in sides(condition)  # type: ignore[arg-type]
        if isinstance(mine, Column) and mine.alias == item.alias
    }
    is_by_key = any(set(key) <= bound for key in _unique_keys(item))
    return is_by_key or _is_at_one_time(select, item, bound, found)


def _is_at_one_time(select: Select, item: Item, bound: set[str], found: set[str]) -> bool:
    """Return whether an item is joined as of a time, when it has one row per key."""
    period = item.source.relation.period if isinstance(item.source, Table) else None
    if period is None or not set(period.key) <= bound:
        return False
    known = found | {item.alias}
    conditions = tuple(c for c in conditions_of(select, item) if aliases_in(c) <= known)
    return interval(item.alias, conditions) == (period.start, period.end)


def _unique_keys(item: Item) -> Iterable[tuple[str, ...]]:
    source = item.source
    if isinstance(source, Table):
        keys = (source.relation.primary_key, *source.relation.unique_keys)
        return [key for key in keys if key]
    if isinstance(source, (Select, SetOperation)):
        key = unique_key(source)
        return [key] if key else []
    return []


def finest(select: Select) -> str:
    """Return the item of the finest grain: the one from which most others are looked up.

    Raises:
        Unsupported: no item can be the root.
    """
    ranked = []
    for position, item in enumerate(select.items):
        if item.is_nullable or needs(select, item):
            continue
        if order := order_from(select, item.alias):
            is_function = isinstance(item.source, Function)
            count = lookup_count(select, item.alias)
            ranked.append((order.crossed, -count, is_function, position, item.alias))
    if not ranked:
        raise Unsupported("no table to start from")
    return min(ranked)[-1]


def unique_key(block: Block) -> tuple[str, ...] | None:
    """Return unique columns of a block; None if none are known."""
    if isinstance(block, Values):
        return None
    if isinstance(block, SetOperation):
        return None if block.is_all else column_names(block)
    by_value = {o.value: o.name for o in reversed(block.outputs)}
    if block.distinct_on:
        named = [by_value.get(e) for e in block.distinct_on]
    elif block.is_distinct:
        named = list(column_names(block))
    elif shape.is_grouped(block):
        named = [by_value.get(e) for e in block.groups]
    else:
        root = finest(block)
        if lookup_count(block, root) != len(block.items):
            return None
        named = [by_value.get(Column(root, name)) for name in source_key(block, root)]
    return tuple(n for n in named if n) if named and None not in named else None


def source_key(select: Select, alias: str) -> tuple[str, ...]:
    """Return columns that identify the rows of an item; empty if there are none."""
    source = select.item(alias).source
    if isinstance(source, Table):
        return source.relation.primary_key
    if isinstance(source, (Select, SetOperation)):
        return unique_key(source) or ()
    return ()


def handle(select: Select, alias: str, describe: Describe | None = None) -> tuple[Column, ...]:
    """Return the columns that identify changed rows of an item.

    Without a key, these are all columns that are read and can be compared: then several rows may be
    found where one has changed.

    Args:
        select: the SELECT.
        alias: of the item.
        describe: returns the types of columns; without it, all are assumed to have an equality.

    Raises:
        Unsupported: no such column is read.
    """
    names = source_key(select, alias)
    if not names:
        parts = (select.outputs, select.items, select.conditions, select.groups, select.having)
        read = {
            c.name for p in parts for c in walk(p) if isinstance(c, Column) and c.alias == alias
        }
        names = tuple(sorted(read))
        if describe and names:
            named = tuple(Output(name, Column(alias, name)) for name in names)
            types = describe(Select(named, select.items, select.conditions))
            names = tuple(name for name in names if can_be_grouped(types[name]))
    if not names:
        raise Unsupported(f"nothing identifies the rows of {alias}")
    return tuple(Column(alias, name) for name in names)


def root_for(select: Select, values: Iterable[Expr]) -> str | None:
    """Return the item whose columns the values are, if it can be the root; else None."""
    wanted = {alias for v in values for alias in aliases_in(v)} & select.aliases
    if not wanted:
        return finest(select)
    if len(wanted) > 1:
        return None
    (alias,) = wanted
    item = select.item(alias)
    if item.is_nullable or needs(select, item):
        return None
    order = order_from(select, alias)
    if order is None:
        return None
    if order.crossed == 0:
        return alias
    best = order_from(select, finest(select))
    return alias if best is not None and order.crossed <= best.crossed else None


@dataclass(frozen=True)
class Chain:
    """The items that a row of the root is joined to, in order, with their conditions."""

    items: tuple[Item, ...]
    conditions: tuple[Expr, ...] = ()
    requirements: tuple[tuple[str, frozenset[str]], ...] = ()
    """For each item, those through which it is joined."""

    @property
    def aliases(self) -> frozenset[str]:
        """Aliases of the items."""
        return frozenset(i.alias for i in self.items)

    def with_item(self, select: Select, item: Item) -> Chain:
        """Join another item.

        Args:
            select: the SELECT that it is an item of.
            item: the item.
        """
        placed, alias = self.aliases, item.alias
        among = tuple(
            c
            for c in plain_conditions(select)
            if c not in self.conditions and aliases_in(c) <= placed | {alias}
        )
        through = aliases_in(item.source) & placed if _refers(item) else frozenset()
        if item.is_nullable:
            through |= aliases_in(item.on) - {alias}
        else:
            links = [c for c in plain_conditions(select) if is_link(c, alias, placed)]
            joined = links or [c for c in among if alias in aliases_in(c)]
            through |= aliases_in(tuple(joined)) - {alias}
        return Chain(
            (*self.items, item),
            self.conditions + among,
            (*self.requirements, (alias, through)),
        )

    def path(self, aliases: Iterable[str]) -> frozenset[str]:
        """Return the items through which these are joined, including the root."""
        found = {self.items[0].alias}
        waiting = set(aliases)
        required = dict(self.requirements)
        while waiting:
            alias = waiting.pop()
            if alias not in found and alias in self.aliases:
                found.add(alias)
                waiting |= required.get(alias, frozenset())
        return frozenset(found)


def _refers(item: Item) -> bool:
    return item.is_lateral or isinstance(item.source, Function)
