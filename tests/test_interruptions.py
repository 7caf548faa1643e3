"""G4: timeouts, lost connections, and the effect of a run on production."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from tests.harness import Shop, Warehouse, failing, wait_until
from tests.test_models import sell
from tests.test_runs import RUNS

OF_THE_READER = """
    SELECT pid, state, xact_start, backend_xmin::text FROM pg_stat_activity
    WHERE usename = 'warehouse_reader' AND datname = current_database()
"""


def with_timeouts(warehouse: Warehouse, project: Path, **timeouts: str) -> None:
    path = project / "warehouse.yaml"
    config: dict[str, Any] = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(config | {"timeouts": timeouts}))
    warehouse.deploy(project)


def test_production_has_no_transaction_of_ours_once_it_is_extracted(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_customers IN SHARE MODE")
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        ((_, state, xact_start, xmin),) = shop.rows(OF_THE_READER)
        assert (state, xact_start, xmin) == ("idle", None, None)
    run.result()


def test_production_holds_one_snapshot_while_it_is_extracted(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.run()
    sell(shop, 1)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_order_items IN SHARE MODE")
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        holding = [state for _, state, _, xmin in shop.rows(OF_THE_READER) if xmin]
        assert holding == ["idle in transaction"], "else the test above is blind"
    run.result()


def test_g4_cancelled_extraction_ends_on_both_servers(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    shop.execute("ALTER TABLE orders RENAME TO slow_orders")
    shop.execute(
        """
        CREATE VIEW orders AS SELECT o.* FROM slow_orders AS o
        WHERE (SELECT count(*) FROM pg_sleep(1000)) > 0
        """,
        "GRANT SELECT ON orders TO warehouse_reader",
    )
    warehouse.execute("DELETE FROM etl.source_columns WHERE table_name = 'orders'")
    run = warehouse.begin("etl.run_pipeline()")
    active = f"SELECT pid FROM ({OF_THE_READER}) AS s WHERE state = 'active'"
    wait_until(lambda: shop.column(active))
    warehouse.rows("SELECT pg_cancel_backend(%s)", [run.pid], role="admin")
    with pytest.raises(psycopg.errors.QueryCanceled):
        run.result()
    wait_until(lambda: not shop.column(active), seconds=5)
    assert [xmin for *_, xmin in shop.rows(OF_THE_READER)] in ([], [None])
    assert warehouse.rows(RUNS) == [(1, "failed")]


def test_step_waits_for_a_lock_as_long_as_configured(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    with_timeouts(warehouse, project, lock="1 second")
    sell(shop, 1)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_orders IN SHARE MODE")
        with failing("55P03", f"Process {holder.info.backend_pid} of role postgres (test) holds"):
            warehouse.run()
    warehouse.run()
    assert warehouse.rows(RUNS) == [(1, "failed"), (2, "succeeded")]


def test_step_takes_as_long_as_configured(shop: Shop, warehouse: Warehouse, project: Path) -> None:
    with_timeouts(warehouse, project, lock="1 minute", step="2 seconds")
    sell(shop, 1)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_orders IN SHARE MODE")
        run = warehouse.begin("etl.run_pipeline()")
        with pytest.raises(psycopg.Error, match="transaction timeout"):
            run.result()
    warehouse.run()
    assert warehouse.rows(RUNS) == [(1, "abandoned"), (2, "succeeded")]


def test_g4_connection_that_is_lost_once_is_made_again(shop: Shop, warehouse: Warehouse) -> None:
    warehouse.run()
    sell(shop, 1)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_order_items IN SHARE MODE")
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        for pid, *_ in shop.rows(OF_THE_READER):
            shop.rows("SELECT pg_terminate_backend(%s)", [pid])
    run.result()
    assert warehouse.rows(RUNS) == [(1, "succeeded"), (2, "succeeded")]
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]


def test_key_that_is_none_is_named(shop: Shop, warehouse: Warehouse) -> None:
    warehouse.lift_rules("customers")
    for name in ("Ana", "Bo"):
        shop.execute(f"INSERT INTO customers VALUES (1, 'a@example.com', '{name}')")
    with failing("DW014", "bronze.raw_customers: the source has duplicate keys") as caught:
        warehouse.run()
    assert "Key (customer_id, _run_id)=(1, 1) is duplicated" in str(
        caught.value.diag.message_detail
    )
    assert "warehouse.yaml" in str(caught.value.diag.message_hint)
    assert warehouse.column("SELECT 1 FROM bronze.raw_customers") == []
