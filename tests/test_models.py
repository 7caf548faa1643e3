"""Each table built alone, in any order, and after a change of its SQL, equals all built at once."""

import re
from pathlib import Path

import pytest

from tests.harness import Shop, Warehouse, failing
from tests.test_rebuild import picture

SILVER = ("clean_customers", "clean_products", "clean_orders", "clean_order_items")
GOLD = (
    *("dim_customers", "dim_products", "order_years", "dim_date", "fact_sales", "daily_sales"),
    *("customer_lifetime_value", "product_performance", "monthly_customer_sales"),
    *("customer_months", "cohort_months", "cohort_retention"),
)


def sell(shop: Shop, number: int, *, price: int = 5, date: str = "2024-01-31") -> None:
    """Sell a new product to a new customer."""
    stamps = f"'{date}', now()"
    shop.force(
        f"INSERT INTO customers VALUES ({number}, 'c{number}@example.com', 'Ana', {stamps})",
        f"INSERT INTO products VALUES ({number}, 'Kite', 'toys', {price}, {stamps})",
        f"INSERT INTO orders VALUES ({number}, {number}, '{date}', 'delivered', {stamps})",
        f"INSERT INTO order_items VALUES ({number}, {number}, {number}, 2, {price}, {stamps})",
    )


def change(project: Path, file: str, pattern: str, replacement: str) -> None:
    """Change a file of a project."""
    path = project / "sql" / file
    text, count = re.subn(pattern, replacement, path.read_text())
    assert count == 1
    path.write_text(text)


def assert_is_as_rebuilt(warehouse: Warehouse) -> None:
    built = picture(warehouse)
    warehouse.call("etl.rebuild()")
    assert picture(warehouse) == built


def test_each_table_is_built_alone(shop: Shop, warehouse: Warehouse) -> None:
    for number in (1, 2):
        sell(shop, number)
        for table in ("customers", "products", "orders", "order_items"):
            warehouse.call(f"bronze.load_raw_{table}()")
        for table in SILVER:
            warehouse.call(f"silver.build_{table}()")
        for table in GOLD:
            warehouse.call(f"gold.build_{table}()")
        assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10 * number]
        assert warehouse.column("SELECT DISTINCT status FROM etl.runs") == ["succeeded"]
        assert_is_as_rebuilt(warehouse)


