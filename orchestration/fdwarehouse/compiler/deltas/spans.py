"""Changes of validity: for a version with a new end, the time between the old and the new end.

A dimension that closes a version writes it again with a shorter validity, and adds the next one. By
their images, all rows that were ever joined to the version would have changed; by spans, only those
after the moment at which it was closed.
"""

from __future__ import annotations

from collections.abc import Collection

from fdwarehouse.compiler.algebra.builders import TURNED, call, nullif, operation
from fdwarehouse.compiler.algebra.catalog import Relation
from fdwarehouse.compiler.algebra.tree import (
    Column,
    Expr,
    Item,
    Literal,
    Node,
    Output,
    Select,
    Step,
    aliases_in,
    column_names,
    walk,
)
from fdwarehouse.compiler.deltas.images import can_be_grouped


def interval(alias: str, conditions: tuple[Expr, ...]) -> tuple[str, str] | None:
    """Find the columns of an item between which a value must lie: `start <= value < end`.

    Args:
        alias: of the item.
        conditions: of its join.

    Returns:
        The two columns; None if it is not joined like this, or they are also compared elsewhere.
    """
    starts: dict[Expr, str] = {}
    ends: dict[Expr, str] = {}
    for condition in conditions:
        for operator, mine, value in _comparisons(alias, condition):
            if operator == "<=":
                starts[value] = mine.name
            elif operator == ">":
                ends[value] = mine.name
    for value, start in starts.items():
        if (end := ends.get(value)) and end != start:
            read = [c.name for c in walk(conditions) if isinstance(c, Column) and c.alias == alias]
            if read.count(start) == 1 and read.count(end) == 1:
                return start, end
    return None


def _comparisons(alias: str, condition: Expr) -> list[tuple[str, Column, Expr]]:
    """Return a comparison as operator, column of the item, value, with the column on the left."""
    if not isinstance(condition, Node) or condition.get("kind") != "AEXPR_OP":
        return []
    operator = condition.operator
    if operator not in TURNED:
        return []
    found = []
    left, right = condition.get("lexpr"), condition.get("rexpr")
    for mine, other, sign in ((left, right, operator), (right, left, TURNED[operator])):
        if isinstance(mine, Column) and mine.alias == alias and alias not in aliases_in(other):
            found.append((sign, mine, other))
    return found


def spans(
    deltas: Step, relation: Relation, ends: tuple[str, str], read: Collection[str]
) -> Step | None:
    """Return the step with the changes of a table of versions, as spans of time.

    Args:
        deltas: the net images of the changed rows.
        relation: the table.
        ends: columns with the start and the end of a version.
        read: columns that are read outside of the conditions of the join.

    Returns:
        The step, with the columns of the deltas; None if spans do not distinguish the images.
    """
    start, end = ends
    names = column_names(deltas.block)
    others = tuple(n for n in names if n not in (end, "sign"))
    if end in relation.primary_key or {start, end} & set(read):
        return None
    if not all(can_be_grouped(relation.column(n).type) for n in others):
        return None
    of_end = Column("d", end)
    least, greatest = call("min", of_end), call("max", of_end)
    begins = _greatest(Column("d", start), nullif(least, greatest))
    is_longer = operation(">=", _where_it_is(greatest), greatest)
    sign = _case(is_longer, Literal(1), Literal(-1))
    values = {start: begins, end: greatest, "sign": sign}
    return Step(
        f"{relation.name}_spans",
        "For a version with a new end, the time between the old and the new end.",
        Select(
            outputs=tuple(Output(n, values.get(n, Column("d", n))) for n in names),
            items=(Item("d", deltas),),
            groups=tuple(Column("d", n) for n in others),
        ),
    )


def _greatest(*values: Expr) -> Node:
    return Node("MinMaxExpr", (("op", "IS_GREATEST"), ("args", values)))


def _where_it_is(aggregate: Node) -> Node:
    """Restrict an aggregate to the new images."""
    is_new = operation(">", Column("d", "sign"), Literal(0))
    return Node(aggregate.tag, (*aggregate.fields, ("agg_filter", is_new)))


def _case(condition: Expr, then: Expr, otherwise: Expr) -> Node:
    when = Node("CaseWhen", (("expr", condition), ("result", then)))
    return Node("CaseExpr", (("args", (when,)), ("defresult", otherwise)))
