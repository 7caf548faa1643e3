"""The status of the warehouse: runs, tables, sources, checks and rejected rows, from its log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from fdwarehouse.database.connections import connect
from fdwarehouse.errors import FdwarehouseError

EXACT_BYTES = 100 * 2**20
"""Size in bytes up to which rows are counted; for larger tables statistics are used."""

# The server builds the JSON: unlike Python's, its time stamps may be infinite.
_RUNS = """
    SELECT
        r.run_id, r.begun_by, r.label, r.status, r.error, r.begun_by_role, r.started_at,
        r.finished_at, r.is_lost,
        extract(
            EPOCH FROM coalesce(
                r.finished_at,
                CASE WHEN r.is_lost THEN r.last_step_at ELSE clock_timestamp() END
            ) - r.started_at
        ) AS seconds,
        s.rows_read + c.rows_read AS rows_read,
        s.rows_written + c.rows_read AS rows_written,
        s.rows_rejected,
        CASE
            WHEN r.status = 'succeeded' OR r.run_id < (SELECT max(run_id) FROM etl.runs)
                THEN NULL
            WHEN r.begun_by = 'etl.backfill' -- an interrupted one too: it can be resumed
                THEN (
                    SELECT json_build_object(
                        'unit', 'chunks',
                        'done', sum(chunks_loaded),
                        'of', sum(chunks),
                        'running', '[]'::json,
                        'seconds_left', extract(EPOCH FROM sum(time_left))
                    )
                    FROM etl.backfill_progress
                    HAVING count(*) > 0
                )
            WHEN r.status = 'running' AND NOT r.is_lost
                THEN (
                    SELECT json_build_object(
                        'unit', 'steps',
                        'done', count(*) FILTER (WHERE state IN ('written', 'succeeded')),
                        'of', NULL, -- a layer's steps are planned when it begins
                        'running', coalesce(json_agg(model) FILTER (WHERE state = 'running'), '[]'),
                        'seconds_left', NULL
                    )
                    FROM etl.progress
                )
        END AS progress
    FROM (
        SELECT
            *,
            status = 'running' AND CASE
                WHEN lease IS NULL THEN etl.run_owner(run_id) IS NULL
                ELSE lease_until < clock_timestamp() AND etl.run_owner(run_id) IS NULL
            END AS is_lost,
            (
                SELECT max(s.finished_at) FROM etl.steps AS s WHERE s.run_id = r.run_id
            ) AS last_step_at
        FROM etl.runs AS r
        ORDER BY run_id DESC
        LIMIT 10
    ) AS r
    CROSS JOIN LATERAL (
        SELECT
            coalesce(sum(rows_read) FILTER (WHERE layer = 'bronze'), 0) AS rows_read,
            coalesce(
                sum(rows_inserted + rows_updated + rows_deleted) FILTER (WHERE layer <> 'source'),
                0
            ) AS rows_written,
            coalesce(sum(rows_rejected), 0) AS rows_rejected
        FROM etl.steps
        WHERE steps.run_id = r.run_id
    ) AS s
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(rows_read), 0) AS rows_read
        FROM etl.chunks
        WHERE chunks.run_id = r.run_id
    ) AS c
    ORDER BY r.run_id DESC
"""
_LOST = "no session holds the run, and its session ended without recording the result"

_TABLES = """
    SELECT
        m.table_name AS "table", m.layer, m.source_name AS source,
        w.run_id AS last_success_run_id, w.advanced_at AS last_success_at, w.fence AS watermark,
        extract(EPOCH FROM r.interval_between)::bigint AS reconciled_every_seconds,
        v.run_id AS last_reconciled_run_id,
        nullif(v.advanced_at, '-infinity') AS last_reconciled_at, c.rows,
        substring(
            obj_description(to_regclass(m.table_name), 'pg_class')
            FROM '(?:Maintenance:|Kept up) (.*)[.]$'
        ) AS kept_up
    FROM etl.pipeline_steps AS m
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

