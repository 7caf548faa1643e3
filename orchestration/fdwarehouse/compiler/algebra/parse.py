"""PostgreSQL's parser, and our names of its nodes."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pglast import ast, enums, parse_sql

from fdwarehouse.compiler.algebra.tree import Link, Node

POSITIONS = {"location", "stmt_location", "stmt_len", "rexpr_list_start", "rexpr_list_end"}
LINKS = {
    enums.SubLinkType.EXISTS_SUBLINK: Link.EXISTS,
    enums.SubLinkType.ANY_SUBLINK: Link.ANY,
    enums.SubLinkType.ALL_SUBLINK: Link.ALL,
    enums.SubLinkType.EXPR_SUBLINK: Link.SCALAR,
    enums.SubLinkType.ARRAY_SUBLINK: Link.ARRAY,
}
OPERATORS = {
    enums.SetOperation.SETOP_UNION: "UNION",
    enums.SetOperation.SETOP_INTERSECT: "INTERSECT",
    enums.SetOperation.SETOP_EXCEPT: "EXCEPT",
}


def parse(sql: str) -> Any:
    """Parse one SELECT."""
    return parse_sql(sql)[0].stmt


def type_name(kind: str) -> Node:
    """Return the node of a type, as `format_type` prints it."""
    found = parse(f"SELECT NULL::{kind}").targetList[0].val.typeName
    return _frozen(found)  # type: ignore[no-any-return]


def _frozen(value: Any) -> Any:
    match value:
        case tuple():
            return tuple(_frozen(part) for part in value)
        case ast.Node():
            parts = ((name, _frozen(getattr(value, name))) for name in value)
            known = ((n, v) for n, v in parts if n not in POSITIONS and v not in (None, False))
            return Node(type(value).__name__, tuple(known))
        case _:
            return value.name if isinstance(value, Enum) else value
