"""Runs: one at a time, in one session or several, logged as they proceed."""

from typing import Any

import psycopg
import pytest

from tests.harness import Row, Shop, Warehouse, failing
from tests.test_models import assert_is_as_rebuilt, sell

RUNS = "SELECT run_id, status FROM etl.runs ORDER BY run_id"


def begin_run(warehouse: Warehouse, arguments: str = "NULL") -> int:
    """Begin a run that spans sessions, in a session that ends at once."""
    with warehouse.connect("loader", autocommit=True) as loader:
        ((run_id,),) = loader.execute(f"CALL etl.start_run({arguments})".encode()).fetchall()
        return int(run_id)


def steps(warehouse: Warehouse, columns: str, layer: str) -> list[Row]:
    query = f"SELECT {columns} FROM etl.steps WHERE run_id = %s AND layer = %s ORDER BY position"
    return warehouse.rows(query, [warehouse.last_run(), layer])


def test_run_is_logged(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    run_id = warehouse.run()
    assert warehouse.rows(
        """
        SELECT run_id, begun_by, begun_by_role, status, error, lease, started_at < finished_at
        FROM etl.runs
        """
    ) == [(run_id, "etl.run_pipeline", "warehouse_loader", "succeeded", None, None, True)]
    assert warehouse.rows(
        """
        SELECT layer, array_agg(model ORDER BY position) FROM etl.steps
        WHERE status = 'succeeded' AND error IS NULL AND duration > '0' AND since_run_id = 0
        GROUP BY layer ORDER BY min(position)
        """
    ) == warehouse.rows(
        """
        SELECT layer, array_agg(model ORDER BY position) FROM etl.pipeline_steps
        WHERE interval_between IS NULL GROUP BY layer ORDER BY min(position)
        """
    )
    assert warehouse.step_counts(run_id)["silver.clean_orders"] == (1, 1, 0, 0, 0)
    models = "SELECT model FROM etl.pipeline_steps WHERE layer <> 'source'"
    behind = f"{models} EXCEPT SELECT model FROM etl.watermarks WHERE run_id = {run_id}"
    assert warehouse.column(behind) == []


@pytest.mark.parametrize(
    "procedure",
    [
        "etl.run_pipeline()",
        "etl.start_run(NULL)",
        "etl.build_gold()",
        "etl.run_checks()",
        "etl.rebuild('gold')",
        "bronze.load_raw_orders()",
        "silver.build_clean_orders(1)",
    ],
)
def test_second_run_ends_at_once_and_names_the_first(warehouse: Warehouse, procedure: str) -> None:
    warehouse.run()
    warehouse.execute("TRUNCATE etl.runs RESTART IDENTITY CASCADE")
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_orders IN ACCESS EXCLUSIVE MODE")
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        with failing("DW001", f"held by process {run.pid}") as caught:
            warehouse.call(procedure)
        assert caught.value.diag.message_primary == "run 1 is in progress"
        assert "by etl.run_pipeline as role warehouse_loader" in str(
            caught.value.diag.message_detail
        )
        assert f"SELECT pg_terminate_backend({run.pid})" in str(caught.value.diag.message_hint)
    run.result()
    assert warehouse.rows(RUNS) == [(1, "succeeded")]
    warehouse.call("etl.run_pipeline()")


def test_run_spans_sessions(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    run_id = begin_run(warehouse)
    for role, procedure in (
        ("loader", "etl.extract_and_load_bronze()"),
        ("orchestrator", f"silver.build_clean_customers({run_id})"),
        ("loader", "etl.build_silver()"),
        ("orchestrator", f"etl.build_gold({run_id})"),
        ("loader", "etl.run_checks()"),
    ):
        with warehouse.connect(role, autocommit=True) as session:
            session.execute(f"CALL {procedure}".encode())
    assert warehouse.rows(RUNS) == [(run_id, "running")]
    warehouse.call("etl.finish_run()")
    assert warehouse.rows(RUNS) == [(run_id, "succeeded")]
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]
    assert warehouse.value("SELECT count(DISTINCT run_id) FROM etl.check_results") == 1


def test_start_run_with_the_same_label_takes_up_the_same_run(warehouse: Warehouse) -> None:
    run_id = begin_run(warehouse, "NULL, 'monday'")
    assert begin_run(warehouse, "NULL, 'monday'") == run_id
    assert begin_run(warehouse, str(run_id)) == run_id
    for label in ("'tuesday'", "NULL"):
        with failing("DW001", "between two steps, held until "):
            begin_run(warehouse, f"NULL, {label}")
    warehouse.call("etl.finish_run()")
    assert begin_run(warehouse, "NULL, 'monday'") == run_id + 1


def test_tables_of_a_layer_are_built_side_by_side(shop: Shop, warehouse: Warehouse) -> None:
    warehouse.run()
    sell(shop, 1)
    run_id = begin_run(warehouse)
    warehouse.call("etl.extract_and_load_bronze()")
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_orders IN SHARE MODE")
        orders = warehouse.begin("silver.build_clean_orders()")
        orders.wait_until_blocked()
        twice = warehouse.begin(f"silver.build_clean_orders({run_id})")  # a client's retry
        twice.wait_until_blocked()
        warehouse.call("silver.build_clean_customers()")
        assert warehouse.column("SELECT full_name FROM silver.clean_customers") == ["Ana"]
        progress = "SELECT model, state FROM etl.progress WHERE layer = 'silver' ORDER BY model"
        assert warehouse.rows(progress) == [
            ("silver.clean_customers", "succeeded"),
            ("silver.clean_orders", "running"),
        ]
    orders.result()
    twice.result()
    assert steps(warehouse, "model, status, rows_inserted", "silver") == [
        ("silver.clean_customers", "succeeded", 1),
        ("silver.clean_orders", "succeeded", 1),
    ]


def test_progress_shows_a_run_as_it_happens(warehouse: Warehouse) -> None:
    warehouse.run()
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE bronze.raw_orders IN ACCESS EXCLUSIVE MODE")
        run = warehouse.begin("etl.run_pipeline(true)")
        run.wait_until_blocked()
        states: dict[str, Any] = dict(warehouse.rows("SELECT model, state FROM etl.progress"))
        assert states == {
            "production.fence": "succeeded",
            "bronze.raw_customers": "written",
            "bronze.raw_products": "written",
            "bronze.raw_orders": "running",
            "bronze.raw_order_items": "pending",
        }
    run.result()
    assert set(warehouse.column("SELECT state FROM etl.progress")) == {"succeeded"}


def test_failed_step_is_retried_within_its_run(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    run_id = begin_run(warehouse)
    warehouse.call("etl.extract_and_load_bronze()")
    warehouse.execute("ALTER TABLE silver.clean_orders ADD CONSTRAINT broken CHECK (false)")
    with failing("23514", f"In run {run_id}"):
        warehouse.call("etl.build_silver()")
    done = "SELECT model, finished_at FROM etl.steps WHERE layer = 'bronze' ORDER BY 1"
    loaded = warehouse.rows(done)
    failed = ("silver.clean_orders", "failed", "23514")
    assert failed in steps(warehouse, "model, status, error_code", "silver")
    assert warehouse.rows("SELECT status, error LIKE '%broken%' FROM etl.runs") == [
        ("running", True)
    ]

    warehouse.execute("ALTER TABLE silver.clean_orders DROP CONSTRAINT broken")
    for procedure in ("extract_and_load_bronze", "build_silver", "build_gold", "finish_run"):
        warehouse.call(f"etl.{procedure}()")
    assert warehouse.rows(done) == loaded
    assert set(steps(warehouse, "status, error", "silver")) == {("succeeded", None)}
    assert warehouse.rows(RUNS) == [(run_id, "succeeded")]
    assert_is_as_rebuilt(warehouse)


def test_run_with_a_failed_step_fails(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    run_id = begin_run(warehouse)
    warehouse.call("etl.extract_and_load_bronze()")
    warehouse.execute("ALTER TABLE silver.clean_orders ADD CONSTRAINT broken CHECK (false)")
    with failing("23514"):
        warehouse.call("silver.build_clean_orders()")
    with failing("DW007", "violates check constraint") as caught:
        warehouse.call("etl.finish_run()")
    assert caught.value.diag.message_primary == f"run {run_id} failed"
    assert warehouse.rows(RUNS) == [(run_id, "failed")]


def test_run_with_a_failed_check_fails_and_a_retry_looks_again(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    warehouse.run()
    run_id = begin_run(warehouse)
    warehouse.execute("UPDATE gold.daily_sales SET revenue = 0")
    for _ in range(2):
        with failing("DW002", "metrics_match_sales"):
            warehouse.call("etl.run_checks()")
    with failing("DW007", "metrics_match_sales"):
        warehouse.call("etl.finish_run()")
    assert warehouse.rows(RUNS)[-1] == (run_id, "failed")

    run_id = begin_run(warehouse)
    with failing("DW002", "metrics_match_sales"):
        warehouse.call("etl.run_checks()")
    warehouse.execute("UPDATE gold.daily_sales SET revenue = 10")
    warehouse.call("etl.run_checks()")
    warehouse.call("etl.finish_run()")
    assert warehouse.rows(RUNS)[-1] == (run_id, "succeeded")


def test_bronze_is_not_loaded_after_silver_in_the_same_run(warehouse: Warehouse) -> None:
    begin_run(warehouse)
    warehouse.call("etl.build_silver()")
    with failing("DW005", "silver.clean_customers has already been built in this run"):
        warehouse.call("etl.extract_and_load_bronze()")


def test_run_that_is_not_open_is_refused(warehouse: Warehouse) -> None:
    with failing("DW004", "no run is open"):
        warehouse.call("etl.finish_run()")
    with failing("DW004", "There is no run with this id"):
        warehouse.call("etl.build_silver(99)")
    run_id = warehouse.run()
    with failing("DW004", f"run {run_id} is not open"):
        warehouse.call(f"etl.finish_run({run_id})")
    with failing("DW004", "It has succeeded at "):
        warehouse.call(f"etl.build_gold({run_id})")
    with failing("DW004", "SELECT * FROM etl.runs"):
        warehouse.call(f"etl.abandon_run({run_id})")


def test_unknown_model_is_refused(warehouse: Warehouse) -> None:
    with failing("DW003", "unknown model 'silver.clean_clowns'"):
        warehouse.call("etl.run_models('{silver.clean_clowns}', NULL, 'test')")


def test_call_within_a_transaction_is_refused_and_leaves_nothing(warehouse: Warehouse) -> None:
    with warehouse.connect("loader") as loader:
        with pytest.raises(psycopg.errors.InvalidTransactionTermination):
            loader.execute("CALL etl.run_pipeline()")
        loader.rollback()
        assert warehouse.rows(RUNS) == []
        warehouse.run()
