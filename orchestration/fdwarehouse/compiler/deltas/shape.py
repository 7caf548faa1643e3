"""What the rows of a SELECT depend on: groups, partitions, nulls."""

from __future__ import annotations

from collections.abc import Collection

from fdwarehouse.compiler.algebra.builders import is_not_null
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
    Subquery,
    Table,
    Values,
    aliases_in,
    column_names,
    subqueries_in,
    walk,
    walk_level,
)

# Functions of pg_catalog that return null only for null arguments. Not to_char and extract, which
# also return null for infinite times.
_NULL_FOR_NULL_ALONE = {"date_trunc", "lower", "upper", "length", "abs", "round", "btrim"}
_ARITHMETIC = {"+", "-", "*", "/"}


def is_grouped(select: Select) -> bool:
    """Return whether a SELECT has GROUP BY, HAVING or aggregates."""
    return bool(select.groups or select.having or aggregates(select))


def is_of_many_rows(part: object) -> bool:
    """Return whether a part of an expression is computed from several rows."""
    return isinstance(part, Node) and part.tag in ("Aggregate", "WindowCall", "SetCall")


def aggregates(select: Select) -> tuple[Node, ...]:
    """Return the aggregates of a SELECT, each once."""
    return _calls(select, "Aggregate")


def window_calls(select: Select) -> tuple[Node, ...]:
    """Return the window functions of a SELECT, each once."""
    return _calls(select, "WindowCall")


def aggregates_outside(block: Block) -> bool:
    """Return whether a subquery has an aggregate over rows of the outer query."""
    return any(
        isinstance(node, Node) and node.tag == "Aggregate" and _is_foreign(node, subquery)
        for subquery in walk(block)
        if isinstance(subquery, Subquery)
        for node in walk(subquery.block)
    )


def _is_foreign(aggregate: Node, subquery: Subquery) -> bool:
    own = {part.alias for part in walk(subquery.block) if isinstance(part, Item)}
    read = aliases_in(aggregate)
    return bool(read) and not read & own


def _calls(select: Select, tag: str) -> tuple[Node, ...]:
    level = walk_level((select.outputs, select.having, select.order_by))
    return tuple(dict.fromkeys(n for n in level if isinstance(n, Node) and n.tag == tag))


def has_partitions(select: Select) -> bool:
    """Return whether rows of a SELECT depend on others of their partition."""
    return bool(select.distinct_on or window_calls(select))


def common_partition(select: Select) -> tuple[Expr, ...]:
    """Return the common part of PARTITION BY of all windows and of DISTINCT ON.

    Raises:
        Unsupported: they have nothing in common, or groups would be split.
    """
    lists = [_partition(select, call.get("over")) for call in window_calls(select)]
    if select.distinct_on:
        lists.append(select.distinct_on)
    common = tuple(e for e in dict.fromkeys(lists[0]) if all(e in other for other in lists))
    if not common:
        lacks_any = any(not parts for parts in lists)
        raise Unsupported(
            "a window without PARTITION BY"
            if lacks_any
            else "windows without a common PARTITION BY",
            Construct.WINDOW,
        )
    if is_grouped(select) and not all(depends_only_on(e, select.groups) for e in common):
        raise Unsupported("windows partitioned by what is not grouped by", Construct.WINDOW)
    return common


def _partition(select: Select, window: Node) -> tuple[Expr, ...]:
    if window.get("partitionClause"):
        return tuple(window.get("partitionClause"))
    name = window.get("refname") or window.get("name")
    named = next((w for w in select.windows if w.get("name") == name and w != window), None)
    return _partition(select, named) if named else ()


def unit_of(select: Select) -> tuple[Expr, ...]:
    """Return what identifies rows that are computed together: partition, groups, or nothing."""
    if has_partitions(select):
        return common_partition(select)
    return select.groups


def depends_only_on(value: object, unit: Collection[Expr]) -> bool:
    """Return whether a value is computed only from the expressions of a unit."""
    if value in unit:
        return True
    match value:
        case Column() | Subquery() | Node(tag="Aggregate" | "WindowCall"):
            return False
        case tuple():
            return all(depends_only_on(part, unit) for part in value)
        case Node():
            return all(depends_only_on(part, unit) for _, part in value.fields)
        case _:
            return True


def has_window(value: object) -> bool:
    """Return whether a value is computed by a window function."""
    return any(isinstance(n, Node) and n.tag == "WindowCall" for n in walk_level(value))


def input_rows(select: Select, outputs: tuple[Output, ...], known_by: tuple[Expr, ...]) -> Select:
    """Return values of the rows of FROM and WHERE, before grouping and windows, each at least once.

    Outer-joined items that are not referred to add no values. `known_by`: expressions by which rows
    are looked up.
    """
    items = select.items
    while True:
        kept = tuple(
            i
            for i in items
            if not i.is_nullable or _is_read(i, items, (outputs, select.conditions, known_by))
        )
        if kept == items:
            return Select(outputs=outputs, items=items, conditions=select.conditions)
        items = kept


def _is_read(item: Item, items: tuple[Item, ...], rest: object) -> bool:
    others = tuple((i.source, i.on) for i in items if i != item)
    return item.alias in aliases_in((rest, others))


def can_be_null(select: Select, value: Expr) -> bool:
    """Return whether an expression over the items of a SELECT can be null in rows of its WHERE."""
    match value:
        case Column():
            return _column_can_be_null(select, value)
        case Literal():
            return False
        case Node():
            return _node_can_be_null(select, value)
        case _:
            return True


def _node_can_be_null(select: Select, node: Node) -> bool:
    match node.tag:
        case "A_Const":
            return bool(node.get("isnull"))
        case "CoalesceExpr":
            return all(can_be_null(select, a) for a in node.get("args"))
        case "Aggregate":
            return _function_of(node) != "count"
        case _:
            decisive = _null_for_null_alone(node)
            return decisive is None or any(can_be_null(select, p) for p in decisive)


def _null_for_null_alone(node: Node) -> tuple[Expr, ...] | None:
    """Return the parts of which one is null if the whole is; None if there are none."""
    if node.tag == "TypeCast":
        return (node.get("arg"),)
    if node.tag == "FuncCall" and _function_of(node) in _NULL_FOR_NULL_ALONE:
        return tuple(node.get("args") or ())
    if node.tag == "A_Expr" and node.operator in _ARITHMETIC:
        return tuple(p for p in (node.get("lexpr"), node.get("rexpr")) if p is not None)
    return None


def _function_of(call: Node) -> str:
    return str(call.get("funcname")[-1].get("sval"))


def _column_can_be_null(select: Select, column: Column) -> bool:
    if column.alias not in select.aliases:
        return True
    if is_not_null(column) in select.conditions:
        return False
    item = select.item(column.alias)
    if item.is_nullable:
        return True
    match item.source:
        case Table():
            return not item.source.relation.column(column.name).not_null
        case Select() | SetOperation():
            return _output_can_be_null(item.source, column.name)
        case _:
            return True


def _output_can_be_null(block: Block, name: str) -> bool:
    if isinstance(block, Values):
        return True
    if isinstance(block, SetOperation):
        position = column_names(block).index(name)
        return any(
            _output_can_be_null(side, column_names(side)[position])
            for side in (block.left, block.right)
        )
    return can_be_null(block, block.output(name))


def has_subquery(value: object) -> bool:
    """Return whether a value has a subquery in it."""
    return bool(subqueries_in(value))


def reads_tables(block: Block) -> bool:
    """Return whether a block reads any table."""
    return any(isinstance(part, Table) for part in walk(block))
