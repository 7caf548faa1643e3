"""Metrics maintained by counting changes, in any order, equal those computed from all rows."""

from pathlib import Path

from tests.harness import Shop, Warehouse
from tests.test_models import assert_is_as_rebuilt, change, sell

PRODUCTS = "gold/write_product_performance.sql"


def build(warehouse: Warehouse, *tables: str) -> None:
    """Bring bronze and silver up to date, and only these tables of gold."""
    for layer in ("etl.extract_and_load_bronze()", "etl.build_silver()"):
        warehouse.call(layer)
    for table in tables:
        warehouse.call(f"gold.build_{table}()")


def test_g3_months_of_a_new_customer_need_no_other_metric(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.run()
    sell(shop, 2)
    build(warehouse, "dim_date", "dim_customers", "dim_products", "fact_sales", "customer_months")
    warehouse.run()
    assert warehouse.column("SELECT customer_id FROM gold.customer_months ORDER BY 1") == [1, 2]
    assert_is_as_rebuilt(warehouse)


def test_g3_cohort_whose_first_order_is_cancelled_moves_alone(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1, date="2024-01-31")
    sell(shop, 2, date="2024-03-31")
    shop.force("UPDATE orders SET customer_id = 1")
    warehouse.run()
    shop.execute("UPDATE orders SET status = 'cancelled' WHERE order_id = 1")
    build(warehouse, "fact_sales", "customer_months")
    warehouse.run()
    cohorts = "SELECT to_char(cohort_month, 'YYYY-MM') FROM gold.customer_months"
    assert warehouse.column(cohorts) == ["2024-03"]
    assert_is_as_rebuilt(warehouse)


def test_g3_condition_of_several_parts_is_one(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sold = "sold = 'NOT {row}.is_cancelled OR {row}.quantity > 1000'"
    change(project, PRODUCTS, r"sold = '[^']*'", sold)
    change(project, "checks/metrics_match_sales.sql", "severity: error", "severity: warn")
    warehouse.deploy(project)
    sell(shop, 1)
    shop.force("UPDATE order_items SET quantity = 2000")
    warehouse.run()
    sell(shop, 2)
    warehouse.run()
    assert warehouse.column("SELECT orders FROM gold.product_performance") == [1, 1]
    assert_is_as_rebuilt(warehouse)


def test_g3_null_is_not_counted(shop: Shop, warehouse: Warehouse, project: Path) -> None:
    (project / "migrations/0010_coupons.sql").write_text(
        "ALTER TABLE gold.fact_sales ADD coupon integer;\n"
        "ALTER TABLE gold.fact_sales_changes ADD coupon integer;\n"
        "ALTER TABLE gold.product_performance ADD coupons bigint;\n"
    )
    facts = "gold/write_fact_sales.sql"
    change(project, facts, r"(?<=    'total_amount',\n)\]", "'coupon']")
    change(project, facts, r"(?<= i\.quantity,\n)", "nullif(i.quantity, 2) AS coupon,\n")
    change(project, facts, "'quantity', 'unit_price',", "'quantity', 'unit_price', 'coupon',")
    change(project, PRODUCTS, r"(?<='total_amount',\n)", "'coupon',\n")
    counts = "measures={'coupons': {'count': ['product_id', 'coupon'], 'where': sold},"
    change(project, PRODUCTS, r"measures=\{", counts)
    change(project, PRODUCTS, r"(?<= customers,\n)", "coupons,\n")
    change(project, PRODUCTS, r"columns=\[\n", "columns=['coupons',\n")
    warehouse.deploy(project)
    sell(shop, 1)
    shop.force("UPDATE order_items SET quantity = 3")
    warehouse.run()
    shop.force("INSERT INTO order_items VALUES (2, 1, 1, 2, 5, now(), now())")  # without one
    warehouse.run()
    assert warehouse.column("SELECT coupons FROM gold.product_performance") == [1]
    assert_is_as_rebuilt(warehouse)
