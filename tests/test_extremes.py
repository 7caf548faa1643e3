"""Any value of production reaches gold, or is rejected with a reason; other rows are loaded."""

import pytest

from tests.harness import Warehouse

MOST = "2147483647"
# table.column -> values at and beyond the edges of its type in production
EXTREMES = {
    "order_items.quantity": [MOST, "1", "0", "-2147483648"],
    "order_items.unit_price": ["99999999.99", "0", "0.01", "'NaN'", "-99999999.99"],
    "products.price": ["99999999.99", "0", "'NaN'", "-0.01"],
    "products.name": ["''", "repeat('x', 255)", "E'\\t\\n'"],
    "products.category": ["''", "repeat('É', 100)"],
    "customers.full_name": ["''", "repeat('x', 255)", "E'\\u00a0'"],
    "customers.email": ["'  '", "repeat('É', 255)"],
    "customers.created_at": [
        "'infinity'",
        "'-infinity'",
        "'294276-12-31 23:59:59'",
        "'4713-01-01 BC'",
    ],
    "orders.order_date": [
        *("'infinity'", "'-infinity'", "'294276-12-31'", "'4713-01-01 BC'"),
        *("'0001-01-01'", "'9999-12-31 23:59:59.999999'", "'10000-01-01'", "'0001-12-31 BC'"),
    ],
    "orders.status": ["''", "repeat('x', 50)", "' DELIVERED '"],
}
CASES = [(column, value) for column, values in EXTREMES.items() for value in values]
KEYS = {t: f"{t.removesuffix('s')}_id" for t in ("customers", "products", "orders", "order_items")}


@pytest.mark.parametrize(("column", "value"), CASES)
def test_extreme_value_is_published_or_set_aside(
    seeded_warehouse: Warehouse, column: str, value: str
) -> None:
    warehouse = seeded_warehouse
    table, _, name = column.partition(".")
    key = KEYS[table]
    warehouse.run()
    warehouse.lift_rules(table)
    warehouse.shop.force(
        f"UPDATE {table} SET {name} = {value}, updated_at = clock_timestamp() WHERE {key} = 7"
    )
    warehouse.run()
    warehouse.reconcile()
    (in_bronze,) = warehouse.column(
        f"SELECT {name}::text FROM bronze.raw_{table} WHERE {key} = 7 ORDER BY _run_id DESC LIMIT 1"
    )
    (in_production,) = warehouse.shop.column(f"SELECT {name}::text FROM {table} WHERE {key} = 7")
    assert in_bronze == in_production
    rejected = warehouse.column(
        "SELECT reasons FROM silver.rejected_rows WHERE model = %s", [f"silver.clean_{table}"]
    )
    run_id = warehouse.value(f"SELECT _run_id FROM silver.clean_{table} WHERE {key} = 7")
    assert (run_id > 1) != bool(rejected)
    before = warehouse.row_versions("silver", "gold")
    warehouse.call("etl.rebuild('all')")
    assert warehouse.row_versions("silver", "gold") == before


def test_sums_hold_what_all_items_can_amount_to(seeded_warehouse: Warehouse) -> None:
    warehouse = seeded_warehouse
    warehouse.shop.execute(
        f"UPDATE order_items SET quantity = {MOST}, unit_price = 99999999.99",
        "UPDATE orders SET order_date = '2025-01-01', status = 'delivered', customer_id = 1",
        "UPDATE order_items SET product_id = 1",
    )
    warehouse.run()
    due = warehouse.shop.rows("SELECT sum(quantity), sum(quantity * unit_price) FROM order_items")
    for table in ("daily_sales", "customer_lifetime_value", "product_performance"):
        assert warehouse.rows(f"SELECT quantity, revenue FROM gold.{table}") == due
    for table in ("customer_months", "cohort_retention"):
        assert warehouse.rows(f"SELECT revenue FROM gold.{table}") == [(due[0][1],)]
    warehouse.shop.execute("UPDATE order_items SET quantity = 1 WHERE order_item_id % 2 = 0")
    warehouse.run()
    due = warehouse.shop.rows("SELECT sum(quantity), sum(quantity * unit_price) FROM order_items")
    assert warehouse.rows("SELECT quantity, revenue FROM gold.daily_sales") == due
