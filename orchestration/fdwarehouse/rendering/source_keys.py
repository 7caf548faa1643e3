"""Determines whether a view over bronze keeps the key that its rows have in the source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pglast import ast, parse_sql
from pglast.parser import ParseError

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident, literal, qualified
from fdwarehouse.project.sources import Source

# Written by the macro bronze.metadata, until it is known which table the view reads.
SOURCE_KEY_HERE = "ARRAY[source_key_here]"
_BRONZE = re.compile(r'\bbronze\.(?:"(?:[^"]|"")+"|\w+)')


def with_source_key(sql: str, sources: Iterable[Source]) -> str:
    """Insert the key of the bronze table that a view reads where the view asks for it.

    Args:
        sql: a file of the project, rendered.
        sources: whose tables bronze has.

    Raises:
        FdwarehouseError: it asks for it where no table of bronze is read.
    """
    tables = {table.raw_table: table for source in sources for table in source.tables}
    named = [f for f in _BRONZE.finditer(sql) if f[0] in tables]
    several = len({f[0] for f in named}) > 1
    parts = sql.split(SOURCE_KEY_HERE)
    text, position = parts[0], len(parts[0])
    for part in parts[1:]:
        position += len(SOURCE_KEY_HERE)
        read = next((tables[f[0]] for f in named if f.start() >= position), None)
        if read is None:
            raise FdwarehouseError(
                "bronze.metadata is used where no table of bronze is read",
                hint="Use it in the SELECT whose FROM names the table.",
            )
        columns = [f"{ident(c)}::text" for c in read.key]
        columns = [literal(read.raw_table), *columns] if several else columns
        text += f"ARRAY[{', '.join(columns)}]::text[]{part}"
        position += len(part)
    return text


def key_is_computed(
    view: str,
    key: Iterable[str],
    sources: Iterable[Source],
    text_of: Callable[[str], str | None] = lambda _: None,
) -> bool:
    """Return whether a view computes the key of its rows, or keeps the source's.

    A key is kept if each of its columns is a plain column of the one table of bronze that the view
    reads, possibly through CTEs, other views and `*`. Everything else counts as computed, which is
    safe, but costs more.

    Args:
        view: the view's file, rendered.
        key: key columns of the view.
        sources: whose tables bronze has.
        text_of: returns the rendered file of another view; None if there is no file.
    """
    if "_source_key" not in view and "*" not in view:
        return False  # another table of silver: its key does not distinguish rows of the source
    tables = {table.raw_table: table for source in sources for table in source.tables}

    def origin(view: str, column: str) -> tuple[str, str]:
        (statement,) = [s.stmt for s in parse_sql(view) if isinstance(s.stmt, ast.ViewStmt)]
        if statement.aliases:
            raise _Computed
        name, named = _origin(statement.query, column, {})
        inner = None if name in tables else text_of(name)
        return origin(inner, named) if inner else (name, named)

    try:
        found = {origin(view, column) for column in key}
    except (ParseError, ValueError, RecursionError, _Computed):
        return True
    read = {table for table, _ in found}
    (table,) = read if len(read) == 1 else ("",)
    return table not in tables or {column for _, column in found} != set(tables[table].key)


class _Computed(Exception):  # noqa: N818 - it is caught and is an answer, not an error
    """A column is not a plain column of a table."""


def _origin(select: Any, column: str, ctes: Mapping[str, Any]) -> tuple[str, str]:
    """Return the table and column that a column of a SELECT comes from.

    Raises:
        _Computed: it is anything else.
    """
    if not _is(select, ast.SelectStmt) or select.larg is not None:
        raise _Computed
    own = select.withClause.ctes if select.withClause else ()
    known = {**ctes, **{cte.ctename: cte for cte in own}}
    if len(select.fromClause or ()) != 1:
        raise _Computed
    (item,) = select.fromClause
    named = [t for t in select.targetList or () if _name_of(t) == column]
    stars = [t for t in select.targetList or () if _name_of(t) == "*"]
    if len(named) + len(stars) != 1:
        raise _Computed
    value = (named or stars)[0].val
    if not _is(value, ast.ColumnRef):
        raise _Computed
    inner = column if stars else value.fields[-1].sval
    if _is(item, ast.RangeSubselect) and not (item.alias and item.alias.colnames):
        return _origin(item.subquery, inner, known)
    if not _is(item, ast.RangeVar) or (item.alias and item.alias.colnames):
        raise _Computed
    if item.schemaname:
        return qualified(item.schemaname, item.relname), inner
    cte = known.get(item.relname)
    if cte is None or cte.aliascolnames:
        raise _Computed
    return _origin(cte.ctequery, inner, ctes)


def _name_of(target: Any) -> str | None:
    """Return the name of a column of a SELECT list; `*` for all."""
    if target.name:
        return str(target.name)
    if not _is(target.val, ast.ColumnRef):
        return None
    last = target.val.fields[-1]
    return "*" if _is(last, ast.A_Star) else str(last.sval)


def _is(node: object, kind: type) -> bool:
    """Return whether a node is of a class; unlike isinstance, without narrowing its type."""
    return isinstance(node, kind)
