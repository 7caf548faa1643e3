"""Checks of tables as tasks of a DAG, in the group that is open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.providers.common.sql.operators.sql import (
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLTableCheckOperator,
)


def no_table_is_empty(schema: str, tables: Iterable[str]) -> None:
    """Add a check that tables have rows, since checks of rows pass on empty tables.

    Args:
        schema: Schema of the tables.
        tables: Their names. The unknown member of a dimension does not count as a row.
    """
    has_rows = [f"EXISTS (SELECT FROM {schema}.{t} WHERE _run_id > 0) AS {t}" for t in tables]
    SQLCheckOperator(task_id="no_table_is_empty", sql=f"SELECT {', '.join(has_rows)}")


def columns_are_filled(schema: str, table: str, columns: list[str], rows: str) -> None:
    """Add a check that columns are not null and that the first one, the key, is unique.

    Args:
        schema: Schema of the table.
        table: Its name, also the name of the task.
        columns: The columns.
        rows: Condition on the rows to check. The check passes if there are none.
    """
    checks: dict[str, Any] = {column: {"null_check": {"equal_to": 0}} for column in columns}
    checks[columns[0]]["unique_check"] = {"equal_to": 0}
    SQLColumnCheckOperator(
        task_id=table, table=f"{schema}.{table}", column_mapping=checks, partition_clause=rows
    )


def rows_fulfil(task_id: str, table: str, rows: str, **conditions: str) -> None:
    """Add a check that conditions hold for every row.

    Args:
        task_id: Name of the task.
        table: The table, with its schema.
        rows: Condition on the rows to check. The check passes if there are none.
        conditions: Conditions on each row, by name.
    """
    checks = {
        name: {"check_statement": f"count(*) FILTER (WHERE ({condition}) IS NOT TRUE) = 0"}
        for name, condition in conditions.items()
    }
    SQLTableCheckOperator(task_id=task_id, table=table, checks=checks, partition_clause=rows)
