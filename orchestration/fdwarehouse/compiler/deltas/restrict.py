"""Restricts a block to rows whose columns are among keys, pushed down to where an index helps.

`IN (SELECT ...)` rather than a join: a condition can be pushed into subqueries, but a join is
computed after them.
"""

from __future__ import annotations

from dataclasses import replace

from fdwarehouse.compiler.algebra.builders import (
    boolean,
    call,
    is_null,
    not_distinct,
    operation,
    row,
)
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Expr,
    Item,
    Link,
    Literal,
    Output,
    Select,
    SetOperation,
    Step,
    Subquery,
    Table,
    Values,
    aliases_in,
    column_names,
    is_equality,
    sides,
)
from fdwarehouse.compiler.deltas import joins, shape
from fdwarehouse.compiler.deltas.changes import AFTER


def keys_of(step: Step) -> Select:
    """Return the rows of a step with keys."""
    names = column_names(step.block)
    return Select(tuple(Output(n, Column("k", n)) for n in names), (Item("k", step),))


def among(values: tuple[Expr, ...], keys: Select) -> Expr:
    """Write the condition that values are among keys."""
    return Subquery(Link.ANY, keys, row(*values))


def _picked(keys: Select, positions: list[int]) -> Select:
    return replace(keys, outputs=tuple(keys.outputs[p] for p in positions))


def restrict(block: Block, columns: tuple[str, ...], keys: Select) -> Block | None:
    """Return the rows of a block whose columns are among keys, and perhaps others of the same unit.

    Args:
        block: the block.
        columns: names of its columns.
        keys: their values, in this order.

    Returns:
        The block with the condition inside; None if the whole block would have to be computed.
    """
    if isinstance(block, Values):
        rows = tuple(Output(c, Column("s", c)) for c in block.columns)
        return restrict(Select(rows, (Item("s", block),)), columns, keys)
    if isinstance(block, SetOperation):
        return _restrict_both(block, columns, keys)
    if block.limit or block.offset or (not block.items and shape.is_grouped(block)):
        return None
    values = tuple(block.output(c) for c in columns)
    if shape.has_partitions(block):
        return _restrict_partitions(block, values, keys)
    usable = [
        n
        for n, value in enumerate(values)
        if not shape.has_subquery(value)
        and (not shape.is_grouped(block) or shape.depends_only_on(value, block.groups))
    ]
    return _restrict_some(block, values, usable, keys)


def _restrict_both(block: SetOperation, columns: tuple[str, ...], keys: Select) -> Block | None:
    positions = [column_names(block).index(c) for c in columns]

    def named(side: Block) -> tuple[str, ...]:
        return tuple(column_names(side)[p] for p in positions)

    left = restrict(block.left, named(block.left), keys)
    right = restrict(block.right, named(block.right), keys)
    if block.operator == "EXCEPT" and (left is None or not is_exact(block.left, named(block.left))):
        right = None  # else rows with other keys would stay that the right side removes
    if left is None and right is None:
        return None
    is_except = block.operator == "EXCEPT"
    return replace(
        block,
        left=left or _not_at_first(block.left),
        right=right or (block.right if is_except else _not_at_first(block.right)),
    )


def _not_at_first(block: Block) -> Select:
    """Return all rows of a block, but none in a full refresh, which computes all rows anyway."""
    outputs = tuple(Output(c, Column("s", c)) for c in column_names(block))
    return Select(outputs, (Item("s", block),), (operation(">", AFTER, Literal(0)),))


def _restrict_partitions(block: Select, values: tuple[Expr, ...], keys: Select) -> Block | None:
    unit = shape.common_partition(block)
    usable = [n for n, value in enumerate(values) if shape.depends_only_on(value, unit)]
    if usable:
        return _restrict_some(block, values, usable, keys)
    for value in values:
        if shape.has_window(value) or shape.has_subquery(value):
            return None
        if shape.is_grouped(block) and not shape.depends_only_on(value, block.groups):
            return None
    outputs = tuple(Output(f"unit_{n + 1}", e) for n, e in enumerate(unit))
    touched = by_values(shape.input_rows(block, outputs, values), values, keys)
    partitions = Select(
        tuple(Output(o.name, Column("s", o.name)) for o in outputs), (Item("s", touched),)
    )
    return by_values(block, unit, partitions)


