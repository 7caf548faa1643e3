"""The names in an SQL text, according to PostgreSQL's own parser."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pglast import ast, parse_sql
from pglast.parser import ParseError

from fdwarehouse.identifiers import qualified


@cache
def names_in(sql: str) -> frozenset[str]:
    """List the schema-qualified relations, functions and types in statements.

    The body of an SQL function is read, quoted or not. Bodies of PL/pgSQL are not: their names are
    looked up when they run.

    Args:
        sql: statements; text that does not parse gives none, and the server will refuse it.

    Returns:
        The names, quoted where needed.
    """
    try:
        statements = parse_sql(sql)
    except ParseError:
        return frozenset()
    return frozenset(name for node in nodes_of(statements) for name in _names_of(node))


def nodes_of(tree: object) -> Iterator[ast.Node]:
    """Yield every node of a parse tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting += node
        elif isinstance(node, ast.Node):
            yield node
            waiting += [getattr(node, attribute) for attribute in node]


def _names_of(node: ast.Node) -> Iterator[str]:
    if isinstance(node, ast.RangeVar):
        if node.schemaname and node.relname:
            yield qualified(node.schemaname, node.relname)
    elif isinstance(node, (ast.FuncCall, ast.TypeName)):
        names = node.funcname if isinstance(node, ast.FuncCall) else node.names
        if names and len(names) == 2:
            yield qualified(*(part.sval for part in names))
    elif isinstance(node, ast.CreateFunctionStmt):
        options = {option.defname: option.arg for option in node.options or ()}
        if "as" in options and getattr(options.get("language"), "sval", "") == "sql":
            yield from names_in(options["as"][-1].sval)


def column_names_in(tree: object) -> Iterator[str]:
    """Yield the names of the columns that a parse tree refers to, without those of their tables."""
    for node in nodes_of(tree):
        last = (node.fields or ())[-1] if isinstance(node, ast.ColumnRef) else None
        if isinstance(last, ast.String):
            yield str(last.sval)
