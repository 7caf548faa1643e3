"""The rows of charts: their queries, run as a role that only reads gold where there is one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import psycopg

from fdwarehouse.database.connections import ANALYST, connect
from fdwarehouse.identifiers import ident
from fdwarehouse.project.charts import Chart

ROWS = 2000
"""Rows that a chart may have; the rest is cut off."""
TIMEOUT = "15s"
"""Of the query of a chart."""

Value = str | int | float | bool | None


@dataclass(frozen=True)
class ChartRows:
    """What the query of a chart returned, or why it did not.

    Attributes:
        columns: their names.
        rows: values as JSON has them; times are ISO 8601.
        times: the columns with dates or times.
        is_cut: whether there are more rows.
        error: the reason if there are no rows.
    """

    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Value]] = ()
    times: Collection[str] = field(default=())
    is_cut: bool = False
    error: str | None = None


def read_charts(
    charts: Mapping[str, Chart],
    warehouse_url: str,
    analyst_url: str | None,
    masked: Collection[tuple[str, str]],
) -> dict[str, ChartRows]:
    """Run the queries of charts, each in a transaction that only reads.

    Args:
        charts: by name.
        warehouse_url: connection string of the owner, used when there is no other; then the
            queries run as the analyst if the owner may become one.
        analyst_url: connection string of a role that may only read gold, if it is known.
        masked: columns, as (table, column), that no chart may show.

    Returns:
        The rows by name of the chart; of one that fails, the error.
    """
    if not charts:
        return {}
    with connect(analyst_url or warehouse_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = on")
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute("SET lock_timeout = '2s'")
        connection.execute(f"SET statement_timeout = '{TIMEOUT}'".encode())
        if analyst_url is None:
            _become_analyst(connection)
        return {name: _read(connection, charts[name], masked) for name in charts}


def _become_analyst(connection: psycopg.Connection) -> None:
    may = connection.execute(
        "SELECT coalesce(pg_has_role(to_regrole(%s)::oid, 'SET'), false)", [ANALYST]
    ).fetchone()
    if may and may[0]:
        connection.execute(f"SET ROLE {ident(ANALYST)}".encode())


def _read(
    connection: psycopg.Connection, chart: Chart, masked: Collection[tuple[str, str]]
) -> ChartRows:
    try:
        with connection.transaction():
            cursor = connection.execute(_query(chart).encode())
            found = cursor.fetchall()
            columns = [column.name for column in cursor.description or ()]
            shown = set(_shown(connection, cursor))
    except psycopg.Error as error:
        return ChartRows(error=_said(error))
    if missing := [name for name in chart.columns if name not in columns]:
        return ChartRows(
            error=f"the query returns no column {', '.join(missing)}; it returns "
            f"{', '.join(columns)}"
        )
    if hidden := sorted(shown & set(masked)):
        return ChartRows(error=f"{'.'.join(hidden[0])} is masked: it is not shown")
    times = {
        name
        for number, name in enumerate(columns)
        if any(isinstance(row[number], date) for row in found[:20])
    }
    rows = [[_value(value) for value in row] for row in found[:ROWS]]
    return ChartRows(columns, rows, times, len(found) > ROWS)


def _said(error: psycopg.Error) -> str:
    """Say why a query failed. What it meets in rows, unlike in its text, can have a value."""
    if error.diag.statement_position or (error.sqlstate or "57")[:2] in ("25", "55", "57"):
        return (error.diag.message_primary or str(error)).strip()
    if error.sqlstate == "42501":
        return (error.diag.message_primary or "").strip()
    return f"its query meets a value that it cannot compute with ({error.sqlstate})"


def _query(chart: Chart) -> str:
    order = ""
    if chart.sort:
        direction = " DESC NULLS LAST" if chart.sort.startswith("-") else ""
        order = f" ORDER BY q.{ident(chart.sort.removeprefix('-'))}{direction}"
    # The line break ends a comment at the end of the query.
    return f"SELECT q.* FROM (\n{chart.query}\n) AS q{order} LIMIT {ROWS + 1}"  # noqa: S608


def _shown(
    connection: psycopg.Connection, cursor: psycopg.Cursor[Any]
) -> Iterator[tuple[str, str]]:
    """Yield the table and column of each result column that is one of a table."""
    result = cursor.pgresult
    assert result is not None
    origins = [(result.ftable(n), result.ftablecol(n)) for n in range(result.nfields)]
    for table, column in {(t, c) for t, c in origins if t and c}:
        found = connection.execute(
            """
            SELECT format('%%I.%%I', n.nspname, c.relname), a.attname
            FROM pg_attribute AS a
            INNER JOIN pg_class AS c ON a.attrelid = c.oid
            INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
            WHERE a.attrelid = %s AND a.attnum = %s
            """,
            [table, column],
        ).fetchone()
        if found:
            yield found


def _value(value: object) -> Value:
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            number = float(value)
            return number if isfinite(number) else None
        case float():
            return value if isfinite(value) else None
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value)
