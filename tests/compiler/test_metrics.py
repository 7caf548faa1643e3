"""The shop's metrics as counted SELECTs, compared with those written by hand."""

from __future__ import annotations

from tests.compiler.shop_files import METRICS
from tests.harness import Row, Warehouse

FIRST = "SELECT min(order_id) FROM orders WHERE customer_id < 30 GROUP BY customer_id"
CHANGES = [
    ("UPDATE orders SET status = 'cancelled' WHERE order_id % 9 = 0",),
    ("UPDATE orders SET status = 'delivered' WHERE order_id % 18 = 0",),
    ("UPDATE orders SET order_date = order_date - interval '70 days' WHERE order_id % 11 = 0",),
    ("DELETE FROM order_items WHERE order_item_id % 13 = 0",),
    (
        f"DELETE FROM order_items WHERE order_id IN ({FIRST})",
        f"DELETE FROM orders WHERE order_id IN ({FIRST})",
    ),
    ("UPDATE orders SET customer_id = 1 + customer_id % 50 WHERE order_id % 7 = 0",),
    ("UPDATE order_items SET quantity = quantity + 1 WHERE order_item_id % 5 = 0",),
]


def metrics(warehouse: Warehouse) -> dict[str, list[Row]]:
    columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'gold' "
    found = {}
    for table in METRICS:
        names = warehouse.column(
            f"{columns} AND table_name = '{table}' AND column_name <> '_run_id' ORDER BY 1"
        )
        listed = ", ".join(names)
        found[table] = warehouse.rows(f"SELECT {listed} FROM gold.{table} ORDER BY 1, 2, 3, 4, 5")
    return found


def test_metrics_of_selects_are_those_written_by_hand(
    seeded_warehouse: Warehouse, beside: Warehouse
) -> None:
    for number, change in enumerate([(), *CHANGES]):
        seeded_warehouse.shop.execute(*change)
        for warehouse in (seeded_warehouse, beside):
            warehouse.reconcile() if number in (4, 5) else warehouse.run()
        assert metrics(beside) == metrics(seeded_warehouse), change
    seeded_warehouse.call("etl.rebuild('all')")
    assert seeded_warehouse.rows(
        "SELECT model FROM etl.steps WHERE run_id = (SELECT max(run_id) FROM etl.runs) "
        "AND rows_inserted + rows_updated + rows_deleted > 0"
    ) == []  # fmt: skip


def test_metrics_of_a_migration_are_taken_over_as_they_are(beside: Warehouse) -> None:
    beside.run()
    before = metrics(beside)
    beside.deploy()
    beside.run()
    assert metrics(beside) == before
    assert beside.deploy().is_empty


def test_how_the_shop_is_kept_up(seeded_warehouse: Warehouse) -> None:
    said: dict[str, str] = dict(
        seeded_warehouse.rows(
            "SELECT c.relname, substring(obj_description(c.oid) FROM 'Maintenance: (.*)\\.$') "
            "FROM pg_class AS c WHERE c.relnamespace = 'gold'::regnamespace AND c.relkind = 'r' "
            "AND obj_description(c.oid) LIKE '%Maintenance: %'"
        )
    )
    assert said == {
        "dim_customers": "incremental by customer_id from silver.clean_customers",
        "dim_products": "incremental by product_id from silver.clean_products",
        "dim_date": "incremental by date_key from gold.order_years",
        "fact_sales": "incremental by order_item_id from silver.clean_order_items, "
        "silver.clean_orders, gold.dim_customers, gold.dim_products",
        "daily_sales": "counted by date_key from gold.fact_sales",
        "customer_lifetime_value": "counted by customer_id from gold.fact_sales",
        "product_performance": "counted by product_id from gold.fact_sales",
        "order_years": "counted by first_day from silver.clean_orders",
        "monthly_customer_sales": "counted by customer_id, month from gold.fact_sales",
        "customer_months": "incremental by customer_id from gold.monthly_customer_sales",
        "cohort_months": "counted by cohort_month, month from gold.customer_months",
        "cohort_retention": "incremental by cohort_month from gold.cohort_months",
    }
