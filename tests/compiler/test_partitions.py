"""Tables that are one SELECT and partitioned by a date: kept up as the others are."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.seed import make_changes
from fdwarehouse.status import status
from tests.compiler.test_deployed import LINES, assert_equal_to_selects, write
from tests.harness import ROOT, Shop, Warehouse, failing
from tests.test_models import assert_is_as_rebuilt, sell
from tests.test_rebuild import forget, picture

BY_YEAR = "partitions: {by: order_date, every: year}"
BY_MONTH = "partitions: {by: order_date, every: month}"
TABLES = ("customers", "products", "orders", "order_items")
DATED = LINES.replace("o.status,", "o.status, o.order_date,")


def partition(project: Path, choice: str = BY_YEAR, file: str = "gold/fact_sales") -> None:
    """Give a header partitions, others, or none."""
    path = project / f"sql/{file}.sql"
    lines = [t for t in path.read_text().splitlines() if not t.startswith("partitions:")]
    at = next(n for n, line in enumerate(lines) if line.startswith("key:"))
    path.write_text("\n".join([*lines[: at + 1], *filter(None, [choice]), *lines[at + 1 :], ""]))


def partitions(warehouse: Warehouse, table: str = "gold.fact_sales") -> list[str]:
    """Name the partitions of a table, without the table's own name."""
    return warehouse.column(
        "SELECT substring(inhrelid::regclass::text FROM '_p[0-9]+$') FROM pg_inherits "
        f"WHERE inhparent = '{table}'::regclass ORDER BY 1"
    )


def places(warehouse: Warehouse, table: str = "gold.fact_sales") -> dict[int, str]:
    """In which partition each sale is."""
    return dict(
        warehouse.rows(
            "SELECT order_item_id, substring(tableoid::regclass::text FROM '_p[0-9]+$') "
            f"FROM {table}"
        )
    )


def kind(warehouse: Warehouse, table: str = "gold.fact_sales") -> str:
    return str(
        warehouse.value(f"SELECT relkind::text FROM pg_class WHERE oid = '{table}'::regclass")
    )


@pytest.fixture
def parted(bootstrapped_warehouse: Warehouse, project: Path) -> Warehouse:
    partition(project)
    bootstrapped_warehouse.deploy(project)
    return bootstrapped_warehouse


def test_g3_partitioned_table_is_as_an_ordinary_one(
    shop: Shop, parted: Warehouse, warehouse: Warehouse, project: Path
) -> None:
    shop.execute((ROOT / "production/seed.sql").read_text())
    for table in TABLES:
        parted.lift_rules(table)
        warehouse.lift_rules(table)
    both = (parted, warehouse)
    for day in range(4):
        for one in both:
            one.reconcile()
        assert picture(parted) == picture(warehouse)
        make_changes(shop.urls["admin"], ROOT / "production", changes=100, random_seed=day)
        shop.force(
            f"UPDATE orders SET order_date = order_date + interval '{7 - 5 * day} months', "
            f"updated_at = now() WHERE order_id % 9 = {day}",
            f"DELETE FROM order_items WHERE order_item_id % 40 = {day}",
            f"DELETE FROM orders WHERE order_id % 50 = {day}",
        )
    counts = [one.step_counts(one.reconcile()) for one in both]
    assert counts[0] == counts[1]
    assert counts[0]["gold.fact_sales"][2] > 50
    assert picture(parted) == picture(warehouse)
    assert len(partitions(parted)) > 2

    before = parted.row_versions()
    parted.run()
    parted.call("etl.rebuild('all')")
    assert parted.row_versions() == before
    assert parted.deploy(project).is_empty
    forget(parted, "silver", "gold")
    parted.call("etl.rebuild()")
    assert picture(parted) == picture(warehouse)