def _restrict_some(
    block: Select, values: tuple[Expr, ...], usable: list[int], keys: Select
) -> Block | None:
    """Restrict by those columns that allow it: further rows do no harm."""
    if not usable:
        return None
    return by_values(block, tuple(values[n] for n in usable), _picked(keys, usable))


def is_exact(block: Block, columns: tuple[str, ...]) -> bool:
    """Return whether `restrict` returns only rows with the keys.

    Args:
        block: the block.
        columns: names of its columns.
    """
    if isinstance(block, Values):
        return True
    if isinstance(block, SetOperation):
        positions = [column_names(block).index(c) for c in columns]
        return all(
            is_exact(side, tuple(column_names(side)[p] for p in positions))
            for side in (block.left, block.right)
        )
    values = [block.output(c) for c in columns]
    if shape.has_partitions(block):
        unit = shape.common_partition(block)
        return all(shape.depends_only_on(v, unit) for v in values)
    return all(
        not shape.has_subquery(v)
        and (not shape.is_grouped(block) or shape.depends_only_on(v, block.groups))
        for v in values
    )


def by_values(select: Select, values: tuple[Expr, ...], keys: Select) -> Block:
    """Return the rows of a SELECT in which expressions over its items are among keys.

    Null keys are looked up separately, and only if there are any: IS NOT DISTINCT FROM cannot use
    an index.
    """
    found = replace(
        _pushed_down(select, values, keys), conditions=(*select.conditions, among(values, keys))
    )
    if not any(shape.can_be_null(select, v) for v in values):
        return found
    some_null = boolean("OR_EXPR", *(is_null(o.value) for o in keys.outputs))
    any_null = replace(keys, outputs=(Output("has_null", call("bool_or", some_null)),))
    if len(values) == 1:
        test: Expr = is_null(values[0])
    else:
        same = tuple(not_distinct(o.value, v) for o, v in zip(keys.outputs, values, strict=True))
        matching = replace(keys, outputs=(), conditions=(*keys.conditions, some_null, *same))
        test = Subquery(Link.EXISTS, matching)
    nulls = replace(select, conditions=(*select.conditions, test, Subquery(Link.SCALAR, any_null)))
    return SetOperation("UNION", True, found, nulls)


def _pushed_down(select: Select, values: tuple[Expr, ...], keys: Select) -> Select:
    """Restrict derived tables to what the restricted rows need."""
    items = tuple(
        replace(item, source=_restricted_source(select, item, values, keys) or item.source)
        if isinstance(item.source, (Select, SetOperation)) and not item.is_lateral
        else item
        for item in select.items
    )
    return replace(select, items=items)


def _restricted_source(
    select: Select, item: Item, values: tuple[Expr, ...], keys: Select
) -> Block | None:
    assert isinstance(item.source, (Select, SetOperation))
    own = [n for n, v in enumerate(values) if isinstance(v, Column) and v.alias == item.alias]
    if own:
        names = tuple(v.name for v in values if isinstance(v, Column) and v.alias == item.alias)
        if restricted := restrict(item.source, names, _picked(keys, own)):
            return restricted
    for condition in joins.conditions_of(select, item):
        if not is_equality(condition):
            continue
        for mine, other in sides(condition):  # type: ignore[arg-type]
            if not (isinstance(mine, Column) and mine.alias == item.alias) or not aliases_in(other):
                continue
            if item.alias in aliases_in(other):
                continue
            wanted = (
                _picked(keys, [values.index(other)])
                if other in values
                else _values_needed(select, values, keys, other)
            )
            if wanted and (restricted := restrict(item.source, (mine.name,), wanted)):
                return restricted
    return None


def _values_needed(
    select: Select, values: tuple[Expr, ...], keys: Select, wanted: Expr
) -> Select | None:
    """Return the values that an expression over tables has in restricted rows ("magic sets")."""
    read = aliases_in(wanted) | aliases_in(values)
    items = tuple(i for i in select.items if i.alias in read)
    if not read <= select.aliases or any(
        i.is_nullable or not isinstance(i.source, Table) for i in items
    ):
        return None
    conditions = tuple(
        c for c in joins.plain_conditions(select) if aliases_in(c) and aliases_in(c) <= read
    )
    return Select((Output("value", wanted),), items, (*conditions, among(values, keys)))
