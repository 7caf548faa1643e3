"""Where the dates of partitions come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.test_deployed import assert_equal_to_selects, write
from tests.compiler.test_partitions import (
    BY_YEAR,
    DATED,
    ITEMS,
    TABLES,
    bare,
    partition,
    partitions,
)
from tests.harness import Shop, Warehouse, failing
from tests.test_models import sell
from tests.test_rebuild import forget

HEADER = "/*\ndescription: A table.\ngrain: a row\nkey: {}\npartitions: {{by: {}, every: {}}}\n*/\n"
SHAPES = {
    "first_orders": HEADER.format("customer_id", "first_date", "month")
    + "SELECT customer_id, min(order_date) AS first_date, count(*) AS orders\n"
    + "FROM silver.clean_orders WHERE NOT is_deleted GROUP BY customer_id",
    "months": HEADER.format("month", "month", "year")
    + "SELECT date_trunc('month', o.order_date)::date AS month, sum(i.quantity) AS quantity\n"
    + f"{ITEMS}GROUP BY 1",
    "latest": HEADER.format("order_item_id", "at", "year")
    + "SELECT i.order_item_id, greatest(o.order_date, i.updated_at) AS at\n"
    + ITEMS,
    "stamped": HEADER.format("order_item_id", "at", "year")
    + "WITH o AS (SELECT *, order_date AT TIME ZONE 'Europe/Berlin' AS at FROM silver.clean_orders)"
    + "\nSELECT i.order_item_id, CASE WHEN i.quantity > 1 THEN o.at ELSE i.created_at AT TIME ZONE "
    + "'UTC' END AS at\n"
    + ITEMS.replace("silver.clean_orders AS o", "o"),
    "moments": HEADER.format("[kind, number]", "at", "month")
    + "SELECT 'order' AS kind, order_id AS number, order_date AS at FROM silver.clean_orders "
    + "WHERE NOT is_deleted\nUNION ALL\n"
    + "SELECT 'item', order_item_id, created_at FROM silver.clean_order_items WHERE NOT is_deleted",
    "due": HEADER.format("order_item_id", "due_at", "year")
    + "SELECT i.order_item_id, o.order_date + i.quantity * interval '1 year' AS due_at\n"
    + ITEMS,
    "due_sums": HEADER.format("due_at", "due_at", "year")
    + "SELECT o.order_date + i.quantity * interval '1 year' AS due_at, count(*) AS items\n"
    + f"{ITEMS}GROUP BY 1",
    "ranked": HEADER.format("order_id", "order_date", "year")
    + "SELECT order_id, order_date, rank() OVER (ORDER BY order_date) AS place\n"
    + "FROM silver.clean_orders WHERE NOT is_deleted",
    "either": HEADER.format("order_id", "at", "month")
    + "SELECT coalesce(o.order_id, -i.order_item_id) AS order_id, coalesce(o.order_date, "
    + "i.created_at) AS at\nFROM silver.clean_orders AS o\n"
    + "FULL JOIN silver.clean_order_items AS i\n"
    + "    ON o.order_id = i.order_id AND i.order_item_id % 1000 = 1",
    "late": HEADER.format("order_item_id", "due_at", "year")
    + "SELECT l.order_item_id, l.due_at, c.first_date\nFROM gold.due AS l\n"
    + "LEFT JOIN silver.clean_order_items AS i ON l.order_item_id = i.order_item_id\n"
    + "LEFT JOIN silver.clean_orders AS o ON i.order_id = o.order_id\n"
    + "LEFT JOIN gold.first_orders AS c ON o.customer_id = c.customer_id",
}


def test_g3_dates_are_found_wherever_they_come_from(
    seeded_shop: Shop, seeded_warehouse: Warehouse, project: Path
) -> None:
    warehouse = seeded_warehouse
    write(bare(project), **SHAPES)
    warehouse.deploy(project)
    for table in TABLES:
        warehouse.lift_rules(table)
    found = {
        name: "v" if warehouse.value(f"SELECT to_regclass('gold.{name}_dates')") else "function"
        for name in SHAPES
    }
    computed = {"due", "due_sums", "either"}
    assert found == {n: "function" if n in computed else "v" for n in SHAPES}
    warehouse.run()
    warehouse.execute("SET enable_seqscan = off")  # of tables as small as these it is cheaper
    for name in found.keys() - computed:
        plan = warehouse.column(f"EXPLAIN SELECT FROM gold.{name}_dates WHERE _run_id > 1")
        assert "_run_id > 1" in "\n".join(plan)
        assert [line for line in plan if "Seq Scan" in line] == []
    warehouse.execute("RESET enable_seqscan")
    for day in range(3):
        seeded_shop.force(
            f"UPDATE orders SET order_date = order_date - interval '{day * 17} months', "
            f"updated_at = now() WHERE order_id % 5 = {day}",
            f"UPDATE order_items SET quantity = quantity + {day * 3}, updated_at = now() "
            f"WHERE order_item_id % 7 = {day}",
            f"UPDATE order_items SET order_id = 1 + order_id % 9, updated_at = now() "
            f"WHERE order_item_id % 11 = {day}",
            f"DELETE FROM order_items WHERE order_item_id % 13 = {day}",
        )
        warehouse.reconcile()
        assert_equal_to_selects(warehouse, *SHAPES)
    assert all(len(partitions(warehouse, f"gold.{name}")) > 2 for name in SHAPES)
    before = warehouse.row_versions("gold")
    warehouse.call("etl.rebuild()")
    assert warehouse.row_versions("gold") == before
    assert warehouse.deploy(project).is_empty


def test_silver_is_partitioned_and_keeps_deleted_rows(
    shop: Shop, warehouse: Warehouse, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    warehouse.deploy(bare(project))
    partition(project, file="silver/clean_orders")
    parted = bootstrapped_warehouse
    parted.deploy(project)
    for one in (parted, warehouse):
        one.lift_rules("orders")
    shop.execute("ALTER TABLE orders ALTER order_date DROP NOT NULL")
    for number, date in enumerate(("2023-01-31", "2023-12-31", "2024-02-29", "2025-01-01")):
        sell(shop, number + 1, date=date)
    changes = (
        "SELECT",
        "UPDATE orders SET order_date = '2026-05-05' WHERE order_id = 1",
        "UPDATE orders SET order_date = 'infinity' WHERE order_id = 2",  # it is rejected
        "UPDATE orders SET order_date = NULL WHERE order_id = 3",
        "DELETE FROM order_items; DELETE FROM orders WHERE order_id < 4",
        "INSERT INTO orders VALUES (9, 1, NULL, 'delivered', now(), now())",
        "DELETE FROM orders WHERE order_id = 9",
        "UPDATE orders SET order_date = '2027-05-05'",
    )
    query = "SELECT order_id, is_deleted{} FROM silver.clean_orders {} ORDER BY 1"
    for change in changes:
        shop.force(change)
        for one in (parted, warehouse):
            one.reconcile()
        live = query.format(", order_date", "WHERE NOT is_deleted")
        assert parted.rows(live) == warehouse.rows(live), change
        known = query.format("", "WHERE order_id < 9")
        assert parted.rows(known) == warehouse.rows(known), change
        before = parted.row_versions("silver")
        parted.call("etl.rebuild()")
        assert parted.row_versions("silver") == before, change
    assert parted.value("SELECT count(*) FROM silver.clean_orders WHERE is_deleted") == 3
    found = partitions(parted, "silver.clean_orders")
    assert found == [f"_p{year}0101" for year in range(2023, 2028)]
    assert parted.column("SELECT etl.check_clean_orders__key__unique(0)") == []
    assert parted.deploy(project).is_empty
    rows = "SELECT to_jsonb(o) - '_run_id' FROM silver.clean_orders AS o ORDER BY order_id"
    kept = parted.rows(rows)
    forget(parted, "silver")
    parted.call("etl.rebuild()")
    assert parted.rows(rows) == kept


@pytest.mark.parametrize("key", ["customer_id", "product_id"])
def test_select_with_a_key_in_two_partitions_is_refused(
    shop: Shop, warehouse: Warehouse, project: Path, key: str
) -> None:
    text = DATED.replace("key: order_item_id", f"key: {key}\n{BY_YEAR}")
    text = text.replace("  date_key: {references: gold.dim_date}\n", "")
    write(
        bare(project),
        order_lines=text.replace("i.order_item_id,", "i.order_item_id, i.product_id,"),
    )
    warehouse.deploy(project)
    for number, date in ((1, "2023-01-01"), (2, "2024-02-29"), (3, "2025-02-28")):
        sell(shop, number, date=date)
    warehouse.run()
    assert warehouse.column(f"SELECT {key} FROM gold.order_lines ORDER BY 1") == [1, 2, 3]
    shop.execute(
        "UPDATE orders SET customer_id = 1 WHERE order_id = 2",
        "UPDATE order_items SET product_id = 1 WHERE order_item_id = 2",
    )
    with failing("DW014", "gold.order_lines"):
        warehouse.run()
