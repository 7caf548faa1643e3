"""G4 resumable: whatever ends a run, nothing is half done, and the next run continues."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.harness import Background, Row, Shop, Warehouse, failing, wait_until
from tests.test_models import assert_is_as_rebuilt, sell
from tests.test_runs import RUNS, begin_run

Killer = Callable[[Background, Warehouse], None]


def terminate_backend(run: Background, warehouse: Warehouse) -> None:
    warehouse.rows("SELECT pg_terminate_backend(%s, 30000)", [run.pid], role="admin")


def cancel_query(run: Background, warehouse: Warehouse) -> None:
    warehouse.rows("SELECT pg_cancel_backend(%s)", [run.pid], role="admin")


def run_until_killed(warehouse: Warehouse, table: str, kill: Killer) -> None:
    """Run the pipeline, and kill it when it wants to write a table."""
    with warehouse.connect("admin") as holder:
        holder.execute(f"LOCK TABLE {table} IN SHARE MODE")
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        kill(run, warehouse)
        with pytest.raises(psycopg.OperationalError):
            run.result()


def failed_steps(warehouse: Warehouse, run_id: int) -> list[Row]:
    query = "SELECT model, error_code FROM etl.steps WHERE run_id = %s AND error_code IS NOT NULL"
    return warehouse.rows(query, [run_id])


@pytest.mark.parametrize(
    "table",
    ["etl.fences", "bronze.raw_order_items", "silver.clean_orders", "gold.fact_sales"],
)
def test_g4_killed_run_is_abandoned_and_the_next_carries_on(
    shop: Shop, warehouse: Warehouse, table: str
) -> None:
    sell(shop, 1)
    first = warehouse.run()
    star = warehouse.dump("gold")
    sell(shop, 2)
    layer = table.split(".", maxsplit=1)[0]
    before = warehouse.dump("bronze", "silver")

    run_until_killed(warehouse, table, terminate_backend)
    assert warehouse.rows(RUNS) == [(first, "succeeded"), (first + 1, "running")]
    assert warehouse.dump("gold") == star
    if layer in ("etl", "bronze"):
        assert warehouse.dump("bronze", "silver") == before

    third = warehouse.run()
    assert warehouse.rows(RUNS)[1:] == [(first + 1, "abandoned"), (third, "succeeded")]
    query = "SELECT error, finished_at IS NOT NULL FROM etl.runs WHERE status = 'abandoned'"
    assert warehouse.rows(query) == [("no session owned the run", True)]
    states = "SELECT DISTINCT status FROM etl.steps WHERE run_id = %s ORDER BY 1"
    assert "abandoned" in [row[0] for row in warehouse.rows(states, [first + 1])]
    assert [row[0] for row in warehouse.rows(states, [third])] == ["succeeded"]
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [20]
    assert_is_as_rebuilt(warehouse)


@pytest.mark.parametrize(
    ("table", "model"),
    [("bronze.raw_products", "bronze.raw_products"), ("gold.fact_sales", "gold.fact_sales")],
)
def test_g4_cancelled_run_fails_and_says_where(
    shop: Shop, warehouse: Warehouse, table: str, model: str
) -> None:
    warehouse.run()
    sell(shop, 1)
    run_until_killed(warehouse, table, cancel_query)
    assert failed_steps(warehouse, warehouse.last_run()) == [(model, "57014")]
    query = "SELECT status, error LIKE 'canceling statement due to user request%' FROM etl.runs"
    assert warehouse.rows(f"{query} ORDER BY run_id")[-1] == ("failed", True)
    warehouse.run()
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]


def test_g4_time_limit_of_the_client_ends_a_run(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    with (
        warehouse.connect("admin") as holder,
        warehouse.connect("loader", autocommit=True) as loader,
    ):
        holder.execute("LOCK TABLE silver.rejected_rows IN SHARE MODE")
        loader.execute("SET statement_timeout = '2s'")
        with failing("57014", "statement timeout"):
            loader.execute("CALL etl.run_pipeline()")
    assert {code for _, code in failed_steps(warehouse, warehouse.last_run())} == {"57014"}
    warehouse.run()


def test_g4_connection_that_is_lost_again_and_again_fails_the_run(
    shop: Shop, warehouse: Warehouse
) -> None:
    sell(shop, 1)
    warehouse.run()
    sell(shop, 2)
    with shop.connect() as holder:
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        run = warehouse.begin("etl.run_pipeline()")
        blocked = """
            SELECT pid FROM pg_stat_activity WHERE usename = 'warehouse_reader'
            AND datname = current_database() AND wait_event_type = 'Lock'
        """
        for _ in range(3):
            ((reader,),) = wait_until(lambda: shop.rows(blocked))
            shop.rows("SELECT pg_terminate_backend(%s, 10000)", [reader])
        with pytest.raises(psycopg.Error, match="terminating connection"):
            run.result()
    ((model, code),) = failed_steps(warehouse, warehouse.last_run())
    assert model.startswith("bronze."), "one statement looks at all tables of the source"
    assert code in ("08006", "57P01")  # what libpq reports
    assert warehouse.column("SELECT customer_id FROM bronze.raw_customers") == [1]
    warehouse.run()
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [20]


def test_g4_session_that_was_cut_off_at_its_commit_does_not_hold_the_run(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.run()
    sell(shop, 1)
    session = warehouse.connect("loader", autocommit=True)
    with ThreadPoolExecutor(1) as pool, warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE etl.check_results IN SHARE MODE")
        call = pool.submit(session.execute, "CALL etl.run_pipeline()")
        wait_until(lambda: holder.execute(f"SELECT 1 WHERE {is_blocked(session)}").fetchone())
        shop.rows(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE usename = 'warehouse_reader' AND datname = current_database()"
        )
        holder.rollback()
        with pytest.raises(psycopg.Error):
            call.result()
    assert warehouse.rows(RUNS) == [(1, "succeeded"), (2, "running")], "not at its commit"
    warehouse.run()
    assert warehouse.rows(RUNS)[1:] == [(2, "abandoned"), (3, "succeeded")]
    session.execute("CALL etl.run_pipeline()")
    assert warehouse.rows(RUNS)[3:] == [(4, "succeeded")]


def is_blocked(session: psycopg.Connection) -> str:
    return f"cardinality(pg_blocking_pids({session.info.backend_pid})) > 0"


def test_g4_unreachable_production_fails_the_run(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    port = shop.value("SELECT current_setting('port')")
    warehouse.execute("ALTER SERVER production OPTIONS (SET port '1')")
    with failing("08001", "could not connect to server"):
        warehouse.run()
    assert failed_steps(warehouse, warehouse.last_run()) == [("production.fence", "08001")]
    warehouse.execute(f"ALTER SERVER production OPTIONS (SET port '{port}')")
    warehouse.run()
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]


def test_g4_client_that_goes_away_leaves_a_run_that_ends(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.run()
    sell(shop, 2)
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE gold.fact_sales IN SHARE MODE")
        loader = warehouse.connect("loader", autocommit=True)
        loader.pgconn.send_query(b"CALL etl.run_pipeline()")
        pid = loader.info.backend_pid
        waits = "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s"
        wait_until(lambda: warehouse.rows(waits, [pid], role="admin") == [(True,)])
        loader.close()  # the server does not notice, and continues
        with failing("DW001", f"held by process {pid}"):
            warehouse.run()
    wait_until(lambda: warehouse.rows(RUNS)[-1][1] != "running")
    assert warehouse.rows(RUNS)[-1][1] == "succeeded"
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [20]


def test_g4_run_over_sessions_whose_lease_has_expired_is_abandoned(warehouse: Warehouse) -> None:
    first = begin_run(warehouse, "NULL, NULL, '1 microsecond'")
    second = warehouse.run()
    assert warehouse.rows(RUNS) == [(first, "abandoned"), (second, "succeeded")]


def test_g4_every_step_renews_the_lease_and_one_that_runs_needs_none(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.run()
    sell(shop, 1)
    run_id = begin_run(warehouse, "NULL, NULL, '1 microsecond'")
    lease = "SELECT lease_until FROM etl.runs WHERE status = 'running'"
    begun = warehouse.value(lease)
    warehouse.call(f"etl.extract_and_load_bronze({run_id})")
    assert warehouse.value(lease) > begun
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_orders IN SHARE MODE")
        step = warehouse.begin(f"silver.build_clean_orders({run_id})")
        step.wait_until_blocked()
        with failing("DW001", f"held by process {step.pid}"):
            warehouse.run()
        with failing("DW001", f"SELECT pg_terminate_backend({step.pid}) first"):
            warehouse.call(f"etl.abandon_run({run_id})")
    step.result()
    assert warehouse.column("SELECT status FROM silver.clean_orders") == ["delivered"]


def test_g4_run_can_be_given_up_by_hand(warehouse: Warehouse) -> None:
    run_id = begin_run(warehouse)
    warehouse.call("etl.extract_and_load_bronze()")
    with failing("DW001", f"CALL etl.abandon_run({run_id})"):
        warehouse.run()
    warehouse.call(f"etl.abandon_run({run_id})")
    assert warehouse.rows("SELECT status, error FROM etl.runs") == [
        ("abandoned", "abandoned by etl.abandon_run")
    ]
    with failing("DW004", f"run {run_id} is not open"):
        warehouse.call(f"etl.build_silver({run_id})")
    assert warehouse.run() == run_id + 1


def test_g4_step_of_a_killed_session_is_taken_up_by_the_next(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.run()
    sell(shop, 1)
    run_id = begin_run(warehouse)
    warehouse.call("etl.extract_and_load_bronze()")
    with warehouse.connect("admin") as holder:
        holder.execute("LOCK TABLE silver.clean_orders IN SHARE MODE")
        step = warehouse.begin("etl.build_silver()")
        step.wait_until_blocked()
        terminate_backend(step, warehouse)
        with pytest.raises(psycopg.OperationalError):
            step.result()
    for procedure in ("build_silver", "build_gold", "run_checks", "finish_run"):
        warehouse.call(f"etl.{procedure}()")
    assert warehouse.rows(RUNS)[-1] == (run_id, "succeeded")
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]
