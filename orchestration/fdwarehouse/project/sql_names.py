"""The names in an SQL text, according to PostgreSQL's own parser."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from pglast import ast
from pglast.parser import ParseError, parse_sql_json

from fdwarehouse.identifiers import qualified

_SCHEMA_AND_NAME = 2


@cache
def names_in(sql: str) -> frozenset[str]:
    """List the schema-qualified relations, functions and types in statements.

    The body of an SQL function is read, quoted or not. Bodies of PL/pgSQL are not: their names are
    looked up when they run. The tree is read as JSON, which takes a third of the time that objects
    take: a deploy reads ten texts per table.

    Args:
        sql: statements; text that does not parse gives none, and the server will refuse it.

    Returns:
        The names, quoted where needed.
    """
    try:
        waiting = [json.loads(parse_sql_json(sql))]
    except ParseError:
        return frozenset()
    found: set[str] = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            found.update(_names_of(part))
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return frozenset(found)


def _names_of(node: dict[str, Any]) -> Collection[str]:
    """Return the name in a RangeVar, a FuncCall or a TypeName, or those in a function's body.

    JSON names the kind of a node only where several kinds are possible.
    """
    if "schemaname" in node and "relname" in node:
        return {qualified(node["schemaname"], node["relname"])}
    called = node.get("funcname") if "funcformat" in node else None
    names = called or (node.get("names") if "typemod" in node else None)
    if names and len(names) == _SCHEMA_AND_NAME:
        return {qualified(*(part["String"]["sval"] for part in names))}
    if function := node.get("CreateFunctionStmt"):
        options = {
            option["DefElem"]["defname"]: option["DefElem"].get("arg", {})
            for option in function.get("options", ())
        }
        language = options.get("language", {}).get("String", {}).get("sval")
        if "as" in options and language == "sql":
            return names_in(options["as"]["List"]["items"][-1]["String"]["sval"])
    return ()


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


def column_names_in(tree: object) -> Iterator[str]:
    """Yield the names of the columns that a parse tree refers to, without those of their tables."""
    for node in nodes_of(tree):
        last = (node.fields or ())[-1] if isinstance(node, ast.ColumnRef) else None
        if isinstance(last, ast.String):
            yield str(last.sval)
