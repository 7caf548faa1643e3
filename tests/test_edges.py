"""What a review found broken, a case each."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.harness import Shop, Warehouse, failing, wait_until
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
    change(project, "silver/order_versions.sql", "'unknown status'", "'no such status'")
    warehouse.deploy(project)
    warehouse.run()
    assert warehouse.column("SELECT reasons FROM silver.rejected_rows") == [["no such status"]]


def test_g7_run_goes_on_while_a_deploy_waits_for_it(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1)
    begin_run(warehouse)
    change(project, "silver/customer_versions.sql", "initcap", "upper")
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
    with failing("DW004", "The session that held it is gone"):
        warehouse.call("etl.build_silver(1)")
    warehouse.run()
    runs = "SELECT status FROM etl.runs ORDER BY run_id"
    assert warehouse.column(runs) == ["abandoned", "succeeded"]


def test_reconciliation_of_an_unknown_table_begins_no_run(warehouse: Warehouse) -> None:
    with failing("DW003", "no table 'nothing' is reconciled"):
        warehouse.call("etl.reconcile('nothing')")
    assert warehouse.column("SELECT run_id FROM etl.runs") == []


def test_rare_reconciliation_is_no_lack_of_freshness(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.run()
    warehouse.execute(
        "UPDATE etl.models SET interval_between = '30 days' WHERE interval_between IS NOT NULL",
        """
        UPDATE etl.watermarks SET advanced_at = now() - interval '3 days', fence = advanced_at
        WHERE model LIKE '%reconciliation'
        """,
    )
    assert warehouse.column("SELECT etl.check_freshness(0)") == []
