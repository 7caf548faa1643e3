"""Determines which rows the changed rows of an item reach."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from fdwarehouse.compiler.algebra.builders import call, operation
from fdwarehouse.compiler.algebra.reasons import Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Column,
    Expr,
    Function,
    Item,
    Literal,
    Node,
    Output,
    Select,
    SetOperation,
    Source,
    Table,
    aliases_in,
    is_equality,
    rewrite,
    sides,
    walk,
)
from fdwarehouse.compiler.deltas import joins, shape
from fdwarehouse.compiler.deltas.changes import Context, images_of
from fdwarehouse.compiler.deltas.restrict import restrict


@dataclass(frozen=True)
class Changed:
    """The changed rows of an item."""

    source: Source
    columns: frozenset[str]
    """Columns of the rows; for a table read by run, only those that never change."""
    conditions: tuple[Expr, ...] = ()
    has_sign: bool = False


def decisive(
    item: Item,
    conditions: tuple[Expr, ...],
    placed: frozenset[str],
    own: Callable[[Expr], frozenset[str]],
    *,
    is_inner: bool,
) -> tuple[Expr, ...]:
    """Choose the conditions that determine the rows that a change reaches.

    The fewer columns of the item they use, the less must be known about its changed rows. The best
    are key columns, which never change. Of a range, all conditions are chosen.
    """
    links = tuple(c for c in conditions if joins.is_link(c, item.alias, placed))
    touching = tuple(c for c in conditions if item.alias in aliases_in(c))
    chosen = links
    source = item.source
    if isinstance(source, Table):
        relation = source.relation
        key = frozenset(relation.primary_key)
        if not relation.removes_rows:
            chosen = tuple(c for c in links if own(c) <= key) or links
        has_range = not is_inner and any(not is_equality(c) for c in touching)
        by_key = frozenset(name for c in chosen for name in own(c)) <= key
        if has_range and (relation.removes_rows or not by_key):
            chosen = conditions
    elif isinstance(source, Select) and (unit := _unit_or_none(source)):
        stable = tuple(
            c for c in links if all(shape.depends_only_on(source.output(n), unit) for n in own(c))
        )
        chosen = stable or links
    return chosen or touching


def _unit_or_none(select: Select) -> tuple[Expr, ...]:
    try:
        return shape.unit_of(select)
    except Unsupported:
        return ()


def narrowed(
    between: tuple[Item, ...], conditions: tuple[Expr, ...], alias: str, changed: Changed
) -> tuple[Item, ...]:
    """Restrict derived tables on the path to what the changed rows need."""
    return tuple(
        replace(item, source=_needed_of(item, conditions, alias, changed))
        if isinstance(item.source, (Select, SetOperation)) and not item.is_lateral
        else item
        for item in between
    )


def _needed_of(item: Item, conditions: tuple[Expr, ...], alias: str, changed: Changed) -> Source:
    assert isinstance(item.source, (Select, SetOperation))
    for condition in conditions:
        if not is_equality(condition):
            continue
        for mine, other in sides(condition):  # type: ignore[arg-type]
            if not isinstance(mine, Column) or mine.alias != item.alias:
                continue
            if aliases_in(other) == {alias}:
                keys = Select(
                    (Output(mine.name, other),), (Item(alias, changed.source),), changed.conditions
                )
                return restrict(item.source, (mine.name,), keys) or item.source
    return item.source


def netted(
    select: Select, item: Item, between: tuple[Item, ...], arm: Select, kept: tuple[Expr, ...]
) -> Select:
    """Omit rows that an old and a new image both reach: they have not changed.

    The two images must reach the same rows of all tables on the path, and agree in the columns that
    are read outside of the conditions of the arm.
    """
    if item.is_nullable and len(kept) != len(item.on):
        return arm
    if any(not isinstance(i.source, Table) for i in between):
        return arm
    rows = [
        Column(i.alias, name)
        for i in between
        if isinstance(i.source, Table)
        for name in i.source.relation.primary_key
    ]
    return _net(arm, item, rows, _images_read(select, item, kept))


def _net(arm: Select, item: Item, rows: Iterable[Expr], read: Iterable[Expr]) -> Select:
    """Net the signs of the images of an item, by the rows that they reach and the columns read."""
    values = [o.value for o in arm.outputs if aliases_in(o.value)]
    total = call("sum", Column(item.alias, "sign"))
    return replace(
        arm,
        groups=tuple(dict.fromkeys((*values, *rows, *read))),
        having=(operation("<>", total, Literal(0)),),
    )


def through_itself(
    context: Context, select: Select, item: Item, changed: Changed, outputs: tuple[Output, ...]
) -> Select | None:
    """Return the arm of an item that only adds columns, from the rows of the written table itself.

    If only the item has changed for a row, the row is in the table, with the values by which the
    item is joined. Other arms find every other row.

    Args:
        context: has the table.
        select: the SELECT.
        item: of its FROM, on the nullable side of a join.
        changed: its changed rows, each with a sign.
        outputs: the required values.

    Returns:
        The arm; None if the item affects which rows exist, or is joined by columns that the table
        does not have.
    """
    if context.itself is None or context.itself[0] is not select or not item.is_nullable:
        return None
    if shape.is_grouped(select) or shape.has_partitions(select) or select.is_distinct:
        return None
    others = tuple((i.on, i.source) for i in select.items if i.alias != item.alias)
    if item.alias in aliases_in((select.conditions, outputs, others)):
        return None
    shown = {o.value: Column("t", o.name) for o in select.outputs if aliases_in(o.value)}

    def in_table(part: object) -> object:
        return shown.get(part) if isinstance(part, (Node, Column)) else None

    on = rewrite(item.on, in_table)
    keys = rewrite(tuple(o.value for o in outputs), in_table)
    if not aliases_in(on) <= {item.alias, "t"} or not aliases_in(keys) <= {"t"}:
        return None
    itself = context.itself[1]
    arm = Select(
        tuple(replace(o, value=k) for o, k in zip(outputs, keys, strict=True)),
        (Item("t", itself), Item(item.alias, changed.source)),
        (*changed.conditions, *on),
        comment=f"Changes of {name_of(item)}.",
    )
    rows = [Column("t", name) for name in itself.key]
    return _net(arm, item, rows, _images_read(select, item, item.on))


def name_of(item: Item) -> str:
    """Return the name of a table, or else the alias of an item."""
    return item.source.relation.qualified if isinstance(item.source, Table) else item.alias


def _images_read(select: Select, item: Item, kept: tuple[Expr, ...]) -> list[Expr]:
    relation = item.source.relation if isinstance(item.source, Table) else None
    return [
        image
        for column in read_elsewhere(select, item, kept)
        for image in (images_of(relation, column) if relation else (column,))
    ]


def read_elsewhere(select: Select, item: Item, kept: tuple[Expr, ...]) -> list[Column]:
    """Return the columns of an item that are read outside of some conditions."""
    parts: list[object] = [
        select.outputs,
        select.groups,
        select.having,
        select.windows,
        select.order_by,
        select.distinct_on,
        *(c for c in select.conditions if c not in kept),
        *(c for i in select.items for c in i.on if c not in kept),
        *(i.source for i in select.items if i.is_lateral or isinstance(i.source, Function)),
    ]
    read = {c for part in parts for c in walk(part) if isinstance(c, Column)}
    return sorted((c for c in read if c.alias == item.alias), key=lambda c: c.name)
