"""Business: the charts of the project."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fdwarehouse.database.observation.charts import ChartRows
from fdwarehouse.database.observation.everything import Observation
from fdwarehouse.project.charts import Chart
from fdwarehouse.project.sql_names import names_in
from fdwarehouse.site.formats import amount

TABLE_ROWS = 400
"""Rows of the table below a picture."""


def business(seen: Observation) -> list[dict[str, Any]]:
    """Decide what the page of charts shows.

    Args:
        seen: the warehouse.
    """
    return [_shown(name, chart, seen.chart_rows[name]) for name, chart in seen.charts.items()]


def _shown(name: str, chart: Chart, found: ChartRows) -> dict[str, Any]:
    columns = list(found.columns)
    drawn = chart.kind not in ("table", "number")
    return {
        "name": name,
        "chart": chart,
        "error": found.error,
        "is_cut": found.is_cut,
        "is_drawn": drawn and bool(found.rows) and not found.error,
        "number": _number(chart, found),
        "columns": columns,
        "numeric": [_is_numeric(found, n) for n in range(len(columns))],
        "rows": [[amount(value) for value in row] for row in found.rows[:TABLE_ROWS]],
        "more": max(0, len(found.rows) - TABLE_ROWS),
        "reads": sorted(set(_gold_tables(chart.query))),
        "data": {
            "kind": chart.kind,
            "x": chart.x,
            "y": chart.y,
            "value": chart.value,
            "series": chart.series,
            "highlight": chart.highlight,
            "unit": chart.unit,
            "sorted": bool(chart.sort),
            "times": sorted(found.times),
            "columns": columns,
            "rows": found.rows,
        }
        if drawn
        else None,
    }


def _number(chart: Chart, found: ChartRows) -> str | None:
    if chart.kind != "number" or not found.rows:
        return None
    column = found.columns.index(chart.value) if chart.value else 0
    return amount(found.rows[0][column])


def _is_numeric(found: ChartRows, column: int) -> bool:
    values = [row[column] for row in found.rows if row[column] is not None]
    return bool(values) and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in values
    )


def _gold_tables(query: str) -> Iterator[str]:
    yield from (name for name in names_in(query) if name.startswith("gold."))
