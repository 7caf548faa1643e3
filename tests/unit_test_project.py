"""A copy of the shop in which tests write unit tests."""

from __future__ import annotations

from pathlib import Path

DAILY = """\
model: gold.daily_sales
description: Cancelled sales are no revenue.
given:
  gold.fact_sales:
    - {order_item_id: 1, order_id: 1, date_key: 20260102, total_amount: 20}
    - {order_item_id: 2, order_id: 2, date_key: 20260102, total_amount: 9, is_cancelled: true}
expect:
  - {date_key: 20260102, orders: 1, revenue: 20.00}
"""


def write(project: Path, text: str, name: str = "it_holds") -> None:
    (project / f"sql/tests/{name}.yaml").write_text(text)


def replace(project: Path, file: str, old: str, new: str) -> None:
    path = project / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
