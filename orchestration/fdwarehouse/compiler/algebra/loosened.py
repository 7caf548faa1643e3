"""Simplifies a SELECT to what its lineage depends on, so that more SELECTs can be read.

Incremental tables need the exact meaning of a SELECT. Its lineage does not: every join is an inner
join to it, a set of grouping sets is a list of expressions, and a recursive query is read once.
"""

from __future__ import annotations

from typing import Any

from pglast import ast, enums

from fdwarehouse.compiler.algebra.tree import STAR
from fdwarehouse.project.sql_names import nodes_of

_AGGREGATES = (ast.JsonArrayAgg, ast.JsonObjectAgg, ast.GroupingFunc)
_FIRST = "{} of the first rows"
"""Name of the part of a recursive query that does not read itself."""


def loosened(statement: ast.SelectStmt) -> ast.SelectStmt:
    """Simplify a parsed SELECT, in place.

    Args:
        statement: as `pg_get_viewdef` prints it.

    Returns:
        The same statement. Its result differs; the columns that it is computed from do not.
    """
    for node in list(nodes_of(statement)):
        match node:
            case ast.JoinExpr():
                node.jointype = enums.JoinType.JOIN_INNER
            case ast.ColumnRef(fields=(*names, ast.A_Star())):
                node.fields = (*names, ast.String(sval=STAR))  # a row as a value
            case ast.SubLink(subLinkType=enums.SubLinkType.ROWCOMPARE_SUBLINK):
                node.subLinkType = enums.SubLinkType.ANY_SUBLINK
            case ast.WithClause(recursive=True):
                _read_once(node)
            case ast.SelectStmt():
                _loosen(node)
    return statement


def _loosen(select: ast.SelectStmt) -> None:
    select.lockingClause = None
    if select.op != enums.SetOperation.SETOP_NONE:
        select.limitCount = select.limitOffset = None
    if any(isinstance(group, ast.GroupingSet) for group in select.groupClause or ()):
        select.groupClause = _columns_of(select.groupClause) or None
    for target in select.targetList or ():
        target.val = _without_aggregates(target.val)


def _without_aggregates(value: Any) -> Any:
    """Replace an aggregate that is not a function by an array of the columns that it reads."""
    if any(isinstance(node, _AGGREGATES) for node in nodes_of(value)):
        return ast.A_ArrayExpr(elements=_columns_of(value))
    return value


def _columns_of(value: Any) -> tuple[ast.Node, ...]:
    return tuple(node for node in nodes_of(value) if isinstance(node, ast.ColumnRef))


def _read_once(clause: ast.WithClause) -> None:
    """Let each recursive query read its first rows instead of itself."""
    ctes = []
    for cte in clause.ctes or ():
        query = cte.ctequery
        named = [node for node in nodes_of(query) if isinstance(node, ast.RangeVar)]
        itself = [n for n in named if not n.schemaname and n.relname == cte.ctename]
        if itself:
            first = _FIRST.format(cte.ctename)
            ctes.append(
                ast.CommonTableExpr(
                    ctename=first, ctequery=query.larg, aliascolnames=cte.aliascolnames
                )
            )
            for node in itself:
                node.alias = node.alias or ast.Alias(aliasname=node.relname)
                node.relname = first
        ctes.append(cte)
    clause.recursive = False
    clause.ctes = tuple(ctes)
