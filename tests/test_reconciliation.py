"""G1: changes without a time stamp are found by comparing hashes, and repaired up to gold."""

import re

import pytest

from tests.harness import Shop, Warehouse, failing

SALES = "SELECT order_item_id, order_id, customer_id FROM gold.fact_sales ORDER BY 1"


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


def rows_by_step(warehouse: Warehouse) -> dict[str, tuple[int, int]]:
    """Return (new versions, tombstones) of the reconciliations of the last run."""
    return {
        model: (counts[1], counts[3])
        for model, counts in warehouse.step_counts(warehouse.last_run()).items()
        if model.endswith("reconciliation")
    }


def is_hashed_remotely(warehouse: Warehouse, table: str) -> bool:
    """Read from the plan whether the source sends a hash for each bucket, not its rows."""
    body = warehouse.value(f"SELECT pg_get_functiondef('bronze.reconcile_raw_{table}'::regproc)")
    query = re.search(r"(WITH source_hashes AS .*?)\n\),\n\nbronze_hashes", body, re.DOTALL)
    assert query
    explain = f"EXPLAIN (VERBOSE) {query.group(1)}) SELECT * FROM source_hashes"
    plan = "\n".join(warehouse.column(explain))
    return bool(re.search(r"Remote SQL: .*bit_xor\(.*GROUP BY 1$", plan, re.MULTILINE))


def test_g1_deletions_reach_silver_facts_and_dimensions(built: Warehouse) -> None:
    shop = built.shop
    customer = shop.value("SELECT max(customer_id) FROM orders")
    shop.execute(
        f"DELETE FROM orders WHERE customer_id = {customer}",
        f"DELETE FROM customers WHERE customer_id = {customer}",
    )
    built.call("etl.reconcile()")

    assert built.column("SELECT customer_id FROM silver.clean_customers WHERE is_deleted") == [
        customer
    ]
    assert built.rows(SALES) == shop.rows(
        """
        SELECT i.order_item_id, o.order_id, o.customer_id
        FROM order_items AS i INNER JOIN orders AS o ON i.order_id = o.order_id ORDER BY 1
        """
    )
    assert built.rows(
        "SELECT is_current, valid_to < 'infinity' FROM gold.dim_customers WHERE customer_id = %s",
        [customer],
    ) == [(False, True)]


def test_g1_key_that_comes_back_opens_again(built: Warehouse) -> None:
    shop = built.shop
    (row,) = shop.rows("SELECT * FROM products ORDER BY product_id DESC LIMIT 1")
    shop.force(f"DELETE FROM products WHERE product_id = {row[0]}")
    built.call("etl.reconcile()")
    shop.rows("INSERT INTO products VALUES (%s, %s, %s, %s, %s, %s)", row)
    built.call("etl.reconcile()")

    assert built.rows(
        "SELECT is_deleted FROM silver.clean_products WHERE product_id = %s", [row[0]]
    ) == [(False,)]
    versions = built.rows(
        """
        SELECT valid_from = '-infinity', is_current FROM gold.dim_products
        WHERE product_id = %s ORDER BY valid_from
        """,
        [row[0]],
    )
    assert versions == [(True, False), (False, True)]


def test_g1_update_that_left_the_time_stamp_alone_is_found(built: Warehouse) -> None:
    built.shop.force("UPDATE customers SET full_name = 'Silent Bob' WHERE customer_id = 7")
    built.run()
    assert built.value("SELECT full_name FROM silver.clean_customers WHERE customer_id = 7") != (
        "Silent Bob"
    )
    built.call("etl.reconcile('customers')")
    assert rows_by_step(built) == {"bronze.raw_customers.reconciliation": (1, 0)}
    assert built.rows(
        """
        SELECT full_name, is_current FROM gold.dim_customers
        WHERE customer_id = 7 ORDER BY valid_from
        """
    )[1] == ("Silent Bob", True)


def test_update_that_left_the_time_stamp_alone_is_warned_of_until_none_is_found(
    built: Warehouse,
) -> None:
    warned = """
        SELECT sample_rows -> 0 ->> 'table_name', sample_rows -> 0 ->> 'unnoticed_rows'
        FROM etl.check_results
        WHERE check_name = 'watermarks_show_every_change' AND NOT passed AND run_id = %s
    """
    built.shop.execute(
        "DELETE FROM order_items WHERE order_item_id = 1",
        "UPDATE customers SET full_name = 'New Name' WHERE customer_id = 1",
        "INSERT INTO customers (email, full_name) VALUES ('new@example.com', 'New')",
    )
    assert built.rows(warned, [built.reconcile()]) == [], "each of these moves the watermark"
    built.shop.force("UPDATE products SET price = 777 WHERE product_id < 3")
    assert built.rows(warned, [built.run()]) == []
    assert built.rows(warned, [built.reconcile()]) == [("bronze.raw_products", "2")]
    assert built.rows(warned, [built.run()]) == [("bronze.raw_products", "2")]
    assert built.rows(warned, [built.reconcile()]) == []


def test_g1_rows_that_exchange_a_value_do_not_cancel_out(built: Warehouse) -> None:
    built.shop.force(
        """
        UPDATE customers AS a SET full_name = b.full_name, created_at = b.created_at
        FROM customers AS b
        WHERE a.customer_id IN (3, 4) AND b.customer_id = 7 - a.customer_id
        """
    )
    built.call("etl.reconcile()")
    assert rows_by_step(built)["bronze.raw_customers.reconciliation"] == (2, 0)


def test_g1_reconciliation_of_what_is_equal_reads_and_writes_no_row(built: Warehouse) -> None:
    before = built.row_versions()
    built.call("etl.reconcile()")
    assert built.row_versions() == before
    assert {
        counts[0]
        for m, counts in built.step_counts(built.last_run()).items()
        if m.endswith("reconciliation")
    } == {0}


@pytest.mark.parametrize("table", ["customers", "products", "orders", "order_items"])
def test_g1_production_hashes_and_sends_one_row_a_bucket(built: Warehouse, table: str) -> None:
    assert is_hashed_remotely(built, table)


def test_g1_hashes_stay_in_step_with_every_way_of_writing(built: Warehouse) -> None:
    shop = built.shop
    shop.execute(
        "UPDATE orders SET status = 'cancelled' WHERE order_id % 7 = 0",
        "INSERT INTO customers (email, full_name) VALUES ('new@example.org', 'New')",
        "DELETE FROM order_items WHERE order_item_id % 50 = 0",
    )
    built.run()
    built.call("etl.reconcile()")
    kept = built.contents("etl")["etl.bucket_hashes"]
    built.call("etl.run_pipeline(true)")
    assert [row for row in built.contents("etl")["etl.bucket_hashes"] if row[2]] == [
        row for row in kept if row[2]
    ]


def test_pipeline_reconciles_by_itself_when_it_is_due(built: Warehouse, shop: Shop) -> None:
    built.run()
    assert rows_by_step(built) == {}, "a first load has read everything"
    built.execute(
        """
        UPDATE etl.watermarks SET advanced_at = now() - interval '25 hours'
        WHERE model = 'bronze.raw_orders.reconciliation'
        """
    )
    built.shop.execute("DELETE FROM orders WHERE order_id = 5")
    built.run()
    assert rows_by_step(built) == {"bronze.raw_orders.reconciliation": (0, 1)}
    built.run()
    assert rows_by_step(built) == {}


def test_reconciliation_of_an_unknown_table_is_refused(built: Warehouse) -> None:
    with failing("DW003", "etl.pipeline_steps"):
        built.call("etl.reconcile('nonsense')")
