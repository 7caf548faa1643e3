"""Turns frozen parse nodes back into those of pglast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pglast import ast, enums

from fdwarehouse.compiler.algebra.tree import Column, Literal, Node, Subquery


def thawed(value: Any, place: Callable[[Subquery], str] | None = None) -> Any:
    """Turn a frozen node into one of pglast.

    Args:
        value: the node.
        place: returns the name that replaces a subquery.
    """
    match value:
        case tuple():
            return tuple(thawed(v, place) for v in value)
        case Column():
            return ast.ColumnRef(fields=(ast.String(sval=value.alias), ast.String(sval=value.name)))
        case Subquery() if place is not None:
            return ast.ColumnRef(fields=(ast.String(sval=place(value)),))
        case Literal():
            return ast.A_Const(val=ast.Integer(ival=int(value.value)))
        case Node():
            tag = {"Aggregate": "FuncCall", "WindowCall": "FuncCall", "SetCall": "FuncCall"}
            kind = getattr(ast, tag.get(value.tag, value.tag))
            return kind(**{k: _thawed_field(kind, k, v, place) for k, v in value.fields})
        case _:
            return value


def _thawed_field(kind: Any, name: str, value: Any, place: Callable[[Subquery], str] | None) -> Any:
    """Turn the name of an enum's member into the member; the field's type gives the enum."""
    enum = getattr(enums, kind.__slots__[name].c_type, None)
    return enum[value] if enum is not None and isinstance(value, str) else thawed(value, place)
