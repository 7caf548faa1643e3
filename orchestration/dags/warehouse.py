"""One run of the warehouse, every hour.

The steps of `CALL etl.run_pipeline()` as tasks: Airflow shows each step, retries it separately, and
checks its result before the next step begins. Procedures inside the warehouse do the work: a task
is a `CALL` or a check, and no rows of tables pass through Airflow.

| task | what it does |
|---|---|
| `start_run` | begins a run in `etl.runs`, under the name of this DAG run |
| `extract_and_load_bronze` | appends the changes of production, all tables in one snapshot |
| `silver` | brings each clean table up to date, in parallel |
| `build_silver` | builds the silver tables that have no task here, if there are any |
| `build_gold` | publishes star schema and metrics in one commit, after the warehouse's checks |
| `run_checks` | runs the checks of the warehouse that have not run yet |
| `return_sample` | returns the latest sales |
| `finish_run` | always ends the run: as failed if a task failed |
| `publish_site`, `send_alerts` | where wanted: see `warehouse_site.py` and `warehouse_alerts.py` |

`check_<layer>` follows each layer. Its checks read the rows written since the last successful run,
so their cost depends on the change; a separate check requires that no table is empty.

**Full refresh** (in the form of *Trigger*) compares all of production with bronze, computes silver
and gold in full, writes the differences, and checks every row.

A lost connection is retried; a failed check or another SQL error ends the run immediately.

**If a task fails**, its log and `SELECT * FROM etl.steps WHERE error IS NOT NULL` show the reason.
Clear it: Airflow also clears `start_run` and `finish_run`, so that it belongs to a run again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLCheckOperator, SQLExecuteQueryOperator
from airflow.sdk import DAG, Param, TaskGroup, chain
from warehouse_alerts import publish_and_alert
from warehouse_assets import assets
from warehouse_checks import columns_are_filled, no_table_is_empty, rows_fulfil
from warehouse_retries import RetryTransientErrors

RAW_TABLES = ["raw_customers", "raw_products", "raw_orders", "raw_order_items"]

# Columns that are not null in live rows; the first is the key.
CLEAN_TABLES = {
    "clean_customers": ["customer_id", "email", "full_name"],
    "clean_products": ["product_id", "name", "category", "price"],
    "clean_orders": ["order_id", "customer_id", "order_date", "status"],
    "clean_order_items": ["order_item_id", "order_id", "product_id", "quantity", "unit_price"],
}

STAR = ["dim_customers", "dim_products", "dim_date", "fact_sales"]
METRICS = ["daily_sales", "customer_lifetime_value", "product_performance", "cohort_retention"]

# Airflow renders these when a task runs.
RUN_ID = "{{ ti.xcom_pull('start_run') }}"
IS_FULL = "{{ params.full_refresh }}"

# The rows that a check reads: those written since the last successful run of this DAG, so that a
# check finds offending rows again until they are fixed. In a full refresh, all rows.
UNCHECKED = """
    _run_id > coalesce((
        SELECT max(run_id) FROM etl.runs
        WHERE begun_by = 'etl.start_run' AND status = 'succeeded' AND NOT {{ params.full_refresh }}
    ), 0)
