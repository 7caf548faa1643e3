"""Determines whether a numeric expression has one scale in all rows, so its sums look the same."""

from __future__ import annotations

import re
from collections.abc import Callable

from fdwarehouse.compiler.algebra.tree import Column, Expr, Node, Select, Table

_INTEGERS = {"smallint", "integer", "bigint"}
_NUMERIC = re.compile(r"^numeric\(\d+,(-?\d+)\)$")


def fixed_scale(select: Select, value: Expr) -> int | None:
    """Return the digits after the decimal point of the non-null values of an expression.

    Args:
        select: whose items the expression uses.
        value: the expression.

    Returns:
        None if values can have different ones, or it is not a number.
    """
    if isinstance(value, Column):
        return _scale_of_column(select, value)
    read = _READERS.get(value.tag) if isinstance(value, Node) else None
    return read(select, value) if read and isinstance(value, Node) else None


def _scale_of_column(select: Select, column: Column) -> int | None:
    if column.alias not in select.aliases:
        return None
    source = select.item(column.alias).source
    if not isinstance(source, Table):
        return None
    known = source.relation.column(column.name)
    if known.type in _INTEGERS:
        return 0
    found = _NUMERIC.match(known.type)
    return int(found[1]) if found else known.scale


def _scale_of_constant(_: Select, node: Node) -> int | None:
    constant = node.get("val")
    if not isinstance(constant, Node):
        return None
    if constant.tag == "Integer":
        return 0
    text = str(constant.get("fval") or "")
    return len(text.partition(".")[2]) if re.fullmatch(r"\d*\.\d+", text) else None


def _scale_of_choice(select: Select, node: Node) -> int | None:
    scales = {fixed_scale(select, part) for part in node.get("args")}
    return scales.pop() if len(scales) == 1 else None


def _scale_of_operation(select: Select, node: Node) -> int | None:
    left, right = node.get("lexpr"), node.get("rexpr")
    scales = [fixed_scale(select, part) for part in (left, right) if part is not None]
    known = [s for s in scales if s is not None]
    if len(known) < len(scales) or node.get("kind") != "AEXPR_OP":
        return None
    match node.operator:
        case "+" | "-":
            return max(known)
        case "*":
            return sum(known)
        case _:
            return None


def _scale_of_call(select: Select, call: Node) -> int | None:
    name = call.get("funcname")[-1].get("sval")
    arguments: tuple[Expr, ...] = call.get("args") or ()
    if name in ("sum", "min", "max", "abs") and len(arguments) == 1:
        return fixed_scale(select, arguments[0])
    if name == "round" and len(arguments) == 2:
        return _integer(arguments[1])
    return 0 if name == "count" else None


def _integer(value: Expr) -> int | None:
    constant = value.get("val") if isinstance(value, Node) else None
    if isinstance(constant, Node) and constant.tag == "Integer":
        return int(constant.get("ival") or 0)
    return None


def _scale_of_cast(select: Select, node: Node) -> int | None:
    kind = node.get("typeName")
    name = kind.get("names")[-1].get("sval")
    if name in ("int2", "int4", "int8"):
        return 0
    modifiers: tuple[Node, ...] = kind.get("typmods") or ()
    if name == "numeric" and not modifiers:
        return fixed_scale(select, node.get("arg"))
    if name != "numeric" or len(modifiers) != 2:
        return None
    return int(modifiers[1].get("val").get("ival") or 0)


_READERS: dict[str, Callable[[Select, Node], int | None]] = {
    "A_Const": _scale_of_constant,
    "A_Expr": _scale_of_operation,
    "CoalesceExpr": _scale_of_choice,
    "TypeCast": _scale_of_cast,
    "FuncCall": _scale_of_call,
    "Aggregate": _scale_of_call,
}
