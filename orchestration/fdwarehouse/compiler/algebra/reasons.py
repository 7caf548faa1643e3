"""Why a table is computed in full, and the line of the definition that causes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from pglast import ast, enums, parse_sql

# They return the time, the session or the transaction: STABLE, but not as long as a row is stored.
TELLING_THE_TIME = frozenset(
    (
        *("now", "transaction_timestamp", "statement_timestamp", "clock_timestamp"),
        *("timeofday", "current_setting", "pg_current_xact_id"),
        *("pg_current_xact_id_if_assigned", "txid_current", "txid_current_if_assigned"),
        *("current_user", "session_user", "current_database", "current_schema"),
        *("current_schemas", "current_query", "pg_backend_pid", "inet_client_addr"),
        *("inet_client_port", "inet_server_addr", "inet_server_port", "pg_conf_load_time"),
        *("pg_postmaster_start_time", "pg_current_snapshot", "txid_current_snapshot", "age"),
        *("mxid_age", "version", "system_user", "getpgusername", "pg_client_encoding"),
        *("pg_has_role", "pg_trigger_depth", "row_security_active"),
    )
)


class Construct(Enum):
    """A kind of part of a definition that cannot be computed incrementally."""

    FULL_JOIN = "FULL JOIN"
    PARENTHESES = "a join in parentheses on the nullable side of an outer join"
    LIMIT = "LIMIT"
    WINDOW = "windows"
    GROUPING_SETS = "GROUPING SETS"
    RECURSIVE = "WITH RECURSIVE"
    AGGREGATE = "an aggregate over everything"
    SUBQUERY = "a subquery"
    TIME = "the time or the session"
    OTHER = ""


class Unsupported(Exception):  # noqa: N818 - it is caught and turned into a plan, never shown
    """A definition, or a part of it, that has no incremental form.

    Args:
        reason: why, as text.
        construct: the part whose line is reported.
    """

    def __init__(self, reason: str, construct: Construct = Construct.OTHER) -> None:
        super().__init__(reason)
        self.reason = reason
        self.construct = construct


_MATCHES: dict[Construct, Callable[[Any], bool]] = {
    Construct.FULL_JOIN: lambda n: (
        isinstance(n, ast.JoinExpr) and n.jointype == enums.JoinType.JOIN_FULL
    ),
    Construct.PARENTHESES: lambda n: (
        isinstance(n, ast.JoinExpr)
        and n.jointype == enums.JoinType.JOIN_LEFT
        and isinstance(n.rarg, ast.JoinExpr)
    ),
    Construct.LIMIT: lambda n: isinstance(n, ast.SelectStmt) and n.limitCount is not None,
    Construct.WINDOW: lambda n: isinstance(n, ast.FuncCall) and n.over is not None,
    Construct.GROUPING_SETS: lambda n: isinstance(n, ast.GroupingSet),
    Construct.RECURSIVE: lambda n: isinstance(n, ast.WithClause) and bool(n.recursive),
    Construct.AGGREGATE: lambda n: isinstance(n, ast.FuncCall) and n.over is None,
    Construct.SUBQUERY: lambda n: isinstance(n, ast.SubLink),
    Construct.TIME: lambda n: (
        isinstance(n, ast.SQLValueFunction)
        or (isinstance(n, ast.FuncCall) and (n.funcname or ())[-1].sval in TELLING_THE_TIME)
    ),
}


def line_of(construct: Construct, select: str) -> int | None:
    """Find the line of a construct.

    Args:
        construct: what to look for.
        select: the definition as it was written.

    Returns:
        The line of the first such part, counted from 1; None if there is none.
    """
    matches = _MATCHES.get(construct)
    if matches is None:
        return None
    statement = parse_sql(select)[0].stmt
    for node in _nodes(statement):
        if matches(node):
            places = [p for n in _nodes(node) if isinstance(p := getattr(n, "location", None), int)]
            places = [p for p in places if p >= 0]
            if places:
                return select[: min(places)].count("\n") + 1
    return None


def line_of_impurity(part: str, select: str) -> int | None:
    """Find the line of the part that makes a definition depend on more than tables.

    Args:
        part: one result of `impure_parts`; it begins with a function, as `name()`.
        select: the definition as it was written.
    """
    name = part.partition("(")[0].rpartition(".")[2]
    for node in _nodes(parse_sql(select)[0].stmt):
        if isinstance(node, ast.FuncCall) and (node.funcname or ())[-1].sval == name:
            return select[: node.location or 0].count("\n") + 1
    return line_of(Construct.TIME, select)


def _nodes(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for part in value:
            yield from _nodes(part)
    elif isinstance(value, ast.Node):
        yield value
        for name in value:
            yield from _nodes(getattr(value, name))