def test_g3_table_that_comes_after_its_readers_is_refused(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.run()
    sell(shop, 2)
    warehouse.call("etl.start_run(NULL)")
    warehouse.call("etl.extract_and_load_bronze()")
    warehouse.call("etl.build_silver()")
    warehouse.call("gold.build_dim_products()")
    warehouse.call("gold.build_fact_sales()")
    with failing("DW005", "gold.fact_sales has already been built in this run"):
        warehouse.call("gold.build_dim_customers()")
    warehouse.call("gold.build_cohort_retention()")
    with failing("DW005", "gold.cohort_retention has already been built in this run"):
        warehouse.call("gold.build_cohort_months()")
    with failing("DW007", "gold.dim_customers can no longer be built in run"):
        warehouse.call("etl.finish_run()")
    warehouse.run()
    assert_is_as_rebuilt(warehouse)


def test_change_of_the_facts_reaches_the_metrics(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1)
    warehouse.run()
    change(project, "gold/fact_sales.sql", r"i\.quantity \*", "i.quantity * 2 *")
    warehouse.deploy(project)
    warehouse.run()
    assert warehouse.column("SELECT total_amount FROM gold.fact_sales") == [20]
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [20]


def test_change_of_what_makes_a_version_rekeys_the_facts(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1, date="2031-01-01")
    warehouse.run()
    shop.force("UPDATE products SET price = 6, updated_at = '2030-01-01'")
    warehouse.run()
    assert warehouse.value("SELECT count(*) FROM gold.dim_products WHERE product_id = 1") == 2
    change(project, "gold/dim_products.sql", "price, created_at]", "created_at]")
    warehouse.deploy(project)
    warehouse.run()
    assert warehouse.column("SELECT price FROM gold.dim_products WHERE product_id = 1") == [6]


def test_full_build_of_one_table_reaches_what_is_made_of_it(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    warehouse.run()
    good = picture(warehouse)
    warehouse.execute(
        "UPDATE gold.fact_sales SET quantity = 100",
        "UPDATE gold.daily_sales SET revenue = 500",
        "INSERT INTO silver.clean_orders VALUES "
        "(2, 1, '2024-01-31', 'delivered', now(), now(), false, 1)",
        "UPDATE silver.clean_order_items SET order_id = 2",
    )
    warehouse.call("gold.build_fact_sales(p_is_full => true)")
    assert warehouse.column("SELECT order_id FROM gold.fact_sales") == [2]
    warehouse.call("silver.build_clean_order_items(p_is_full => true)")
    warehouse.call("silver.build_clean_orders(p_is_full => true)")
    warehouse.run()
    assert picture(warehouse) == good


def test_dimension_alone_cannot_take_away_what_facts_refer_to(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    warehouse.run()
    warehouse.execute("UPDATE gold.dim_products SET valid_from = '2000-01-01' WHERE product_id = 1")
    damaged = picture(warehouse)
    with failing("23503", "still referenced"):
        warehouse.call("gold.build_dim_products(p_is_full => true)")
    assert picture(warehouse) == damaged
    warehouse.call("etl.build_gold(p_is_full => true)")
    assert picture(warehouse)["gold.dim_products"] != damaged["gold.dim_products"]


def test_version_that_vanishes_lets_go_of_its_facts(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1, date="2031-01-01")
    warehouse.run()
    shop.force("UPDATE products SET price = 6")
    warehouse.reconcile()
    # its transaction began before the silent change was seen, and committed after it
    shop.force("UPDATE products SET price = 5, updated_at = updated_at + interval '1 microsecond'")
    warehouse.reconcile()
    assert warehouse.column("SELECT price FROM gold.dim_products WHERE product_id = 1") == [5]
    assert_is_as_rebuilt(warehouse)


def test_rebuild_of_gold_takes_up_what_silver_has_not(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.run()
    shop.execute("UPDATE products SET price = price + 1")
    warehouse.call("etl.extract_and_load_bronze()")
    warehouse.call("etl.rebuild('gold')")
    prices = "SELECT price FROM gold.dim_products WHERE is_current AND NOT is_inferred"
    assert warehouse.column(prices) == shop.column("SELECT price FROM products")


@pytest.mark.parametrize(
    ("table", "edit"),
    [
        ("product_performance", ("GROUP BY product_id", "GROUP BY product_id, is_cancelled")),
        ("fact_sales", ("WHERE NOT i", "CROSS JOIN (VALUES (1), (2)) AS v (n) WHERE NOT i")),
        ("customer_months", ("FROM gold.m", "FROM (VALUES (1), (2)) AS v (n), gold.m")),
    ],
)
def test_g3_select_that_returns_a_key_twice_is_stopped(
    shop: Shop, warehouse: Warehouse, project: Path, table: str, edit: tuple[str, str]
) -> None:
    for number in (1, 2):
        sell(shop, number)
    shop.force(
        "UPDATE order_items SET product_id = 1",
        "UPDATE orders SET status = 'cancelled' WHERE order_id = 2",
    )
    warehouse.run()
    change(project, f"gold/{table}.sql", *edit)
    warehouse.deploy(project)
    before = warehouse.row_versions("gold")
    with failing("DW014", f"gold.{table} has duplicate keys") as caught:
        warehouse.call("etl.rebuild('gold')")
    assert "has 2 rows" in str(caught.value.diag.message_detail)
    assert warehouse.row_versions("gold") == before


def test_table_made_of_another_of_its_layer_through_a_view_follows_it(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    (project / "migrations/0010_buyers.sql").write_text(
        "CREATE TABLE silver.buyers (customer_id integer PRIMARY KEY, full_name text, "
        "is_deleted boolean NOT NULL, _run_id bigint NOT NULL);\n"
    )
    (project / "sql/silver/buyer_versions.sql").write_text(
        "CREATE VIEW silver.buyer_versions AS SELECT customer_id, full_name, is_deleted, "
        "'{}'::text[] AS reject_reasons, _run_id FROM silver.clean_customers;\n"
    )
    (project / "sql/silver/write_buyers.sql").write_text(
        "-- Grain: one buyer.\n"
        "{{ silver.write_latest('buyers', versions='silver.buyer_versions', key='customer_id', "
        "columns='full_name') }}\n"
    )
    warehouse.deploy(project)
    sell(shop, 1)
    sell(shop, 2)
    warehouse.run()
    buyers = "SELECT customer_id FROM silver.buyers ORDER BY 1"
    assert warehouse.column(buyers) == [1, 2]
    shop.force("DELETE FROM customers WHERE customer_id = 2")
    warehouse.execute("DELETE FROM bronze.raw_customers WHERE customer_id = 2")
    warehouse.call("silver.build_clean_customers(p_is_full => true)")
    warehouse.run()
    assert warehouse.column(buyers) == [1]
    warehouse.call("etl.start_run(NULL)")
    warehouse.call("silver.build_buyers()")
    with failing("DW005", "silver.buyers has already been built in this run"):
        warehouse.call("silver.build_clean_customers()")


def test_table_alone_is_not_judged_by_a_view_of_what_is_not_built_yet(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    (project / "sql/gold/days.sql").write_text(
        "CREATE VIEW gold.days AS SELECT sum(revenue) AS revenue FROM gold.daily_sales;\n"
    )
    (project / "sql/checks/days_match_sales.sql").write_text(
        "-- layer: gold\n-- severity: error\n-- The days add up to the sales.\n"
        "SELECT d.revenue FROM gold.days AS d "
        "WHERE d.revenue <> (SELECT sum(total_amount) FROM gold.fact_sales)\n"
    )
    warehouse.deploy(project)
    for number in (1, 2):
        sell(shop, number)
        warehouse.call("etl.extract_and_load_bronze()")
        warehouse.call("etl.build_silver()")
        for table in GOLD:
            warehouse.call(f"gold.build_{table}()")
    warehouse.execute("UPDATE gold.daily_sales SET revenue = 500")
    with failing("DW002", "days_match_sales"):
        warehouse.call("etl.run_checks()")
