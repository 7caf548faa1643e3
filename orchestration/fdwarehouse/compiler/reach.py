"""What the changed rows of an item reach: by which conditions, and what of it has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fdwarehouse.compiler import joins, shape
from fdwarehouse.compiler.builders import call, operation
from fdwarehouse.compiler.changes import images_of
from fdwarehouse.compiler.reasons import Unsupported
from fdwarehouse.compiler.restrict import restrict
from fdwarehouse.compiler.tree import (
    Column,
    Expr,
    Function,
    Item,
    Literal,
    Output,
    Select,
    SetOperation,
    Source,
    Table,
    aliases_in,
    is_equality,
    sides,
    walk,
)


@dataclass(frozen=True)
class Changed:
    """The changed rows of an item."""

    source: Source
    columns: frozenset[str]
    """What the rows tell; of a table read by run, only what a change of a row leaves alone."""
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
    """Choose the conditions that tell the rows that a change reaches.

    The fewer columns of the item they need, the less has to be known of its changed rows: best are
    those by which a row is known and which never change. Of a range, all of its conditions count.
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
    """Let derived tables on the path compute only what the changed rows need."""
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
    """Leave out what an old and a new image both reach alike: it has not changed.

    Alike are images that reach the same rows of all tables on the path and agree in the columns
    that are read outside of the conditions of the arm.
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
    relation = item.source.relation if isinstance(item.source, Table) else None
    read = [
        image
        for column in _read_elsewhere(select, item, kept)
        for image in (images_of(relation, column) if relation else (column,))
    ]
    values = [o.value for o in arm.outputs if aliases_in(o.value)]
    total = call("sum", Column(item.alias, "sign"))
    return replace(
        arm,
        groups=tuple(dict.fromkeys((*values, *rows, *read))),
        having=(operation("<>", total, Literal(0)),),
    )


def _read_elsewhere(select: Select, item: Item, kept: tuple[Expr, ...]) -> list[Column]:
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
