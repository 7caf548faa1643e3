"""Maintains GROUP BY by counting: deltas of changed rows are added to the old state of a group.

A changed row counts twice: its old image with the sign -1, its new image with +1 (Gupta, Mumick,
Subrahmanian: Maintaining Views Incrementally, SIGMOD 1993). So the cost of a group depends on its
changed rows, not on its size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fdwarehouse.compiler.algebra.builders import call, cast, is_not_null, operation
from fdwarehouse.compiler.algebra.reasons import Construct, Unsupported
from fdwarehouse.compiler.algebra.tree import (
    STAR,
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
    Step,
    Table,
    column_names,
    rewrite,
)
from fdwarehouse.compiler.deltas import joins, shape
from fdwarehouse.compiler.deltas.aggregates import Aggregates, Distinct, StateColumn, argument_of
from fdwarehouse.compiler.deltas.changes import AFTER, Context, deltas
from fdwarehouse.compiler.deltas.delta import changed_rows
from fdwarehouse.compiler.deltas.exactness import fixed_scale
from fdwarehouse.compiler.deltas.images import can_be_grouped, look_alike
from fdwarehouse.compiler.deltas.joins import Describe
from fdwarehouse.compiler.deltas.reach import name_of
from fdwarehouse.compiler.deltas.restrict import by_values
from fdwarehouse.identifiers import ident

_OURS = re.compile(
    r"_|sign$|is_at_risk$|(group|value|count|true|sum|min|max|distinct|net|now|change)(_|$)"
)
"""Prefix of the columns that the writer adds."""


@dataclass(frozen=True)
class Counting:
    """How the groups of a SELECT are maintained.

    Attributes:
        groups: names of the grouping columns, in the state.
        nullable: those of them that can be null in a group of the result.
        rows: the values for GROUP BY, aggregates and FILTER, of all rows.
        changed: the step with these values of the changed rows, with their sign.
        looked_up: the rows of groups and of values that are looked up, for their indexes.
        columns: of the state, besides the groups and the number of rows.
        distincts: the columns among them that count distinct values.
        outputs: the result, over the state `s`.
        having: conditions on them.
    """

    groups: tuple[str, ...]
    nullable: frozenset[str]
    rows: Select
    changed: Step
    looked_up: tuple[Block, ...]
    columns: tuple[StateColumn, ...]
    distincts: tuple[Distinct, ...]
    outputs: tuple[Output, ...]
    having: tuple[Expr, ...]

    @property
    def all_rows(self) -> Select:
        """The rows that a full refresh counts."""
        return Select(
            (Output("sign", Literal(1)), *self.rows.outputs),
            self.rows.items,
            (*self.rows.conditions, operation("=", AFTER, Literal(0))),
            comment="For a full refresh: all rows.",
        )

    @property
    def images(self) -> Block:
        """The rows to count, with their sign: those that changed, or all in a full refresh."""
        changed = Select(
            (Output(STAR, Column("c", STAR)),),
            (Item("c", self.changed),),
            comment=self.changed.comment,
        )
        return SetOperation("UNION", True, changed, self.all_rows)

    @property
    def deltas(self) -> list[str]:
        """The delta of each column of the state, as columns over the images `i`."""
        return [f"{sql} AS {name}" for column in self.columns for name, sql in column.deltas]

    @property
    def sums(self) -> list[str]:
        """The new value of each column of the state, over the deltas `d` and the old state `t`.

        If these may not suffice, a further column says so.
        """
        sums = [f"{column.new} AS {column.name}" for column in self.columns]
        risk = "\nOR ".join(column.risk for column in self.columns if column.risk)
        return [*sums, f"{risk} AS is_at_risk"] if risk else sums

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All that it reads."""
        return (self.images, *self.looked_up)