_SOURCES = """
    SELECT
        s.source_name AS source, s.source_system AS system, s.fence AS wanted_fence_kind,
        f.kind AS fence_kind, f.fence, f.observed_at, f.run_id, f.held_by, f.held_since,
        extract(EPOCH FROM f.observed_at - f.held_since) AS held_seconds,
        coalesce(f.observed_at - f.held_since > s.warn_after, false) AS is_held_too_long,
        CASE
            WHEN isfinite(f.fence) THEN extract(EPOCH FROM f.observed_at - f.fence)
        END AS lag_seconds,
        extract(EPOCH FROM clock_timestamp() - f.observed_at) AS age_seconds,
        CASE
            WHEN u.tables IS NOT NULL
                THEN 'not complete until the next run has reconciled the tables below'
            WHEN f.kind = 'activity'
                THEN 'complete: transactions that began before the fence had ended when it was read'
            WHEN f.kind = 'xid'
                THEN 'complete, independent of clocks: all older transactions had ended'
            WHEN f.kind = 'lookback'
                THEN 'complete if no transaction of the source stays open for ' || s.lookback
        END AS promise,
        CASE
            WHEN f.running_since IS NULL
                THEN 'a clock set back, another server and rewritten tables are not detected '
                    'until production is bootstrapped again: '
                    '`fdwarehouse bootstrap --side production`'
        END AS not_noticed,
        coalesce(u.tables, '[]') AS unreconciled,
        (
            SELECT coalesce(json_agg(json_build_object(
                'subject', d.subject,
                'difference', d.difference,
                'breaks', d.breaks,
                'since_run_id', d._run_id
            ) ORDER BY d.subject), '[]')
            FROM etl.drift AS d
            WHERE d.source_name = s.source_name
        ) AS drift
    FROM etl.sources AS s
    LEFT JOIN LATERAL (
        SELECT * FROM etl.fences WHERE fences.source_name = s.source_name
        ORDER BY run_id DESC
        LIMIT 1
    ) AS f ON true
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_object(
            'table', p.table_name, 'reason', p.reason, 'since_run_id', p.noticed_run_id
        ) ORDER BY p.table_name) AS tables
        FROM etl.promises AS p
        WHERE p.source_name = s.source_name AND p.noticed_run_id IS NOT NULL
    ) AS u
    ORDER BY s.source_name
"""

_CHECKS = """
    SELECT
        c.check_name AS name, c.layer, c.severity, c.scope, c.description, r.passed,
        r.offending_rows, r.sample_rows, r.run_id, r.checked_at,
        extract(EPOCH FROM r.duration) AS seconds
    FROM etl.checks AS c
    LEFT JOIN LATERAL (
        SELECT * FROM etl.check_results WHERE check_results.check_name = c.check_name
        ORDER BY checked_at DESC
        LIMIT 1
    ) AS r ON true
    ORDER BY array_position('{bronze,silver,gold}', c.layer), c.check_name
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


def read_status(warehouse_url: str) -> dict[str, Any]:
    """Describe the warehouse as JSON values; times are ISO 8601 in UTC, time spans in seconds.

    Args:
        warehouse_url: connection string of a role that may read ``etl`` and ``silver``.

    Returns:
        ``deployed`` and ``database``; when deployed also ``runs`` (the newest first), ``tables`` in
        the order of building, ``sources``, ``checks`` with their last result, ``rejected_rows``.

    Raises:
        FdwarehouseError: the warehouse cannot be reached, or is being deployed.
    """
    with connect(warehouse_url, autocommit=True) as connection, _no_deploy():
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute("SET lock_timeout = '100ms'")
        info = connection.info
        is_deployed = _value(connection, "SELECT to_regclass('etl.deployed_objects') IS NOT NULL")
        described: dict[str, Any] = {"deployed": is_deployed, "database": info.dbname}
        if is_deployed:
            described |= {
                "runs": _runs(connection),
                "tables": _tables(connection),
                "sources": _rows(connection, _SOURCES),
                "checks": _rows(connection, _CHECKS),
                "rejected_rows": _rows(connection, _REJECTED),
            }
    return described


@contextmanager
def _no_deploy() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise FdwarehouseError(
            "the log cannot be read while the warehouse is being deployed",
            hint="Try again when the deploy has ended.",
            exit_code=1,
        ) from error


def _runs(connection: psycopg.Connection) -> list[dict[str, Any]]:
    runs = _rows(connection, _RUNS)
    if any(run["is_lost"] for run in runs):  # or it has just ended: read again
        runs = _rows(connection, _RUNS)
    for run in runs:
        if run.pop("is_lost"):  # a full disk, for example; the next run records it
            run["status"] = "abandoned"
            run["error"] = run["error"] or _LOST
    return runs


def _tables(connection: psycopg.Connection) -> list[dict[str, Any]]:
    tables = _rows(connection, _TABLES)
    for table in tables:
        name = table["table"]
        try:
            table["rows_are_estimated"] = _value(connection, _SIZE, name) > EXACT_BYTES
            if not table["rows_are_estimated"]:
                table["rows"] = _value(connection, f"SELECT count(*) FROM {name}")  # noqa: S608
        except psycopg.errors.LockNotAvailable:  # a first load fills it
            table["rows_are_estimated"] = True
    return tables


def _rows(connection: psycopg.Connection, query: str) -> list[dict[str, Any]]:
    wrapped = f"SELECT coalesce(json_agg(row_to_json(r)), '[]') FROM ({query}) AS r"  # noqa: S608
    rows: list[dict[str, Any]] = _value(connection, wrapped)
    return rows


def _value(connection: psycopg.Connection, query: str, *parameters: str) -> Any:
    row = connection.execute(query.encode(), parameters or None).fetchone()
    return row[0] if row else None
