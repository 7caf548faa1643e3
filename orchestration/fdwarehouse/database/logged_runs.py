"""Runs as the log has them: the last ones, and one with its steps, checks and fences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from fdwarehouse.database.connections import connect
from fdwarehouse.database.json_rows import rows, value
from fdwarehouse.database.running import require_deployed
from fdwarehouse.errors import FdwarehouseError

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
        WHERE %s::bigint IS NULL OR run_id = %s
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


_STEPS = """
    SELECT
        s.model, s.layer, coalesce(p.state, s.status) AS status, s.is_full, s.since_run_id,
        s.rows_read, s.rows_inserted, s.rows_updated, s.rows_deleted, s.rows_rejected,
        s.started_at, s.finished_at, extract(EPOCH FROM s.duration) AS seconds, s.error,
        s.error_code
    FROM etl.steps AS s
    LEFT JOIN etl.progress AS p ON s.run_id = p.run_id AND s.model = p.model
    WHERE s.run_id = %s
    ORDER BY s.position, s.model
"""

_CHECKS = """
    SELECT
        r.check_name AS name, r.layer, r.severity,
        CASE
            WHEN r.passed THEN 'passed'
            WHEN r.severity = 'error' THEN 'failed'
            ELSE 'warned'
        END AS status,
        r.offending_rows, r.sample_rows, r.since_run_id, r.checked_at,
        extract(EPOCH FROM r.duration) AS seconds, coalesce(c.description, '') AS description
    FROM etl.check_results AS r
    LEFT JOIN etl.checks AS c ON r.check_name = c.check_name
    WHERE r.run_id = %s
    ORDER BY array_position('{bronze,silver,gold}', r.layer), r.check_name
"""

_FENCES = """
    SELECT
        source_name AS source, kind AS fence_kind, fence, observed_at, held_by, held_since,
        extract(EPOCH FROM observed_at - held_since) AS held_seconds,
        CASE WHEN isfinite(fence) THEN extract(EPOCH FROM observed_at - fence) END AS lag_seconds
    FROM etl.fences
    WHERE run_id = %s
    ORDER BY source_name
"""

_CHUNKS = """
    SELECT model, count(*) AS chunks, sum(rows_read) AS rows_read
    FROM etl.chunks
    WHERE run_id = %s
    GROUP BY model
    ORDER BY model
"""


@contextmanager
def reading_log(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """Connect to read the log: times are in UTC, and no lock is waited for.

    Args:
        warehouse_url: connection string of a role that may read ``etl`` and ``silver``.

    Raises:
        FdwarehouseError: the warehouse cannot be reached, or is being deployed.
    """
    with connect(warehouse_url, autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute("SET lock_timeout = '100ms'")
        try:
            yield connection
        except psycopg.errors.LockNotAvailable as error:
            raise FdwarehouseError(
                "the log cannot be read while the warehouse is being deployed",
                hint="Try again when the deploy has ended.",
                exit_code=1,
            ) from error


def logged_runs(connection: psycopg.Connection, run_id: int | None = None) -> list[dict[str, Any]]:
    """Describe the last ten runs, the newest first, or one.

    Args:
        connection: see `reading_log`.
        run_id: the only run wanted.
    """
    runs = rows(connection, _RUNS, [run_id, run_id])
    if any(run["is_lost"] for run in runs):  # or it has just ended: read again
        runs = rows(connection, _RUNS, [run_id, run_id])
    for run in runs:
        if run.pop("is_lost"):  # a full disk, for example; the next run records it
            run["status"] = "abandoned"
            run["error"] = run["error"] or _LOST
    return runs


def read_run(warehouse_url: str, run_id: int) -> dict[str, Any]:
    """Describe one run as JSON values, like `fdwarehouse.database.status.read_status`.

    Args:
        warehouse_url: connection string of a role that may read ``etl``.
        run_id: the run.

    Returns:
        ``run``, ``steps`` in the order of building, ``checks``, ``fences`` per source, and
        ``chunks`` per table that a backfill loaded.

    Raises:
        FdwarehouseError: there is no such run, or the log cannot be read.
    """
    with reading_log(warehouse_url) as connection:
        require_deployed(connection)
        found = logged_runs(connection, run_id)
        if not found:
            last = value(connection, "SELECT max(run_id) FROM etl.runs")
            raise FdwarehouseError(
                f"there is no run {run_id}",
                hint=f"The last run is {last}." if last else "There was no run yet.",
            )
        return {
            "run": found[0],
            "steps": rows(connection, _STEPS, [run_id]),
            "checks": rows(connection, _CHECKS, [run_id]),
            "fences": rows(connection, _FENCES, [run_id]),
            "chunks": rows(connection, _CHUNKS, [run_id]),
        }
