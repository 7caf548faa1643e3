"""Finds the rows of a block that changed since the last run: a superset of their keys, in arms.

The item of the finest grain is the root. There is one arm per table: its changed rows, joined with
the present rows of the tables between it and the root. This finds every changed row of the result:
of all changed rows from which it was or is computed, take the one nearest to the root. The rows
between that one and the root did not change, so the arm of its table finds the key.
The idea of differencing a query table by table is Griffin and Libkin's (Incremental Maintenance of
Views with Duplicates, SIGMOD 1995); keys rather than rows make it hold for every kind of row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fdwarehouse.compiler.algebra.reasons import Construct, Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Expr,
    Item,
    Literal,
    Node,
    Output,
    Select,
    SetOperation,
    Step,
    Values,
    aliases_in,
    column_names,
)
from fdwarehouse.compiler.deltas import arms, joins, shape
from fdwarehouse.compiler.deltas.changes import Context, before
from fdwarehouse.compiler.deltas.restrict import by_values, keys_of

_NULL = Node("A_Const", (("isnull", True),))


@dataclass(frozen=True)
class Delta:
    """Arms whose union has the keys of all changed rows."""

    arms: tuple[Select, ...] = ()
    is_keyed_by_window: bool = False
    """Whether a key is computed by a window function, so that old rows must be computed."""

    def __add__(self, other: Delta) -> Delta:
        return Delta(self.arms + other.arms, self.is_keyed_by_window or other.is_keyed_by_window)


def delta(context: Context, block: Block, columns: tuple[str, ...], label: str) -> Delta:
    """Find the values of columns in changed rows of a block.

    Args:
        context: the columns that the definition reads.
        block: the block.
        columns: names of its columns.
        label: prefix of the names of steps.

    Raises:
        Unsupported: there is no incremental form.
    """
    if not shape.reads_tables(block):
        return Delta()
    if isinstance(block, SetOperation):
        positions = [column_names(block).index(c) for c in columns]
        found = Delta()
        for side in (block.left, block.right):
            named = tuple(column_names(side)[p] for p in positions)
            found += _named(delta(context, side, named, label), columns)
        return found
    if isinstance(block, Values) or not block.items:
        raise Unsupported("subqueries without a FROM", Construct.SUBQUERY)
    if block.limit or block.offset:
        raise Unsupported("LIMIT or OFFSET over everything", Construct.LIMIT)
    outputs = tuple(Output(c, block.output(c)) for c in columns)
    values = [o.value for o in outputs]
    if shape.has_partitions(block):
        return _delta_of_partitions(context, block, outputs, label)
    if not shape.is_grouped(block):
        return Delta(_delta_of_rows(context, block, outputs, label))
    if not block.groups:
        raise Unsupported("an aggregate over everything", Construct.AGGREGATE)
    if all(shape.depends_only_on(v, block.groups) for v in values):
        return Delta(_delta_of_rows(context, block, outputs, label))
    groups = _units(context, block, block.groups, f"{label}_groups", "Groups with changed rows.")
    return Delta(_both_states(context, block, block.groups, groups, columns))


def _named(found: Delta, columns: tuple[str, ...]) -> Delta:
    """Name the columns of the arms of one side of a set operation like those of the result."""
    arms_named = tuple(
        replace(
            arm,
            outputs=tuple(replace(o, name=n) for o, n in zip(arm.outputs, columns, strict=True)),
        )
        for arm in found.arms
    )
    return replace(found, arms=arms_named)


def _delta_of_partitions(
    context: Context, block: Select, outputs: tuple[Output, ...], label: str
) -> Delta:
    unit = shape.common_partition(block)
    values = tuple(o.value for o in outputs)
    if shape.is_grouped(block) and not block.groups:
        raise Unsupported("an aggregate over everything", Construct.AGGREGATE)
    if all(shape.depends_only_on(v, unit) for v in values):
        return Delta(_delta_of_rows(context, block, outputs, label))
    partitions = _units(
        context, block, unit, f"{label}_partitions", "Partitions with changed rows."
    )
    is_of_rows = not any(shape.has_window(v) for v in values) and (
        not shape.is_grouped(block) or all(shape.depends_only_on(v, block.groups) for v in values)
    )
    if not is_of_rows:
        columns = tuple(o.name for o in outputs)
        return Delta(_both_states(context, block, unit, partitions, columns), True)
    touched = by_values(shape.input_rows(block, outputs, unit), unit, partitions)
    arm = _all_of(touched, tuple(o.name for o in outputs), "All rows of these partitions.")
    return Delta((*_delta_of_rows(context, block, outputs, label), arm))


def _units(
    context: Context, block: Select, unit: tuple[Expr, ...], name: str, comment: str
) -> Select:
    """Return the keys of the groups or partitions with changed rows."""
    outputs = tuple(Output(n, e) for n, e in zip(names_for(unit), unit, strict=True))
    found = _delta_of_rows(context, block, outputs, name)
    return keys_of(keys_step(found, name, comment, outputs))


def _both_states(
    context: Context, block: Select, unit: tuple[Expr, ...], keys: Select, columns: tuple[str, ...]
) -> tuple[Select, ...]:
    """Return columns of the old and new rows of changed units."""
    now = by_values(block, unit, keys)
    return (
        _all_of(before(context, now), columns, "Their old rows."),
        _all_of(now, columns, "Their new rows."),
    )


def _all_of(block: Block, columns: tuple[str, ...], comment: str) -> Select:
    return Select(
        tuple(Output(c, Column("s", c)) for c in columns), (Item("s", block),), comment=comment
    )


def _delta_of_rows(
    context: Context, select: Select, outputs: tuple[Output, ...], label: str
) -> tuple[Select, ...]:
    """Find values of expressions over the items of a SELECT, in changed rows.

    If they are not columns of one item that can be the root, the changed rows of the root are found
    first, and then the old and new values over them.
    """
    values = tuple(o.value for o in outputs)
    root = None if shape.has_subquery(values) else joins.root_for(select, values)
    if root is not None:
        return _arms(context, select, root, outputs)
    root = joins.finest(select)
    columns = joins.handle(select, root, context.describe)
    handles = tuple(Output(c.name, c) for c in columns)
    found = _arms(context, select, root, handles)
    comment = f"Affected rows of {root}."
    keys = keys_of(keys_step(found, f"{label}_{root}", comment, handles))
    rows = shape.input_rows(select, outputs, columns)
    return _both_states(context, rows, columns, keys, tuple(o.name for o in outputs))


def changed_rows(context: Context, rows: Select) -> tuple[Block, Block]:
    """Return the new and the old state of the affected rows of a SELECT.

    Args:
        context: the columns that the definition reads.
        rows: has no groups.
    """
    root = joins.finest(rows)
    columns = joins.handle(rows, root, context.describe)
    handles = tuple(Output(c.name, c) for c in columns)
    found = _arms(context, rows, root, handles)
    comment = f"Affected rows of {root}."
    now = by_values(rows, columns, keys_of(keys_step(found, f"changed_{root}", comment, handles)))
    return now, before(context, now)


def keys_step(
    found: tuple[Select, ...], name: str, comment: str, outputs: tuple[Output, ...]
) -> Step:
    """Return the step with the union of arms.

    Args:
        found: the arms; none if nothing can change.
        name: of the step.
        comment: what its rows are.
        outputs: the columns.
    """
    if not found:
        constant = tuple(o if not aliases_in(o.value) else replace(o, value=_NULL) for o in outputs)
        return Step(name, comment, Select(constant, conditions=(Literal(False),)))
    block: Block = found[0]
    for arm in found[1:]:
        block = SetOperation("UNION", False, block, arm)
    if len(found) == 1:
        block = replace(found[0], is_distinct=True)
    return Step(name, comment, block)


def names_for(values: tuple[Expr, ...]) -> tuple[str, ...]:
    """Return a name for each expression: that of a column, or a number."""
    names: list[str] = []
    for number, value in enumerate(values, start=1):
        name = value.name if isinstance(value, Column) else f"key_{number}"
        names.append(f"{name}_{number}" if name in names else name)
    return tuple(names)


def _arms(
    context: Context, select: Select, root: str, outputs: tuple[Output, ...]
) -> tuple[Select, ...]:
    return arms.arms(_Derived(context).step, context, select, root, outputs)


@dataclass(frozen=True)
class _Derived:
    """The changes of a derived table, for the arms."""

    context: Context

    def step(self, item: Item, columns: tuple[str, ...]) -> Step:
        if not columns:
            name = re.sub(r"_[0-9]+$", "", item.alias)
            raise Unsupported(
                f"a change of {name}, which is joined without a condition, affects all rows"
            )
        found = delta(self.context, item.source, columns, item.alias)  # type: ignore[arg-type]
        outputs = tuple(Output(c, Column(item.alias, c)) for c in columns)
        return keys_step(found.arms, f"{item.alias}_changed", f"Changes of {item.alias}.", outputs)
