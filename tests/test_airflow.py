"""The DAG, run by Airflow itself on a shop and its warehouse."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.airflow_client import DAGS, Airflow
from tests.harness import Warehouse, wait_until

pytestmark = pytest.mark.airflow

CLEAN_TABLES = {"clean_customers", "clean_products", "clean_orders", "clean_order_items"}
GOLD_TABLES = {
    *("dim_customers", "dim_products", "dim_date", "fact_sales"),
    *("daily_sales", "customer_lifetime_value", "product_performance", "cohort_retention"),
}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    airflow = Airflow(tmp_path_factory.mktemp("airflow"))
    yield airflow
    airflow.close()


def runs(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows("SELECT status, label, error FROM etl.runs ORDER BY run_id")


def failed(answer: dict[str, Any]) -> set[str]:
    return {task for task, state in answer["tasks"].items() if state == "failed"}


def without_run_ids(warehouse: Warehouse) -> dict[str, list[str]]:
    return {
        table: warehouse.column(
            f"SELECT to_jsonb(t) - '{{_run_id,_inserted_run_id}}'::text [] FROM {table} AS t"
            " ORDER BY 1"
        )
        for table in warehouse.tables("silver", "gold")
        if not table.endswith("_changes")
    }


def break_rows(warehouse: Warehouse, table: str, change: str) -> None:
    """Create a trigger that corrupts the rows written from now on."""
    warehouse.execute(
        f"""
        CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN {change}; RETURN new; END; $$
        """,
        f"CREATE TRIGGER spoil BEFORE INSERT OR UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION spoil()",
        role="admin",
    )


def test_dag_has_the_names_that_users_know(airflow: Airflow) -> None:
    tasks, groups = airflow.dag["tasks"], airflow.dag["groups"]
    assert {
        *("start_run", "extract_and_load_bronze", "build_silver", "build_gold"),
        *("run_checks", "return_sample", "finish_run"),
    } <= set(tasks)
    assert {"check_bronze", "silver", "check_silver", "check_gold"} == set(groups)
    assert {task["connection"] for task in tasks.values()} == {"warehouse"}


def test_dag_has_a_schedule_and_one_run_at_a_time_without_catch_up(airflow: Airflow) -> None:
    dag = airflow.dag
    assert (dag["schedule"], dag["catchup"], dag["max_active_runs"]) == ("@hourly", False, 1)
    assert dag["params"] == {"full_refresh": False}
    assert "One run of the warehouse" in dag["doc"]


def test_every_task_has_timeouts_on_both_sides_and_all_but_the_last_have_retries(
    airflow: Airflow,
) -> None:
    for name, task in airflow.dag["tasks"].items():
        assert task["execution_timeout"] == 3600
        assert "-c statement_timeout=59min" in task["options"]
        assert (task["retries"] > 0) == (name != "finish_run"), name
        assert task["retry_delay"] >= 60


def test_silver_tables_are_built_side_by_side(airflow: Airflow) -> None:
    tasks = airflow.dag["tasks"]
    assert set(airflow.dag["groups"]["silver"]) == {f"silver.{table}" for table in CLEAN_TABLES}
    assert {tuple(tasks[f"silver.{table}"]["upstream"]) for table in CLEAN_TABLES} == {
        ("check_bronze.all_tables_were_read", "check_bronze.no_table_is_empty")
    }


def test_assets_lead_from_production_to_gold_by_the_places_of_the_tables(airflow: Airflow) -> None:
    tasks = airflow.dag["tasks"]

    def place(schema: str, table: str) -> dict[str, str]:
        return {f"{schema}.{table}": f"postgres://dwh:5432/warehouse/{schema}/{table}"}

    extract, orders, gold = (
        tasks[name] for name in ("extract_and_load_bronze", "silver.clean_orders", "build_gold")
    )
    assert place("production", "orders").items() <= extract["inlets"].items()
    assert set(extract["outlets"]) == {t.replace("clean", "bronze.raw") for t in CLEAN_TABLES}
    assert orders["inlets"] == place("bronze", "raw_orders")
    assert orders["outlets"] == place("silver", "clean_orders")
    assert place("silver", "clean_orders").items() <= gold["inlets"].items()
    assert place("gold", "fact_sales").items() <= gold["outlets"].items()
    assert set(gold["outlets"]) == {f"gold.{table}" for table in GOLD_TABLES}


@pytest.mark.parametrize(
    "connection",
    [
        "postgresql://warehouse_orchestrator:secret@dwh:6432/warehouse?application_name=x",
        '{"conn_type": "postgres", "host": "dwh", "port": 6432, "schema": "warehouse"}',
    ],
)
def test_assets_are_placed_by_the_connection(connection: str) -> None:
    code = "import warehouse_assets; print(*(a.uri for a in warehouse_assets.assets('gold', 'f')))"
    environment = {**os.environ, "AIRFLOW_CONN_WAREHOUSE": connection, "PYTHONPATH": str(DAGS)}
    said = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment
    )
    assert said.stdout.splitlines()[-1] == "postgres://dwh:6432/warehouse/gold/f"


def test_run_ends_only_when_nothing_works_on_it_any_more(airflow: Airflow) -> None:
    tasks = airflow.dag["tasks"]
    assert set(tasks["finish_run"]["upstream"]) >= {
        *(name for name in tasks if "." in name),
        *("start_run", "return_sample"),
    }


def test_airflow_fills_gold_and_a_second_run_writes_nothing(
    airflow: Airflow, seeded_warehouse: Warehouse
) -> None:
    warehouse, shop = seeded_warehouse, seeded_warehouse.shop

    answer = airflow.run(warehouse)

    assert (answer["state"], failed(answer)) == ("success", set())
    assert runs(warehouse) == [("succeeded", answer["run_id"], None)]
    assert warehouse.rows("SELECT count(*), sum(total_amount) FROM gold.fact_sales") == shop.rows(
        "SELECT count(*), sum(quantity * unit_price) FROM order_items"
    )
    bronze = {table.replace("clean_", "raw_") for table in CLEAN_TABLES}
    written = {"bronze": bronze, "silver": CLEAN_TABLES, "gold": GOLD_TABLES}
    assert answer["assets"] == sorted(f"{s}.{t}" for s, tables in written.items() for t in tables)
    assert len(answer["sample"]) == 5
    assert set(answer["sample"][0]) == {
        *("order_date", "product", "quantity", "total_amount", "order_status")
    }

    before = warehouse.row_versions()
    assert airflow.run(warehouse)["state"] == "success"
    assert warehouse.row_versions() == before
    assert [status for status, _, _ in runs(warehouse)] == ["succeeded", "succeeded"]


def test_log_of_a_task_has_the_summary_of_the_run_and_the_checks_that_warned(
    airflow: Airflow, seeded_warehouse: Warehouse
) -> None:
    seeded_warehouse.execute(
        "CREATE OR REPLACE FUNCTION etl.check_fact_sales_joins_dimensions(p_since_run_id bigint) "
        "RETURNS SETOF jsonb LANGUAGE sql STABLE AS 'SELECT to_jsonb(1)'",
        "UPDATE etl.checks SET severity = 'warn'",
    )
    assert airflow.run(seeded_warehouse)["state"] == "success"
    log = airflow.log
    assert "check fact_sales_joins_dimensions warned: 1 row" in log
    assert re.search(
        r"run 1 succeeded in .*: [\d,]+ rows read, .*; \d+ checks passed, 1 warned", log
    )


def test_check_of_silver_that_fails_keeps_gold_unbuilt_and_the_run_has_failed(
    airflow: Airflow, seeded_warehouse: Warehouse
) -> None:
    warehouse = seeded_warehouse
    warehouse.execute(
        "ALTER TABLE silver.clean_customers DROP CONSTRAINT clean_customers__full_name__not_null",
        role="admin",
    )
    break_rows(warehouse, "silver.clean_customers", "new.full_name := NULL")

    answer = airflow.run(warehouse)

    assert answer["state"] == "failed"
    assert failed(answer) == {"check_silver.clean_customers", "finish_run"}
    assert answer["tasks"]["build_gold"] == "upstream_failed"
    assert answer["tries"]["check_silver.clean_customers"] == 1
    assert warehouse.value("SELECT count(*) FROM gold.fact_sales") == 0
    assert runs(warehouse) == [
        ("failed", answer["run_id"], "failed in Airflow: check_silver.clean_customers")
    ]

    warehouse.execute("DROP TRIGGER spoil ON silver.clean_customers", role="admin")
    again = airflow.run(warehouse)
    assert failed(again) == failed(answer), "rows that no run has changed since passed the check"


def test_empty_tables_do_not_pass_for_correct_ones(airflow: Airflow, warehouse: Warehouse) -> None:
    answer = airflow.run(warehouse)

    assert failed(answer) == {"check_bronze.no_table_is_empty", "finish_run"}
    assert answer["tasks"]["silver.clean_orders"] == "upstream_failed"
    assert [status for status, _, _ in runs(warehouse)] == ["failed"]


def test_check_in_the_warehouse_that_fails_fails_build_gold_and_nothing_is_published(
    airflow: Airflow, seeded_warehouse: Warehouse
) -> None:
    warehouse = seeded_warehouse
    break_rows(warehouse, "gold.fact_sales", "new.order_date := new.order_date + interval '1 day'")

    answer = airflow.run(warehouse)

    assert failed(answer) == {"build_gold", "finish_run"}
    assert answer["tries"]["build_gold"] == 1
    assert warehouse.value("SELECT count(*) FROM gold.fact_sales") == 0
    ((status, label, error),) = runs(warehouse)
    assert (status, label) == ("failed", answer["run_id"])
    assert error.startswith("check fact_sales_joins_dimensions failed")


def test_full_refresh_mends_and_checks_what_no_run_changed(
    airflow: Airflow, seeded_warehouse: Warehouse
) -> None:
    warehouse = seeded_warehouse
    warehouse.run()
    right = without_run_ids(warehouse)
    warehouse.execute("UPDATE silver.clean_orders SET status = 'pending'", role="admin")
    warehouse.execute("DELETE FROM gold.daily_sales", role="admin")
    warehouse.run()
    assert warehouse.value("SELECT count(*) FROM gold.daily_sales") == 0

    answer = airflow.run(warehouse, full_refresh=True)

    assert answer["state"] == "success"
    assert warehouse.column(
        "SELECT DISTINCT is_full FROM etl.steps WHERE run_id = (SELECT max(run_id) FROM etl.runs)"
    ) == [True]
    assert without_run_ids(warehouse) == right


def test_run_of_somebody_else_is_left_alone(airflow: Airflow, seeded_warehouse: Warehouse) -> None:
    warehouse = seeded_warehouse
    warehouse.call("etl.start_run(NULL, 'of somebody else')")

    answer = airflow.run(warehouse)

    assert failed(answer) == {"start_run"}
    assert answer["tasks"]["finish_run"] == "upstream_failed"
    assert runs(warehouse) == [("running", "of somebody else", None)]


def test_g4_statement_of_a_killed_task_ends(airflow: Airflow, warehouse: Warehouse) -> None:
    options = airflow.dag["tasks"]["build_gold"]["options"]
    code = "psycopg.connect(sys.argv[1], options=sys.argv[2]).execute('SELECT pg_sleep(600)')"
    arguments = (f"import psycopg, sys; {code}", warehouse.urls["orchestrator"], options)
    task = subprocess.Popen([sys.executable, "-c", *arguments])
    working = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep'"
    wait_until(lambda: warehouse.value(working, role="admin") == 1)
    task.kill()
    task.wait()
    wait_until(lambda: warehouse.value(working, role="admin") == 0)


def test_airflow_loads_large_tables_in_pieces(
    airflow: Airflow, seeded_warehouse: Warehouse
) -> None:
    warehouse, shop = seeded_warehouse, seeded_warehouse.shop
    shop.execute("ANALYZE")

    answer = airflow.run(warehouse, dag="warehouse_backfill", sessions=3, chunk_rows=100)

    assert (answer["state"], sorted(answer["mapped"])) == ("success", [0, 1, 2])
    assert warehouse.rows("SELECT begun_by, status FROM etl.runs") == [
        ("etl.backfill", "succeeded")
    ]
    assert warehouse.value("SELECT count(*) FROM etl.chunks") > 10
    assert airflow.run(warehouse)["state"] == "success"
    assert warehouse.rows("SELECT count(*), sum(total_amount) FROM gold.fact_sales") == shop.rows(
        "SELECT count(*), sum(quantity * unit_price) FROM order_items"
    )