def count(context: Context, block: Block, key: tuple[str, ...], describe: Describe) -> Counting:
    """Maintain a SELECT by counting.

    Args:
        context: the columns that the definition reads.
        block: the definition.
        key: columns that identify its rows.
        describe: returns types.

    Raises:
        Unsupported: it is not a plain GROUP BY, or has an aggregate that is not exact.
    """
    select = _plain_groups(block, key)
    names = _Names()
    groups = tuple(Output(names.of_group(select, g), g) for g in select.groups)
    arguments = tuple(Output(names.of_value(v), v) for v in _arguments(select))
    rows = shape.input_rows(select, (*groups, *arguments), ())
    types = describe(rows)
    for group in groups:
        if not look_alike(types[group.name], fixed_scale(select, group.value)):
            raise Unsupported(f"groups of {types[group.name]}, whose equal values can differ")
    for argument in arguments:
        if not can_be_grouped(types[argument.name]):
            raise Unsupported(f"an aggregate over {types[argument.name]}", Construct.AGGREGATE)
    collected = Aggregates(select, arguments, types)
    values = {call: collected.value_of(call) for call in shape.aggregates(select)}

    def over_state(value: object) -> object:
        for group in groups:
            if value == group.value:
                return Column("s", group.name)
        return values.get(value) if isinstance(value, Node) else None

    outputs, having = rewrite(select.outputs, over_state), rewrite(select.having, over_state)
    # A key is never null, and neither is a group that is a key and not hidden by HAVING.
    keys = {select.output(k) for k in key} if not select.having else set()
    nullable = {
        g.name for g in groups if g.value not in keys and shape.can_be_null(select, g.value)
    }
    group_names = tuple(g.name for g in groups)
    looked_up = [_among(rows, group_names, "new_states")]
    looked_up += [_having_value(rows, group_names, d) for d in collected.distincts]
    return Counting(
        groups=group_names,
        nullable=frozenset(nullable),
        rows=rows,
        changed=_changed(context, rows),
        looked_up=tuple(looked_up),
        columns=collected.columns,
        distincts=collected.distincts,
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
        raise Unsupported("a subquery in a SELECT with aggregates", Construct.SUBQUERY)
    if not all(shape.depends_only_on(block.output(k), block.groups) for k in key):
        raise Unsupported("a key that is an aggregate", Construct.AGGREGATE)
    return block


class _Names:
    """Names groups and aggregated values: after their column, or by a number."""

    def __init__(self) -> None:
        self._given: list[str] = []

    def of_group(self, select: Select, group: Expr) -> str:
        """Return the name of the output column that is a group, or else a name of its own."""
        named = next((o.name for o in select.outputs if o.value == group), None)
        return self._give(named or _own_name(group), "group")

    def of_value(self, value: Expr) -> str:
        """Return the name of a value."""
        return self._give(_own_name(value), "value")

    def _give(self, name: str | None, kind: str) -> str:
        number = 1 + sum(g.startswith(f"{kind}_") for g in self._given)
        if name is None or name in self._given or _OURS.match(name) or ident(name) != name:
            name = f"{kind}_{number}"
        self._given.append(name)
        return name


def _own_name(value: Expr) -> str | None:
    return value.name if isinstance(value, Column) else None


def _arguments(select: Select) -> tuple[Expr, ...]:
    """Return the aggregated values and the conditions of FILTER, each once."""
    found: dict[Expr, None] = {}
    for aggregate in shape.aggregates(select):
        if not aggregate.get("agg_star"):
            found[argument_of(aggregate)] = None
        if aggregate.get("agg_filter"):
            found[aggregate.get("agg_filter")] = None
    return tuple(found)


def _changed(context: Context, rows: Select) -> Step:
    item = rows.items[0]
    if len(rows.items) == 1 and isinstance(item.source, Table):
        return _netted(deltas(context, item.source.relation), rows)
    now, before = changed_rows(context, rows)
    both = SetOperation("UNION", True, _signed(now, 1), _signed(before, -1))
    values = tuple(Column("b", o.name) for o in rows.outputs)
    total = call("sum", Column("b", "sign"))
    net = Select(
        (Output("sign", cast(total, "integer")), *(Output(v.name, v) for v in values)),
        (Item("b", both),),
        groups=values,
        having=(operation("<>", total, Literal(0)),),
    )
    finest = joins.finest(rows)
    name = next(name_of(i) for i in rows.items if i.alias == finest)
    comment = f"Changed rows of {name}: new images (1) and old images (-1)."
    return Step("changed_rows", comment, net)


def _netted(changes: Step, rows: Select) -> Step:
    """Return the changes of rows that are computed from one table alone, from its log.

    Args:
        changes: the step with the changed rows of the table.
        rows: what is computed from them.
    """
    block = changes.block
    assert isinstance(block, Select)
    known = {o.name: o.value for o in block.outputs}

    def of_log(part: object) -> object:
        return known[part.name] if isinstance(part, Column) else None

    sign = Output("sign", cast(known["sign"], "integer"))
    outputs, conditions = rewrite((rows.outputs, rows.conditions), of_log)
    netted = replace(block, outputs=(sign, *outputs), conditions=(*block.conditions, *conditions))
    return Step("changed_rows", changes.comment, netted)


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


def _having_value(rows: Select, groups: tuple[str, ...], distinct: Distinct) -> Block:
    """Return the rows of groups that have certain values."""
    keys = (*groups, distinct.value)
    outputs = tuple(o for o in rows.outputs if o.name in (*keys, distinct.condition))
    is_value = is_not_null(next(o.value for o in outputs if o.name == distinct.value))
    needed = replace(rows, outputs=outputs, conditions=(*rows.conditions, is_value))
    return _among(needed, keys, "changed_values")
