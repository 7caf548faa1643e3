"""Expressions that the compiler builds itself."""

from __future__ import annotations

from fdwarehouse.compiler.algebra.parse import type_name
from fdwarehouse.compiler.algebra.tree import Expr, Node


def operation(operator: str, left: Expr, right: Expr) -> Node:
    """Build `left operator right`."""
    return Node(
        "A_Expr",
        (
            ("kind", "AEXPR_OP"),
            ("name", (Node("String", (("sval", operator),)),)),
            ("lexpr", left),
            ("rexpr", right),
        ),
    )


TURNED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""The equivalent operator with its sides exchanged."""


def not_distinct(left: Expr, right: Expr) -> Node:
    """Build `left IS NOT DISTINCT FROM right`."""
    return Node("A_Expr", (("kind", "AEXPR_NOT_DISTINCT"), ("lexpr", left), ("rexpr", right)))


def nullif(left: Expr, right: Expr) -> Node:
    """Build `nullif(left, right)`."""
    return Node("A_Expr", (("kind", "AEXPR_NULLIF"), ("lexpr", left), ("rexpr", right)))


def boolean(operator: str, *parts: Expr) -> Expr:
    """Build `a AND b`, `a OR b`: operator is `AND_EXPR`, `OR_EXPR` or `NOT_EXPR`."""
    if len(parts) == 1 and operator != "NOT_EXPR":
        return parts[0]
    return Node("BoolExpr", (("boolop", operator), ("args", parts)))


def is_null(value: Expr) -> Node:
    """Build `value IS NULL`."""
    return Node("NullTest", (("arg", value), ("nulltesttype", "IS_NULL")))


def is_not_null(value: Expr) -> Node:
    """Build `value IS NOT NULL`."""
    return Node("NullTest", (("arg", value), ("nulltesttype", "IS_NOT_NULL")))


def truth_test(value: Expr, test: str) -> Node:
    """Build `value IS NOT FALSE` and the like; test as PostgreSQL names it: `IS_NOT_FALSE`."""
    return Node("BooleanTest", (("arg", value), ("booltesttype", test)))


def call(name: str, *args: Expr, tag: str = "Aggregate") -> Node:
    """Build a call of a function of pg_catalog."""
    return Node(tag, (("funcname", (Node("String", (("sval", name),)),)), ("args", args)))


def image(value: Expr) -> Node:
    """Build the text of a value as its type writes it: a cast would strip blanks of a bpchar."""
    return call("concat", value, tag="FuncCall")


def row(*values: Expr) -> Expr:
    """Build a row of values; a single value is returned unchanged."""
    return values[0] if len(values) == 1 else Node("RowExpr", (("args", values),))


def case_when(condition: Expr, value: Expr) -> Node:
    """Build `CASE WHEN condition THEN value END`."""
    when = Node("CaseWhen", (("expr", condition), ("result", value)))
    return Node("CaseExpr", (("args", (when,)),))


def cast(value: Expr, kind: str) -> Node:
    """Build `value::type`."""
    return Node("TypeCast", (("arg", value), ("typeName", type_name(kind))))


def least(*values: Expr) -> Node:
    """Build `least(...)`."""
    return Node("MinMaxExpr", (("op", "IS_LEAST"), ("args", values)))
