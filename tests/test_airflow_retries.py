"""Which errors Airflow retries, and which end a run of the warehouse at once."""

import runpy

import psycopg
import pytest

from tests.airflow_client import DAGS, Airflow
from tests.harness import Warehouse
from tests.test_airflow import airflow, break_rows, failed, runs  # noqa: F401

pytestmark = pytest.mark.airflow

TERMINATED = "PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(10)"


@pytest.mark.parametrize(
    ("table", "task", "change"),
    [
        ("silver.clean_orders", "silver.clean_orders", TERMINATED),
        ("gold.fact_sales", "build_gold", TERMINATED),
        ("bronze.raw_orders", "extract_and_load_bronze", "RAISE 'busy' USING ERRCODE = 'DW006'"),
        ("gold.dim_customers", "build_gold", "RAISE 'locked' USING ERRCODE = '55P03'"),
    ],
)
def test_g4_retry_of_what_may_succeed_goes_on_with_the_same_run(
    airflow: Airflow,  # noqa: F811
    seeded_warehouse: Warehouse,
    table: str,
    task: str,
    change: str,
) -> None:
    warehouse = seeded_warehouse
    warehouse.execute(
        "CREATE SEQUENCE attempts", "GRANT USAGE ON SEQUENCE attempts TO public", role="admin"
    )
    break_rows(warehouse, table, f"IF nextval('public.attempts') = 1 THEN {change}; END IF")
    warehouse.execute("ALTER FUNCTION spoil SECURITY DEFINER", role="admin")

    answer = airflow.run(warehouse)

    assert (answer["state"], failed(answer)) == ("success", set())
    assert answer["tries"][task] == 2
    assert [status for status, _, _ in runs(warehouse)] == ["succeeded"]


@pytest.mark.parametrize(
    ("table", "task", "change"),
    [
        ("bronze.raw_orders", "extract_and_load_bronze", "RAISE 'x' USING ERRCODE = 'DW013'"),
        ("silver.clean_orders", "silver.clean_orders", "RAISE 'x' USING ERRCODE = 'DW014'"),
        ("silver.clean_products", "silver.clean_products", "new.price := 1 / 0"),
        ("gold.fact_sales", "build_gold", "PERFORM 1 FROM nowhere"),
    ],
)
def test_failure_that_would_come_again_ends_the_run_at_once(
    airflow: Airflow,  # noqa: F811
    seeded_warehouse: Warehouse,
    table: str,
    task: str,
    change: str,
) -> None:
    warehouse = seeded_warehouse
    break_rows(warehouse, table, change)

    answer = airflow.run(warehouse)

    assert failed(answer) == {task, "finish_run"}
    assert answer["tries"][task] == 1
    ((status, label, _),) = runs(warehouse)
    assert (status, label) == ("failed", answer["run_id"])
    warehouse.execute("DROP FUNCTION spoil CASCADE", role="admin")
    warehouse.run()  # no other run holds the lock


class Psycopg2Error(Exception):
    """psycopg 2 calls the SQLSTATE pgcode."""

    def __init__(self, state: str | None) -> None:
        super().__init__()
        self.pgcode = state


def test_retries_are_decided_by_the_sqlstate_whichever_driver_tells_it() -> None:
    retries = runpy.run_path(str(DAGS / "warehouse_retries.py"))["RetryTransientErrors"]()

    def decision(error: BaseException) -> str:
        return str(retries.evaluate(error, 1, 3).action.value)

    for state in ("08006", "08001", "40001", "40P01", "57P01", "57P03", "53300", "55P03"):
        assert decision(psycopg.errors.lookup(state)()) == "retry", state
        assert decision(Psycopg2Error(state)) == "retry", state
    for state in ("42P01", "22012", "23505", "57014", "42501", "P0001"):
        assert decision(psycopg.errors.lookup(state)()) == "fail", state
        assert decision(Psycopg2Error(state)) == "fail", state
    for state in ("DW001", "DW006", "DW018"):
        assert decision(Psycopg2Error(state)) == "retry", state
    for state in ("DW002", "DW003", "DW007", "DW013", "DW014", "DW016", "08"):
        assert decision(Psycopg2Error(state)) == "fail", state
    others = (psycopg.OperationalError(), Psycopg2Error(None), ConnectionError(), ValueError())
    for error in others:
        assert decision(error) == "default"
    wrapped = RuntimeError()
    wrapped.__cause__ = Psycopg2Error("DW002")
    assert decision(wrapped) == "fail"
    wrapped.__cause__ = psycopg.errors.AdminShutdown()
    assert decision(wrapped) == "retry"
