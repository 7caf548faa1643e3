"""G4: every wait for a lock ends within timeouts.lock, with an error that says so."""

from pathlib import Path

import psycopg
import pytest

from tests.harness import Shop, Warehouse, failing
from tests.test_interruptions import with_timeouts
from tests.test_models import sell

FAILURE = "ROW('gold.fact_sales', 'XX000', 'x', NULL, NULL, NULL, NULL)::etl.failure"
OF_THE_RUN = {
    "plan_steps": "etl.plan_steps({run}, '{{gold.fact_sales}}', true)",
    "fail_steps": "etl.fail_steps({run}, '{{gold.fact_sales}}', " + FAILURE + ")",
    "release_run": "etl.release_run(({run}, false))",
    "observe_again": "etl.observe_again({run}, '{{bronze.raw_orders}}')",
}
# Far above timeouts.lock: reaching it means that there was no limit.
NEVER = "SET statement_timeout = '15s'"


@pytest.fixture
def impatient(shop: Shop, warehouse: Warehouse, project: Path) -> Warehouse:
    """A warehouse that waits a second for a lock, and has data."""
    with_timeouts(warehouse, project, lock="1 second")
    sell(shop, 1)
    warehouse.run()
    return warehouse


@pytest.fixture
def loader(impatient: Warehouse) -> psycopg.Connection:
    connection = impatient.connect("loader", autocommit=True)
    connection.execute(NEVER)
    return connection


def code_of(connection: psycopg.Connection, call: str) -> str | None:
    """Call a function, and return the code of the error that it raises or returns."""
    try:
        row = connection.execute(f"SELECT to_jsonb(f) ->> 'error_code' FROM {call} AS f".encode())
        return str((row.fetchone() or [None])[0])
    except psycopg.Error as error:
        return error.sqlstate


@pytest.mark.parametrize(
    ("function", "table"),
    [(f, "etl.runs") for f in OF_THE_RUN]
    + [(f, "etl.steps") for f in ("plan_steps", "fail_steps")],
)
def test_g4_who_writes_of_a_run_waits_for_its_rows_within_a_limit(
    impatient: Warehouse, loader: psycopg.Connection, function: str, table: str
) -> None:
    loader.execute("CALL etl.start_run()")
    run_id = impatient.last_run()
    loader.execute(f"SELECT etl.plan_steps({run_id}, '{{gold.fact_sales}}', false)".encode())
    with impatient.connect("owner") as holder:
        holder.execute(f"SELECT FROM {table} WHERE run_id = {run_id} FOR UPDATE".encode())
        assert code_of(loader, OF_THE_RUN[function].format(run=run_id)) == "55P03"


@pytest.mark.parametrize(
    ("call", "table"),
    [
        ("etl.run_checks()", "gold.fact_sales"),
        ("etl.run_checks()", "silver.clean_orders"),
        ("etl.run_pipeline()", "etl.pipeline_steps"),
        ("etl.run_pipeline()", "bronze.raw_orders"),
        ("etl.reconcile('orders')", "etl.watermarks"),
        ("etl.rebuild('gold')", "etl.drift"),
        ("etl.allow_deletions('orders')", "etl.allowed_deletions"),
        ("etl.allow_deletions('orders')", "etl.pipeline_steps"),
        ("etl.start_run()", "etl.runs"),
    ],
)
def test_g4_call_waits_for_a_table_within_a_limit(
    impatient: Warehouse, loader: psycopg.Connection, call: str, table: str
) -> None:
    with impatient.connect("owner") as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        with failing("55P03"):
            loader.execute(f"CALL {call}".encode())
    impatient.run()


@pytest.mark.parametrize("call", ["etl.finish_run()", "etl.abandon_run({run})"])
def test_g4_run_is_ended_within_a_limit(
    impatient: Warehouse, loader: psycopg.Connection, call: str
) -> None:
    loader.execute("CALL etl.start_run()")
    run_id = impatient.last_run()
    loader.execute(f"SELECT etl.plan_steps({run_id}, '{{gold.fact_sales}}', false)".encode())
    with impatient.connect("owner") as holder:
        holder.execute(f"SELECT FROM etl.steps WHERE run_id = {run_id} FOR UPDATE".encode())
        with failing("55P03"):
            loader.execute(f"CALL {call.format(run=run_id)}".encode())


def test_limit_of_the_caller_is_kept(
    impatient: Warehouse, loader: psycopg.Connection, project: Path
) -> None:
    with_timeouts(impatient, project, lock="1 hour")
    loader.execute("SET lock_timeout = '100ms'")
    with impatient.connect("owner") as holder:
        holder.execute("LOCK TABLE gold.fact_sales IN ACCESS EXCLUSIVE MODE")
        with failing("55P03"):
            loader.execute("CALL etl.run_checks()")


def test_g4_prune_that_cannot_be_planned_is_logged_as_failed(impatient: Warehouse) -> None:
    owner = impatient.connect("owner", autocommit=True)
    owner.execute(NEVER)
    with impatient.connect("owner") as holder:
        holder.execute("LOCK TABLE etl.deferred_indexes IN ACCESS EXCLUSIVE MODE")
        with failing("55P03"):
            owner.execute("CALL etl.prune_bronze('1 day')")
    runs = "SELECT begun_by, status FROM etl.runs ORDER BY run_id DESC LIMIT 1"
    assert impatient.rows(runs) == [("etl.prune_bronze", "failed")]
    impatient.run()


@pytest.mark.parametrize("call", ["etl.build_gold()", "etl.run_model('gold.fact_sales')"])
def test_g4_run_has_failed_with_a_step_that_could_not_be_planned(
    impatient: Warehouse, loader: psycopg.Connection, call: str
) -> None:
    loader.execute("CALL etl.start_run()")
    loader.execute("CALL etl.extract_and_load_bronze()")
    loader.execute("CALL etl.build_silver()")
    with impatient.connect("owner") as holder:
        holder.execute("LOCK TABLE etl.deferred_indexes IN ACCESS EXCLUSIVE MODE")
        with failing("55P03"):
            loader.execute(f"CALL {call}".encode())
    with failing("DW007"):
        loader.execute("CALL etl.finish_run()")
    steps = "SELECT status FROM etl.steps WHERE run_id = %s AND model = 'gold.fact_sales'"
    assert impatient.column(steps, [impatient.last_run()]) == ["failed"]
    impatient.run()
