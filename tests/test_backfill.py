"""First loads in ranges of keys: committed one by one, resumable."""

from pathlib import Path

import pytest

from tests.command import Command
from tests.harness import Shop, Warehouse, failing, wait_until
from tests.test_models import assert_is_as_rebuilt, sell

CHUNKS = "SELECT count(*), count(run_id) FROM etl.chunks"
BRONZE = """
    SELECT 'customers', count(*) FROM bronze.raw_customers
    UNION ALL SELECT 'products', count(*) FROM bronze.raw_products
    UNION ALL SELECT 'orders', count(*) FROM bronze.raw_orders
    UNION ALL SELECT 'order_items', count(*) FROM bronze.raw_order_items
"""
PRODUCTION = BRONZE.replace("bronze.raw_", "")


def versions(warehouse: Warehouse) -> dict[str, list[str]]:
    """The rows of bronze, without the time of loading."""
    return {
        table: warehouse.column(
            f"SELECT to_jsonb(t) - '{{_run_id,_extracted_at}}'::text [] FROM {table} AS t"
            " ORDER BY 1"
        )
        for table in warehouse.tables("bronze")
    }


def analyze(shop: Shop) -> None:
    """Collect statistics, which determine the chunks."""
    shop.execute("ANALYZE")


def test_backfill_and_a_run_are_what_a_run_alone_is(
    seeded_shop: Shop, seeded_warehouse: Warehouse
) -> None:
    analyze(seeded_shop)
    seeded_warehouse.call("etl.backfill(100)")
    chunks, loaded = seeded_warehouse.rows(CHUNKS)[0]
    assert chunks == loaded > 10
    assert seeded_warehouse.rows(BRONZE) == seeded_shop.rows(PRODUCTION)
    run_id = seeded_warehouse.run()
    counts = seeded_warehouse.step_counts(run_id)
    assert {counts[f"bronze.raw_{t}"][1] for t in ("customers", "orders", "order_items")} == {0}
    assert {m: c[1:4] for m, c in counts.items() if m.endswith(".reconciliation")} == {
        f"bronze.raw_{table}.reconciliation": (0, 0, 0)
        for table in ("customers", "products", "orders", "order_items")
    }
    hashes = seeded_warehouse.contents("etl")["etl.bucket_hashes"]
    assert not any(row[1] for row in hashes)
    bronze, gold = (
        versions(seeded_warehouse),
        seeded_warehouse.value("SELECT sum(revenue) FROM gold.daily_sales"),
    )
    assert_is_as_rebuilt(seeded_warehouse)
    seeded_warehouse.execute(
        "TRUNCATE bronze.raw_customers, bronze.raw_products, bronze.raw_orders,"
        " bronze.raw_order_items, etl.runs, etl.bucket_hashes CASCADE"
    )
    seeded_warehouse.run()
    assert versions(seeded_warehouse) == bronze
    assert seeded_warehouse.value("SELECT sum(revenue) FROM gold.daily_sales") == gold
    assert sorted(h for h in seeded_warehouse.contents("etl")["etl.bucket_hashes"] if h[3]) == (
        sorted(h for h in hashes if h[3])
    )


def test_rows_of_a_chunk_are_read_by_the_index(
    seeded_shop: Shop, seeded_warehouse: Warehouse
) -> None:
    analyze(seeded_shop)
    rows = seeded_shop.value("SELECT count(*) FROM order_items")
    read = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'order_items'"
    seeded_shop.execute("SELECT pg_stat_force_next_flush()")
    before = seeded_shop.value(read)
    seeded_warehouse.call("etl.backfill(100)")
    after = seeded_shop.value(read)
    assert (
        seeded_warehouse.value(
            "SELECT count(*) FROM etl.chunks WHERE model = 'bronze.raw_order_items'"
        )
        > 5
    )
    assert after - before <= rows


