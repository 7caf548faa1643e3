"""The status of the warehouse: runs, tables, sources, checks and rejected rows, from its log."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from fdwarehouse.database.json_rows import Row, rows, value
from fdwarehouse.database.logged_runs import logged_runs, reading_log
from fdwarehouse.database.present_state import read_checks, read_sources

EXACT_BYTES = 100 * 2**20
"""Size in bytes up to which rows are counted; for larger tables statistics are used."""

_TABLES = """
    SELECT
        m.table_name AS "table", m.layer, m.source_name AS source,
        w.run_id AS last_success_run_id, w.advanced_at AS last_success_at, w.fence AS watermark,
        extract(EPOCH FROM r.interval_between)::bigint AS reconciled_every_seconds,
        v.run_id AS last_reconciled_run_id,
        nullif(v.advanced_at, '-infinity') AS last_reconciled_at, c.rows,
        CASE
            WHEN t.kind IN ('raw', 'table', 'mirror', 'dimension') THEN t.maintenance
        END AS kept_up
    FROM etl.pipeline_steps AS m
    LEFT JOIN etl.tables AS t ON m.table_name = t.table_name
    CROSS JOIN LATERAL (
        WITH RECURSIVE parts AS ( -- pg_partition_tree would wait for a first load
            SELECT to_regclass(m.table_name)::oid AS oid
            UNION ALL
            SELECT i.inhrelid
            FROM parts AS p
            INNER JOIN pg_inherits AS i ON p.oid = i.inhparent
        )

        SELECT sum(greatest(c.reltuples, 0))::bigint AS rows
        FROM parts AS p
        INNER JOIN pg_class AS c ON p.oid = c.oid
        WHERE c.relkind = 'r'
    ) AS c
    LEFT JOIN etl.watermarks AS w ON m.model = w.model
    LEFT JOIN etl.pipeline_steps AS r
        ON m.table_name = r.table_name AND r.interval_between IS NOT NULL
    LEFT JOIN etl.watermarks AS v ON r.model = v.model
    WHERE m.layer <> 'source' AND m.interval_between IS NULL AND c.rows IS NOT NULL
    ORDER BY m.position
"""

_SHOWN_OF_SOURCES = (
    *("source", "system", "wanted_fence_kind", "fence_kind", "fence", "observed_at", "run_id"),
    *("held_by", "held_since", "held_seconds", "is_held_too_long", "lag_seconds"),
    *("unreconciled", "drift"),
)
_SHOWN_OF_CHECKS = (
    *("name", "layer", "severity", "scope", "description", "passed", "offending_rows"),
    *("run_id", "checked_at", "seconds", "failing_since", "last_run_id", "last_checked_at"),
)
_NOT_NOTICED = (
    "a clock set back, another server and rewritten tables are not detected until production is "
    "bootstrapped again: `fdwarehouse bootstrap --side production`"
)
_PROMISES = {
    "activity": "complete: transactions that began before the fence had ended when it was read",
    "xid": "complete, independent of clocks: all older transactions had ended",
    "lookback": "complete if no transaction of the source stays open for {}",
}
_DOUBT = "not complete until the next run has reconciled the tables below"

_PROBLEMS = """
    SELECT problem, kind, severity, subject, since, run_id, message, hint
    FROM etl.problems
    ORDER BY severity, since
"""

_REJECTED = """
    SELECT
        model, array_to_string(reasons, ', ') AS reasons, count(*) AS rows,
        max(_run_id) AS last_run_id
    FROM silver.rejected_rows
    GROUP BY 1, 2
    ORDER BY 1, 3 DESC
"""


_SIZE = """
    SELECT pg_relation_size(name) + coalesce(
        (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(name)), 0
    )
    FROM to_regclass(%s) AS name
"""


def read_status(warehouse_url: str, *, counts_rows: bool = True) -> dict[str, Any]:
    """Describe the warehouse as JSON values; times are ISO 8601 in UTC, time spans in seconds.

    Args:
        warehouse_url: connection string of a role that may read ``etl`` and ``silver``.
        counts_rows: whether to count the rows of small tables; of others, statistics are used.

    Returns:
        ``deployed`` and ``database``; when deployed also ``problems`` (errors first), ``runs`` (the
        newest first), ``tables`` in the order of building, ``sources``, ``checks``
        with their last result, ``rejected_rows``.

    Raises:
        FdwarehouseError: the warehouse cannot be reached, or is being deployed.
    """
    with reading_log(warehouse_url) as connection:
        info = connection.info
        is_deployed = value(connection, "SELECT to_regclass('etl.deployed_objects') IS NOT NULL")
        described: dict[str, Any] = {"deployed": is_deployed, "database": info.dbname}
        if is_deployed:
            described |= {
                "problems": rows(connection, _PROBLEMS),
                "runs": logged_runs(connection),
                "tables": _tables(connection, counts_rows=counts_rows),
                "sources": [_source(row) for row in read_sources(connection)],
                "checks": [_check(row) for row in read_checks(connection)],
                "rejected_rows": rows(connection, _REJECTED),
            }
    return described


def _source(row: Row) -> Row:
    promise = _PROMISES.get(row["fence_kind"], "").format(row["lookback"])
    return {name: row[name] for name in _SHOWN_OF_SOURCES} | {
        "age_seconds": row["fence_age_seconds"],
        "promise": _DOUBT if row["unreconciled"] else promise or None,
        "not_noticed": None if row["notices_other_servers"] else _NOT_NOTICED,
    }


def _check(row: Row) -> Row:
    sample = row["sample_rows"]
    shown = {name: row[name] for name in _SHOWN_OF_CHECKS}
    return shown | {"sample_rows": None if sample is None else json.loads(sample)}


def _tables(connection: psycopg.Connection, *, counts_rows: bool) -> list[dict[str, Any]]:
    tables = rows(connection, _TABLES)
    for table in tables:
        name = table["table"]
        try:
            is_large = not counts_rows or value(connection, _SIZE, name) > EXACT_BYTES
            table["rows_are_estimated"] = is_large
            if not table["rows_are_estimated"]:
                table["rows"] = value(connection, f"SELECT count(*) FROM {name}")  # noqa: S608
        except psycopg.errors.LockNotAvailable:  # a first load fills it
            table["rows_are_estimated"] = True
    return tables
