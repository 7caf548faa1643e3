"""Charts for tests."""

from __future__ import annotations

from pathlib import Path

import yaml

from fdwarehouse.project.charts import Chart, load_charts

REVENUE = {
    "title": "Revenue",
    "kind": "line",
    "x": "date_key",
    "y": "revenue",
    "query": "SELECT date_key, revenue FROM gold.daily_sales ORDER BY date_key",
}


_POINTS = """
SELECT n, CASE WHEN {condition} THEN {high} ELSE 100 + n % 7 END AS v
FROM (SELECT row_number() OVER (ORDER BY date) AS n FROM gold.dim_date LIMIT 100) AS d
ORDER BY n
"""


def line_of(title: str, condition: str, high: str = "90000") -> Chart:
    """Make a line of 100 points, n from 1, at about 100, but high where a condition holds."""
    query = _POINTS.format(condition=condition, high=high)
    return Chart(title=title, kind="line", x="n", y="v", unit="EUR", query=query)


def wide_heatmap() -> Chart:
    """Make a heat map of 20 columns with numbers of three digits, and one that is far larger."""
    points = _POINTS.format(condition="n = 50", high=100000000)
    query = f"SELECT n % 20 AS x, n / 20 AS y, v FROM ({points}) AS p"
    return Chart(title="Wide", kind="heatmap", x="x", y="y", value="v", query=query)


def charts_of(tmp_path: Path, **entries: object) -> dict[str, Chart]:
    """Write a file of charts and read it."""
    (tmp_path / "sql").mkdir(exist_ok=True)
    (tmp_path / "sql/charts.yaml").write_text(yaml.safe_dump({"charts": entries}))
    return load_charts(tmp_path)
