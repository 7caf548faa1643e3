"""GROUP BY kept up by counting: what a group was, and what its changed rows add to it.

A row that changed counts once as it was, with the sign -1, and once as it is, with +1 (Gupta,
Mumick, Subrahmanian: Maintaining Views Incrementally, SIGMOD 1993). So a group costs what changed
in it, however many rows it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fdwarehouse.compiler.algebra.builders import call, is_not_null, operation
from fdwarehouse.compiler.algebra.reasons import Construct, Unsupported
from fdwarehouse.compiler.algebra.tree import (
    Block,
    Column,
    Definition,
    Expr,
    Item,
    Literal,
    Node,
    Output,
    Select,
    SetOperation,
    Table,
    column_names,
    rewrite,
)
from fdwarehouse.compiler.deltas import shape
from fdwarehouse.compiler.deltas.aggregates import Aggregates, Distinct, StateColumn, argument_of
from fdwarehouse.compiler.deltas.changes import AFTER, Context, deltas
from fdwarehouse.compiler.deltas.delta import changed_rows
from fdwarehouse.compiler.deltas.exactness import fixed_scale
from fdwarehouse.compiler.deltas.images import can_be_grouped, look_alike
from fdwarehouse.compiler.deltas.restrict import by_values

Describe = Callable[[Block], dict[str, str]]
"""Tells the type of each column of a block, by its name."""


@dataclass(frozen=True)
class Lookup:
    """How many rows have certain values of a group now."""

    distinct: Distinct
    rows: Block
    """Groups and values of the rows that have some of the values asked for."""


@dataclass(frozen=True)
class Counting:
    """How the groups of a SELECT are kept up.

    Attributes:
        groups: names of what is grouped by, in the state.
        nullable: those of them that can be null.
        values: what is grouped by, aggregated, and tested by FILTER, over the rows.
        rows_of_all: these values of all rows.
        images: those of the rows that changed, with their sign; of all for a full build.
        rows_again: the rows of groups that have to be computed from their rows.
        columns: of the state, beside the groups and the number of rows.
        lookups: of counts of different values.
        aggregates: name and SQL over the state `s` of each aggregate.
        outputs: the result, over groups and aggregates of `s`.
        having: conditions on them.
    """

    groups: tuple[str, ...]
    nullable: frozenset[str]
    values: tuple[Output, ...]
    rows_of_all: Select
    images: Block
    rows_again: Block
    columns: tuple[StateColumn, ...]
    lookups: tuple[Lookup, ...]
    aggregates: tuple[tuple[str, str], ...]
    outputs: tuple[Output, ...]
    having: tuple[Expr, ...]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All that it reads."""
        return (self.images, self.rows_again, *(lookup.rows for lookup in self.lookups))


def count(context: Context, block: Block, key: tuple[str, ...], describe: Describe) -> Counting:
    """Keep a SELECT up by counting.

    Args:
        context: the columns that the definition reads.
        block: the definition.
        key: columns by which its rows are known.
        describe: tells types.

    Raises:
        Unsupported: it is no plain GROUP BY, or has an aggregate that is not exact.
    """
    select = _plain_groups(block, key)
    groups = tuple(Output(f"group_{n}", g) for n, g in enumerate(select.groups, start=1))
    arguments = _arguments(select)
    rows = shape.input_rows(select, (*groups, *arguments), ())
    types = describe(rows)
    for group in groups:
        if not look_alike(types[group.name], fixed_scale(select, group.value)):
            raise Unsupported(f"groups of {types[group.name]}, whose equal values can differ")
    for argument in arguments:
        if not can_be_grouped(types[argument.name]):
            raise Unsupported(f"an aggregate over {types[argument.name]}", Construct.AGGREGATE)
    collected = Aggregates(select, arguments, types)
    named = {c: (f"aggregate_{n}", collected.value_of(c)) for n, c in _numbered(select)}

    def over_state(value: object) -> object:
        for group in groups:
            if value == group.value:
                return Column("s", group.name)
        if isinstance(value, Node) and value in named:
            return Column("s", named[value][0])
        return None

    outputs, having = rewrite(select.outputs, over_state), rewrite(select.having, over_state)
    names = tuple(g.name for g in groups)
    return Counting(
        groups=names,
        nullable=frozenset(g.name for g in groups if shape.can_be_null(select, g.value)),
        values=rows.outputs,
        rows_of_all=rows,
        images=_images(context, rows),
        rows_again=_among(rows, names, "groups_at_risk"),
        columns=collected.columns,
        lookups=tuple(_lookup(rows, names, d) for d in collected.distincts),
        aggregates=tuple(named.values()),
        outputs=outputs,
        having=having,
    )


