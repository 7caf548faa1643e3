"""The first load of large tables, in chunks, by several parallel sessions. Triggered manually.

Each session calls `etl.backfill`, which loads chunks into bronze, commits each, and continues with
the next that no other session loads. **If a task fails**, it is retried; or clear it: loaded chunks
stay.

Pause the DAG `warehouse` meanwhile, because the warehouse would reject its runs. Its next run reads
what has changed in production since the backfill began, compares all tables with production, and
builds silver and gold. The progress: `SELECT * FROM etl.backfill_progress`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG, Param, task
from warehouse_retries import RetryTransientErrors

# The server detects when a task was killed, and cancels its statement.
SESSION = {"application_name": "airflow", "client_connection_check_interval": "5s"}

with DAG(
    dag_id="warehouse_backfill",
    description="First load of large tables, by CALL, in several sessions",
    doc_md=__doc__,
    tags=["warehouse"],
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=1,
    params={
        "sessions": Param(
            2,
            type="integer",
            minimum=1,
            maximum=64,
            title="Sessions",
            description="Number of parallel sessions; each has one connection to production.",
        ),
        "chunk_rows": Param(
            250_000,
            type="integer",
            minimum=1,
            title="Rows per chunk",
            description="Number of rows that are read and committed at a time.",
        ),
    },
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_policy": RetryTransientErrors(),
    },
) as dag:

    @task
    def share_out(params: dict[str, Any]) -> list[dict[str, int]]:
        """Return the arguments of each session's CALL."""
        return [{"chunk_rows": params["chunk_rows"]}] * int(params["sessions"])

    SQLExecuteQueryOperator.partial(
        task_id="backfill",
        conn_id="warehouse",
        sql="CALL etl.backfill(%(chunk_rows)s)",
        autocommit=True,
        hook_params={
            "options": " ".join(f"-c {key}={value}" for key, value in SESSION.items()),
            "enable_log_db_messages": True,
        },
        execution_timeout=timedelta(days=7),
    ).expand(parameters=share_out())