def test_table_without_statistics_is_one_chunk(shop: Shop, warehouse: Warehouse) -> None:
    for number in (1, 2, 3):
        sell(shop, number)
    notices: list[str] = []
    loader = warehouse.connect("loader", autocommit=True)
    loader.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
    loader.execute("CALL etl.backfill(1)")
    assert len(notices) == 1  # the summary
    assert warehouse.rows(
        "SELECT model, chunk, from_key, before_key FROM etl.chunks ORDER BY 1"
    ) == [
        (f"bronze.raw_{t}", 1, None, None)
        for t in ("customers", "order_items", "orders", "products")
    ]
    assert warehouse.rows(BRONZE) == shop.rows(PRODUCTION)


def test_g4_chunks_that_were_loaded_stay_when_one_fails(shop: Shop, warehouse: Warehouse) -> None:
    for number in range(1, 11):
        sell(shop, number)
    analyze(shop)
    warehouse.execute("ALTER TABLE bronze.raw_orders ADD CONSTRAINT no_seven CHECK (order_id <> 7)")
    with failing("23514", "bronze.raw_orders: new row") as caught:
        warehouse.call("etl.backfill(2)")
    assert "In run 1." in str(caught.value.diag.message_detail)
    assert warehouse.rows("SELECT status, begun_by FROM etl.runs") == [("failed", "etl.backfill")]
    loaded = warehouse.value("SELECT count(*) FROM bronze.raw_orders")
    assert 0 < loaded < 7
    complete = warehouse.column("SELECT model FROM etl.watermarks WHERE model ~ 'bronze.*s$'")
    others = {"bronze.raw_customers", "bronze.raw_products", "bronze.raw_order_items"}
    assert set(complete) == others  # a bad table fails alone
    sell(shop, 11)
    shop.execute("UPDATE orders SET status = 'cancelled' WHERE order_id = 1")
    warehouse.execute("ALTER TABLE bronze.raw_orders DROP CONSTRAINT no_seven")
    warehouse.call("etl.backfill(2)")
    assert warehouse.value("SELECT count(*) FROM bronze.raw_orders WHERE _run_id = 1") == loaded
    assert warehouse.rows("SELECT run_id, status FROM etl.runs ORDER BY 1") == [
        (1, "failed"),
        (2, "succeeded"),
    ]
    assert warehouse.column(
        "SELECT DISTINCT run_id FROM etl.watermarks WHERE model ~ 'bronze'"
    ) == [
        1  # its fence was before all chunks
    ]
    warehouse.run()
    assert warehouse.value("SELECT status FROM silver.clean_orders WHERE order_id = 1") == (
        "cancelled"
    )
    assert warehouse.value("SELECT count(*) FROM gold.fact_sales") == 11
    assert_is_as_rebuilt(warehouse)


def test_g1_what_changes_during_a_backfill_is_taken_up_by_the_next_run(
    shop: Shop, warehouse: Warehouse
) -> None:
    for number in range(1, 9):
        sell(shop, number)
    analyze(shop)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_orders IN SHARE MODE")
        backfill = warehouse.begin("etl.backfill(2)")
        backfill.wait_until_blocked()
        shop.execute("UPDATE customers SET full_name = 'Bo' WHERE customer_id = 2")
        shop.force("DELETE FROM customers WHERE customer_id = 3")
        shop.force("DELETE FROM orders WHERE order_id = 3")
        shop.force("DELETE FROM order_items WHERE order_item_id = 3")
        sell(shop, 9)
    backfill.result()
    warehouse.run()
    assert warehouse.rows(
        "SELECT customer_id, full_name FROM silver.clean_customers"
        " WHERE customer_id IN (2, 3, 9) AND NOT is_deleted ORDER BY 1"
    ) == [(2, "Bo"), (9, "Ana")]
    assert warehouse.value("SELECT sum(orders) FROM gold.daily_sales") == 8
    assert_is_as_rebuilt(warehouse)