def _plain_groups(block: Block, key: tuple[str, ...]) -> Select:
    if not isinstance(block, Select) or not block.groups:
        raise Unsupported("not a plain GROUP BY")
    if shape.has_partitions(block) or block.is_distinct or block.limit or block.offset:
        raise Unsupported("not a plain GROUP BY")
    if any(not isinstance(item.source, Table) for item in block.items):
        raise Unsupported("GROUP BY over a derived table")
    if shape.has_subquery((block.outputs, block.groups, block.having, block.conditions)):
        raise Unsupported("a subquery beside aggregates", Construct.SUBQUERY)
    if not all(shape.depends_only_on(block.output(k), block.groups) for k in key):
        raise Unsupported("a key that is an aggregate", Construct.AGGREGATE)
    return block


def _numbered(select: Select) -> list[tuple[int, Node]]:
    return list(enumerate(shape.aggregates(select), start=1))


def _arguments(select: Select) -> tuple[Output, ...]:
    """Name what is aggregated, and the conditions of FILTER, each once."""
    found: dict[Expr, None] = {}
    for aggregate in shape.aggregates(select):
        if not aggregate.get("agg_star"):
            found[argument_of(aggregate)] = None
        if aggregate.get("agg_filter"):
            found[aggregate.get("agg_filter")] = None
    return tuple(Output(f"value_{n}", value) for n, value in enumerate(found, start=1))


def _images(context: Context, rows: Select) -> Block:
    everything = Select(
        (Output("sign", Literal(1)), *rows.outputs),
        rows.items,
        (*rows.conditions, operation("=", AFTER, Literal(0))),
        comment="For a full build: all rows.",
    )
    item = rows.items[0]
    if len(rows.items) == 1 and isinstance(item.source, Table):
        changed: Select = Select(
            (Output("sign", Column(item.alias, "sign")), *rows.outputs),
            (Item(item.alias, deltas(context, item.source.relation)),),
            rows.conditions,
            comment="Rows that changed, as they were (-1) and as they are (1).",
        )
        return SetOperation("UNION", True, changed, everything)
    now, before = changed_rows(context, rows)
    both = SetOperation("UNION", True, _signed(now, 1), _signed(before, -1))
    values = tuple(Column("b", o.name) for o in rows.outputs)
    total = call("sum", Column("b", "sign"))
    net = Select(
        (Output("sign", total), *(Output(v.name, v) for v in values)),
        (Item("b", both),),
        groups=values,
        having=(operation("<>", total, Literal(0)),),
        comment="Rows of which something changed, as they are (1) and as they were (-1).",
    )
    return SetOperation("UNION", True, net, everything)


def _signed(block: Block, sign: int) -> Select:
    outputs = tuple(Output(n, Column("r", n)) for n in column_names(block))
    return Select((Output("sign", Literal(sign)), *outputs), (Item("r", block),))


def _among(rows: Select, names: tuple[str, ...], step: str) -> Block:
    """Return the rows whose values are among those of a step of the writer."""
    values = tuple(o.value for o in rows.outputs if o.name in names)
    keys = Select(
        tuple(Output(n, Column("k", n)) for n in names), (Item("k", Definition(step, names)),)
    )
    return by_values(rows, values, keys)


def _lookup(rows: Select, groups: tuple[str, ...], distinct: Distinct) -> Lookup:
    keys = (*groups, distinct.value)
    outputs = tuple(o for o in rows.outputs if o.name in (*keys, distinct.condition))
    is_value = is_not_null(next(o.value for o in outputs if o.name == distinct.value))
    needed = replace(rows, outputs=outputs, conditions=(*rows.conditions, is_value))
    return Lookup(distinct, _among(needed, keys, f"{distinct.name}_values"))
