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


def charts_of(tmp_path: Path, **entries: object) -> dict[str, Chart]:
    """Write a file of charts and read it."""
    (tmp_path / "sql").mkdir(exist_ok=True)
    (tmp_path / "sql/charts.yaml").write_text(yaml.safe_dump({"charts": entries}))
    return load_charts(tmp_path)