"""
UNCHECKED_AND_LIVE = f"NOT is_deleted AND {UNCHECKED}"

# The time limit of a statement. That of the server is shorter, so that the reason is in etl.steps.
# The server also detects when a task was killed, and cancels its statement.
STEP_TIMEOUT = timedelta(hours=1)
SESSION = (
    "-c application_name=airflow -c client_connection_check_interval=5s "
    f"-c statement_timeout={STEP_TIMEOUT // timedelta(minutes=1) - 1}min"
)


def call(task_id: str, statement: str, **arguments: Any) -> SQLExecuteQueryOperator:
    """Create a task that calls a procedure.

    Args:
        task_id: Name of the task.
        statement: The CALL. Procedures of the warehouse commit, which needs autocommit.
        arguments: Further arguments of the operator.
    """
    return SQLExecuteQueryOperator(task_id=task_id, sql=statement, autocommit=True, **arguments)


def first_value(cursor: Any) -> Any:
    """Return the first value of a result, for XCom."""
    return cursor.fetchone()[0]


def tasks_without_success(ti: Any) -> str:
    """Return the names of the failed tasks of this DAG run; if it was stopped, of the skipped ones.

    Args:
        ti: The running task.
    """
    states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id]
    failed = [task for task, state in states.items() if state == "failed"]
    skipped = [task for task, state in states.items() if state == "skipped"]
    return ", ".join(failed or skipped)


with DAG(
    dag_id="warehouse",
    description="Production to bronze, silver and gold, by CALL",
    doc_md=__doc__,
    tags=["warehouse"],
    schedule="@hourly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,  # a run reads all changes up to now
    max_active_runs=1,  # the warehouse rejects a second one
    params={
        "full_refresh": Param(
            False,
            type="boolean",
            title="Full refresh",
            description="Compute all rows and write the differences.",
        )
    },
    default_args={
        "conn_id": "warehouse",
        # The log of a task has the messages of its CALL: the run's summary, checks that warned.
        "hook_params": {"options": SESSION, "enable_log_db_messages": True},
        "execution_timeout": STEP_TIMEOUT,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "retry_policy": RetryTransientErrors(),
        "retry_on_failure": False,
    },
    user_defined_macros={"tasks_without_success": tasks_without_success},
) as dag:
    # With the label, a retry continues the run that the first attempt began. After the lease, other
    # sessions may abandon a run that is idle between two steps: it is longer than retries take.
    start_run = call(
        "start_run",
        "CALL etl.start_run(NULL, %(label)s, '15 minutes')",
        parameters={"label": "{{ run_id }}"},
        handler=first_value,
    )

    extract_and_load_bronze = call(
        "extract_and_load_bronze",
        f"CALL etl.extract_and_load_bronze({RUN_ID}, {IS_FULL})",
        inlets=assets("production", (table.removeprefix("raw_") for table in RAW_TABLES)),
        outlets=assets("bronze", RAW_TABLES),
    )

    with TaskGroup("check_bronze") as check_bronze:
        no_table_is_empty("bronze", RAW_TABLES)
        SQLCheckOperator(
            task_id="all_tables_were_read",
            sql="""
                SELECT count(*) = cardinality(%(tables)s::text[])
                FROM etl.steps
                WHERE run_id = {{ ti.xcom_pull('start_run') }}
                    AND model = ANY(%(tables)s)
                    AND status = 'succeeded'
            """,
            parameters={"tables": [f"bronze.{table}" for table in RAW_TABLES]},
        )

    with TaskGroup("silver") as silver:
        for table in CLEAN_TABLES:
            raw, clean = assets("bronze", [f"raw{table[5:]}"]), assets("silver", [table])
            build = f"CALL silver.build_{table}({RUN_ID}, {IS_FULL})"
            call(table, build, inlets=raw, outlets=clean)

    build_silver = call("build_silver", f"CALL etl.build_silver({RUN_ID}, {IS_FULL})")

    with TaskGroup("check_silver") as check_silver:
        no_table_is_empty("silver", CLEAN_TABLES)
        for table, columns in CLEAN_TABLES.items():
            columns_are_filled("silver", table, columns, UNCHECKED_AND_LIVE)
        rows_fulfil(
            "values_of_orders",
            "silver.clean_orders",
            UNCHECKED_AND_LIVE,
            status_known="status IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')",
        )
        rows_fulfil(
            "values_of_order_items",
            "silver.clean_order_items",
            UNCHECKED_AND_LIVE,
            quantity_positive="quantity > 0",
            price_not_negative="unit_price >= 0",
        )

    build_gold = call(
        "build_gold",
        f"CALL etl.build_gold({RUN_ID}, {IS_FULL})",
        inlets=assets("silver", CLEAN_TABLES),
        outlets=assets("gold", STAR + METRICS),
    )

    with TaskGroup("check_gold") as check_gold:
        no_table_is_empty("gold", [*STAR, "daily_sales"])
        columns_are_filled("gold", "dim_customers", ["customer_key", "customer_id"], UNCHECKED)
        columns_are_filled("gold", "dim_products", ["product_key", "product_id"], UNCHECKED)
        rows_fulfil(
            "fact_sales",
            "gold.fact_sales",
            UNCHECKED,
            amount_is_quantity_by_price="total_amount = quantity * unit_price",
            day_is_that_of_the_order="date_key = to_char(order_date, 'YYYYMMDD')::integer",
        )
        SQLCheckOperator(
            task_id="metrics_agree",
            sql="""
                WITH revenues AS (
                    SELECT sum(revenue) AS revenue FROM gold.daily_sales
                    UNION ALL
                    SELECT sum(revenue) FROM gold.customer_lifetime_value
                    UNION ALL
                    SELECT sum(revenue) FROM gold.product_performance
                    UNION ALL
                    SELECT coalesce(sum(revenue), 0) FROM gold.cohort_retention
                )

                SELECT count(revenue) = 4 AND min(revenue) = max(revenue) FROM revenues
            """,
        )

    run_checks = call("run_checks", f"CALL etl.run_checks({RUN_ID})")

    return_sample = SQLExecuteQueryOperator(
        task_id="return_sample",
        sql="""
            WITH latest_sales AS (
                SELECT f.order_date, p.name AS product, f.quantity, f.total_amount, f.order_status
                FROM gold.fact_sales AS f
                INNER JOIN gold.dim_products AS p ON f.product_key = p.product_key
                ORDER BY f.date_key DESC, f.order_item_id DESC
                LIMIT 5
            )

            SELECT jsonb_agg(latest_sales) FROM latest_sales
        """,
        handler=first_value,
    )

    # A teardown always runs once its setup has succeeded. This one fails, and with it the DAG run,
    # if a task has not succeeded. No retries: a second call would find the run ended.
    finish_run = call(
        "finish_run",
        "CALL etl.finish_run(%(run_id)s, 'failed in Airflow: ' || nullif(%(tasks)s, ''))",
        parameters={"run_id": RUN_ID, "tasks": "{{ tasks_without_success(ti) }}"},
        retries=0,
    ).as_teardown(setups=start_run, on_failure_fail_dagrun=True)

    chain(start_run, extract_and_load_bronze, check_bronze, silver, build_silver, check_silver)
    chain(check_silver, build_gold, check_gold, run_checks, return_sample, finish_run)
    # If one of several parallel tasks fails, the others are still running.
    [check_bronze, silver, check_silver, check_gold] >> finish_run
    publish_and_alert(start_run, finish_run)
