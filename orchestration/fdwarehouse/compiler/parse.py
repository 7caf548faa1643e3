"""PostgreSQL's parser, and what its nodes are called here."""

from __future__ import annotations

from typing import Any

from pglast import enums, parse_sql

from fdwarehouse.compiler.tree import Link

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