def test_run_before_a_backfill_is_finished_reads_the_rest_itself(
    shop: Shop, warehouse: Warehouse
) -> None:
    for number in range(1, 9):
        sell(shop, number)
    analyze(shop)
    warehouse.execute("ALTER TABLE bronze.raw_orders ADD CONSTRAINT no_seven CHECK (order_id <> 7)")
    with failing("23514"):
        warehouse.call("etl.backfill(2)")
    warehouse.execute("ALTER TABLE bronze.raw_orders DROP CONSTRAINT no_seven")
    warehouse.run()
    assert warehouse.rows(BRONZE) == shop.rows(PRODUCTION)
    assert warehouse.rows("SELECT * FROM etl.chunks WHERE model = 'bronze.raw_orders'") == []
    assert (
        sum(warehouse.step_counts(warehouse.reconcile())["bronze.raw_orders.reconciliation"]) == 0
    )
    warehouse.call("etl.backfill()")  # there is nothing to load
    assert warehouse.rows("SELECT * FROM etl.chunks WHERE model = 'bronze.raw_orders'") == []
    assert (
        warehouse.value("SELECT status FROM etl.runs ORDER BY run_id DESC LIMIT 1") == "succeeded"
    )


@pytest.mark.parametrize("rows", ["0", "-1", "NULL"])
def test_chunk_of_no_rows_is_refused(warehouse: Warehouse, rows: str) -> None:
    with failing("DW003", "Specify the number of rows, 1 or more"):
        warehouse.call(f"etl.backfill({rows})")
    assert warehouse.column("SELECT status FROM etl.runs") == []


def test_g4_backfill_tells_that_production_is_away_and_ends_its_run(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.execute("ALTER SERVER production OPTIONS (SET port '1')")
    with failing("08001", "Is the server running?"):
        warehouse.call("etl.backfill()")
    assert warehouse.column("SELECT status FROM etl.runs") == ["failed"]


def test_deploy_that_changes_how_a_table_is_read_forgets_its_chunks(
    shop: Shop, warehouse: Warehouse, command: Command, project: Path
) -> None:
    for number in range(1, 9):
        sell(shop, number)
    analyze(shop)
    warehouse.call("etl.backfill(2)")
    shop.execute("ALTER TABLE customers ADD phone text DEFAULT '1'")
    command.project(project)
    command.use(warehouse.environment)
    command.works("contract")
    command.works("deploy")
    assert warehouse.column("SELECT DISTINCT model FROM etl.chunks ORDER BY 1") == [
        f"bronze.raw_{table}" for table in ("order_items", "orders", "products")
    ]
    shop.force("DELETE FROM customers WHERE customer_id = 8")
    warehouse.call("etl.backfill(2)")
    assert warehouse.rows(
        "SELECT phone, count(*) FROM bronze.raw_customers GROUP BY 1 ORDER BY 1"
    ) == [
        ("1", 7),
        (None, 9),  # and a tombstone
    ]
    warehouse.run()
    assert (
        sum(warehouse.step_counts(warehouse.reconcile())["bronze.raw_customers.reconciliation"])
        == 0
    )


def test_progress_tells_how_long_the_rest_takes(shop: Shop, warehouse: Warehouse) -> None:
    for number in range(1, 9):
        sell(shop, number)
    analyze(shop)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_orders IN SHARE MODE")
        backfill = warehouse.begin("etl.backfill(2)")
        loaded = "SELECT sum(chunks_loaded) FROM etl.backfill_progress"
        wait_until(lambda: warehouse.value(loaded) == 8)
        progress = {
            row[0]: row[1:] for row in warehouse.rows("SELECT * FROM etl.backfill_progress")
        }
        assert progress["bronze.raw_customers"][:4] == (4, 4, 8, 8)
        assert progress["bronze.raw_customers"][4].total_seconds() == 0
        assert progress["bronze.raw_orders"][:4] == (4, 0, 8, 0)
        elapsed = warehouse.value("SELECT clock_timestamp() - started_at FROM etl.runs")
        left = progress["bronze.raw_orders"][4]
        assert left <= elapsed  # 16 rows are loaded, 8 are missing
    backfill.result()
