"""Regressions that reviews found, one case each."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from fdwarehouse.database.deployment import deploy
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.render import render_project
from tests.harness import ROOT, Shop, Warehouse, failing, wait_until
from tests.test_models import change, sell
from tests.test_runs import begin_run


@pytest.mark.parametrize("order_date", ["250000-01-01", "0044-03-15 BC"])
def test_order_outside_the_calendar_is_set_aside_and_does_not_stop_the_run(
    shop: Shop, warehouse: Warehouse, order_date: str
) -> None:
    sell(shop, 1)
    shop.execute(f"UPDATE orders SET order_date = '{order_date}'")
    warehouse.run()
    reasons = "SELECT reasons FROM silver.rejected_rows"
    assert warehouse.column(reasons) == [["order_date is not in the years 1 to 9999"]]
    shop.execute("UPDATE orders SET order_date = '2024-02-29'")
    warehouse.run()
    assert warehouse.column(reasons) == []
    assert warehouse.column("SELECT date_key FROM gold.fact_sales") == [20240229]


def test_g3_rows_set_aside_tell_the_rules_of_today(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1)
    shop.execute("UPDATE orders SET status = 'lost'")
    warehouse.run()
    change(project, "silver/clean_orders.sql", "unknown status:", "no such status:")
    warehouse.deploy(project)
    warehouse.run()
    assert warehouse.column("SELECT reasons FROM silver.rejected_rows") == [["no such status"]]


def test_g7_run_goes_on_while_a_deploy_waits_for_it(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1)
    begin_run(warehouse)
    change(project, "silver/clean_customers.sql", "initcap", "upper")
    is_waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    with ThreadPoolExecutor(1) as pool:
        deployed = pool.submit(warehouse.deploy, project, wait="60 seconds")
        wait_until(lambda: warehouse.value(is_waiting, role="admin"))
        for step in ("extract_and_load_bronze", "build_silver", "build_gold", "finish_run"):
            warehouse.call(f"etl.{step}()")
        deployed.result()
    assert warehouse.column("SELECT full_name FROM silver.clean_customers") == ["Ana"]
    warehouse.run()
    assert warehouse.column("SELECT full_name FROM silver.clean_customers") == ["ANA"]


def test_run_whose_session_is_gone_is_not_taken_for_another(warehouse: Warehouse) -> None:
    warehouse.execute("INSERT INTO etl.runs (begun_by) VALUES ('etl.run_pipeline')", role="admin")
    with failing("DW004", "The session that owned it has ended"):
        warehouse.call("etl.build_silver(1)")
    warehouse.run()
    runs = "SELECT status FROM etl.runs ORDER BY run_id"
    assert warehouse.column(runs) == ["abandoned", "succeeded"]


def test_reconciliation_of_an_unknown_table_begins_no_run(warehouse: Warehouse) -> None:
    with failing("DW003", "no table 'nothing' is in bronze"):
        warehouse.call("etl.reconcile('nothing')")
    assert warehouse.column("SELECT run_id FROM etl.runs") == []


def test_rare_reconciliation_is_no_lack_of_freshness(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.run()
    warehouse.execute(
        "UPDATE etl.pipeline_steps SET interval_between = '30 days'"
        " WHERE interval_between IS NOT NULL",
        """
        UPDATE etl.watermarks SET advanced_at = now() - interval '3 days', fence = advanced_at
        WHERE model LIKE '%reconciliation'
        """,
    )
    assert warehouse.column("SELECT etl.check_freshness(0)") == []


def hold_step(warehouse: Warehouse, model: str) -> psycopg.Connection:
    """Keep a step from running until the transaction is rolled back."""
    holder = warehouse.connect("owner")
    holder.execute("SELECT FROM etl.pipeline_steps WHERE model = %s FOR UPDATE", [model])
    return holder


def test_run_is_not_ended_while_another_session_works_on_it(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    run_id = begin_run(warehouse)
    warehouse.call("etl.extract_and_load_bronze()")
    holder = hold_step(warehouse, "silver.clean_orders")
    silver = warehouse.begin(f"etl.build_silver({run_id})")
    silver.wait_until_blocked()
    with failing("DW001", f"process {silver.pid} still works on run {run_id}"):
        warehouse.call("etl.finish_run()")
    holder.rollback()
    silver.result()
    warehouse.call("etl.build_gold()")
    warehouse.call("etl.finish_run()")
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]


def test_step_of_a_run_that_was_ended_writes_nothing(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    run_id = begin_run(warehouse)
    warehouse.call("etl.extract_and_load_bronze()")
    warehouse.execute(f"SELECT etl.plan_steps({run_id}, '{{silver.clean_orders}}', false)")
    warehouse.call("etl.abandon_run(NULL)")
    with failing("DW004", f"run {run_id} is no longer open"):
        warehouse.execute(f"SELECT etl.build_model({run_id}, 'silver.clean_orders')")
    assert warehouse.column("SELECT order_id FROM silver.clean_orders") == []


def test_run_reads_production_once(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.run()
    run_id = begin_run(warehouse)
    warehouse.call("etl.extract_and_load_bronze()")
    with failing("DW001", f"run {run_id} is in progress"):
        warehouse.call("etl.reconcile()")
    with failing("DW005", "bronze.raw_customers has already been built in this run"):
        warehouse.call(f"etl.reconcile(p_run_id => {run_id})")
    with failing("DW007"):
        warehouse.call("etl.finish_run()")
    warehouse.reconcile()


def test_reconciliation_runs_the_checks_that_look_at_everything(
    shop: Shop, warehouse: Warehouse
) -> None:
    query = """
        SELECT count(*) FROM etl.check_results INNER JOIN etl.checks USING (check_name)
        WHERE run_id = %s AND scope = 'full' AND passed
    """
    assert warehouse.value(query, [warehouse.run()]) == 0
    sell(shop, 1)
    warehouse.run()
    assert warehouse.value(query, [warehouse.reconcile()]) == 5


def test_unknown_model_begins_no_run(warehouse: Warehouse) -> None:
    with failing("DW003", "unknown model 'gold.nothing'"):
        warehouse.call("etl.run_models('{gold.nothing}', NULL, 'somebody')")
    assert warehouse.column("SELECT run_id FROM etl.runs") == []


def test_isolation_level_of_the_session_does_not_matter(shop: Shop, warehouse: Warehouse) -> None:
    loader = warehouse.connect("loader", autocommit=True)
    loader.execute("SET default_transaction_isolation = 'serializable'")
    for number in (1, 2):
        sell(shop, number)
        loader.execute("CALL etl.run_pipeline()")
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [20]


def test_g4_first_load_that_failed_before_a_deploy_is_tried_again(
    seeded_shop: Shop, seeded_warehouse: Warehouse, project: Path
) -> None:
    shop, warehouse = seeded_shop, seeded_warehouse
    indexes = "SELECT schemaname, indexname FROM pg_indexes WHERE schemaname <> 'etl' ORDER BY 1, 2"
    wanted = warehouse.rows(indexes)
    shop.execute("REVOKE SELECT ON order_items FROM warehouse_reader")
    with failing("42501", "permission denied for table order_items"):
        warehouse.run()
    assert warehouse.rows(indexes) != wanted
    shop.execute("GRANT SELECT ON order_items TO warehouse_reader")
    change(project, "silver/clean_customers.sql", "initcap", "upper")
    warehouse.deploy(project)
    warehouse.run()
    assert warehouse.rows(indexes) == wanted
    assert warehouse.column("SELECT table_name FROM etl.deferred_indexes") == []


def test_g1_row_without_a_key_is_set_aside_until_it_is_gone(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.lift_rules("customers")
    sell(shop, 1)
    for name in ("No", "Nobody"):
        shop.execute(f"INSERT INTO customers VALUES (NULL, 'n@example.com', '{name}')")
    rejects = """
        SELECT key ->> 'customer_id', rejected_row ->> 'full_name', reasons, model
        FROM silver.rejected_rows ORDER BY 2
    """
    aside = [
        (None, name, ["customer_id is null"], "bronze.raw_customers") for name in ("No", "Nobody")
    ]
    assert warehouse.step_counts(warehouse.run())["bronze.raw_customers"] == (3, 1, 0, 0, 2)
    for call in ("etl.run_pipeline()", "etl.reconcile()", "etl.run_pipeline(true)"):
        warehouse.call(call)
        assert warehouse.rows(rejects) == aside
        counts = warehouse.step_counts(warehouse.last_run())
        del counts["production.fence"]
        assert {count for rows in counts.values() for count in rows[1:]} == {0}
    shop.execute("DELETE FROM customers WHERE full_name = 'No'")
    warehouse.reconcile()
    assert warehouse.rows(rejects) == aside[1:]
    shop.execute("UPDATE customers SET customer_id = 2 WHERE full_name = 'Nobody'")
    warehouse.call("etl.run_pipeline(true)")
    assert warehouse.rows(rejects) == []
    assert warehouse.column("SELECT customer_id FROM bronze.raw_customers ORDER BY 1") == [1, 2]


def test_option_taken_out_of_the_connection_is_taken_off_the_server(
    shop: Shop, warehouse: Warehouse
) -> None:
    options = "SELECT unnest(srvoptions) FROM pg_foreign_server ORDER BY 1"
    before = warehouse.column(options)
    warehouse.execute("ALTER SERVER production OPTIONS (ADD use_remote_estimate 'true')")
    url = shop.urls["reader"]
    for conninfo, added in (
        (make_conninfo(url, target_session_attrs="any"), ["target_session_attrs=any"]),
        (url, []),
    ):
        changes = deploy(render_project(ROOT), warehouse.urls["owner"], {"production": conninfo})
        assert changes.connections == ["production"]
        by_hand = ["use_remote_estimate=true"]
        assert warehouse.column(options) == sorted([*before, *added, *by_hand])
    again = deploy(render_project(ROOT), warehouse.urls["owner"], {"production": url})
    assert again.is_empty


def test_g7_deploy_does_not_make_readers_wait(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    reader = warehouse.connect("analyst")
    reader.execute("SELECT FROM gold.customer_recency")
    change(project, "silver/clean_customers.sql", "initcap", "upper")
    with pytest.raises(FdwarehouseError, match=r"gold\.customer_recency is being read") as caught:
        warehouse.deploy(project, wait="2 seconds")
    assert "Nothing was deployed" in str(caught.value.hint)
    with ThreadPoolExecutor(1) as pool:
        deployed = pool.submit(warehouse.deploy, project, wait="60 seconds")
        for _ in range(20):
            impatient = warehouse.connect("analyst", autocommit=True)
            impatient.execute("SET statement_timeout = '2s'")
            impatient.execute("SELECT FROM gold.customer_recency")
            time.sleep(0.1)
        assert not deployed.done()
        reader.rollback()
        deployed.result()
