"""Tables that a migration made, and a SELECT keeps up from now on: nothing in them changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.shop_files import take_over
from tests.harness import Row, Warehouse

TABLES = ("dim_date", "fact_sales")


def content(warehouse: Warehouse, table: str) -> list[Row]:
    columns = warehouse.column(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'gold' "
        "AND table_name = %s AND column_name NOT LIKE '\\_%%' ORDER BY 1",
        [table],
    )
    return warehouse.rows(f"SELECT {', '.join(columns)} FROM gold.{table} ORDER BY {columns[0]}, 1")


@pytest.fixture
def filled(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


@pytest.mark.parametrize("table", TABLES)
def test_table_of_a_migration_is_taken_over_as_it_is(
    filled: Warehouse, project: Path, table: str
) -> None:
    before = content(filled, table)
    take_over(project, table)
    filled.deploy(project)
    assert content(filled, table) == before
    run = filled.run()
    assert content(filled, table) == before
    assert filled.step_counts(run)[f"gold.{table}"][1:4] == (0, 0, 0)
    filled.shop.execute("UPDATE orders SET status = 'cancelled' WHERE order_id <= 5")
    run = filled.run()
    assert filled.step_counts(run)[f"gold.{table}"][2] == (
        len([row for row in content(filled, table) if row not in before])
    )
    cancelled = "SELECT bool_and(is_cancelled) FROM gold.fact_sales WHERE order_id <= 5"
    assert filled.value(cancelled) is True
    assert filled.deploy(project).is_empty
