"""Runs: what they did, when, and how tables and checks fared over time. From the log alone."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from fdwarehouse.database.json_rows import Row, rows

RUNS = 40
"""Runs that are listed."""
RUNS_WITH_STEPS = 12
"""Runs whose steps are read."""
POINTS = 60
"""Changes of a table, or results of a check, that make its trend."""

_RUNS = """
    WITH latest AS (
        SELECT * FROM etl.runs
        WHERE
            run_id IN (SELECT l.run_id FROM etl.runs AS l ORDER BY l.run_id DESC LIMIT %s)
            OR run_id = ANY(%s)
    ),

    lost AS (
        SELECT
            run_id,
            'no session holds the run, and its session ended without recording the result' AS error
        FROM latest
        WHERE run_id = (SELECT etl.lost_run())
    ),

    counted AS (
        SELECT
            s.run_id,
            max(s.finished_at) AS last_step_at,
            sum(s.rows_read) FILTER (WHERE s.layer = 'bronze') AS rows_read,
            sum(s.rows_inserted + s.rows_updated + s.rows_deleted)
                FILTER (WHERE s.layer <> 'source') AS rows_written,
            sum(s.rows_rejected) AS rows_rejected,
            count(*) FILTER (WHERE s.status = 'failed') AS steps_failed,
            count(*) FILTER (WHERE s.status = 'skipped') AS steps_skipped,
            count(*) FILTER (WHERE s.layer <> 'source') AS steps
        FROM etl.steps AS s
        INNER JOIN latest AS l ON s.run_id = l.run_id
        GROUP BY s.run_id
    ),

    chunked AS (
        SELECT run_id, sum(rows_read) AS rows_read FROM etl.chunks GROUP BY run_id
    ),

    checked AS (
        SELECT
            run_id,
            count(*) AS checks,
            count(*) FILTER (WHERE NOT passed AND severity = 'error') AS checks_failed,
            count(*) FILTER (WHERE NOT passed AND severity = 'warn') AS checks_warned
        FROM etl.check_results
        GROUP BY run_id
    )

    SELECT
        r.run_id, r.begun_by, r.label, r.begun_by_role, r.started_at, r.finished_at,
        CASE WHEN l.run_id IS NULL THEN r.status ELSE 'abandoned' END AS status,
        coalesce(r.error, l.error) AS error,
        coalesce(etl.error_of_run(r.run_id), l.error) AS error_without_values,
        extract(
            EPOCH FROM coalesce(
                r.finished_at,
                CASE WHEN l.run_id IS NULL THEN clock_timestamp() ELSE c.last_step_at END,
                r.started_at
            ) - r.started_at
        )::float AS seconds,
        coalesce(c.rows_read, 0) + coalesce(k.rows_read, 0) AS rows_read,
        coalesce(c.rows_written, 0) + coalesce(k.rows_read, 0) AS rows_written,
        coalesce(c.rows_rejected, 0) AS rows_rejected,
        coalesce(c.steps_failed, 0) AS steps_failed,
        coalesce(c.steps_skipped, 0) AS steps_skipped,
        coalesce(c.steps, 0) AS steps,
        coalesce(q.checks, 0) AS checks,
        coalesce(q.checks_failed, 0) AS checks_failed,
        coalesce(q.checks_warned, 0) AS checks_warned
    FROM latest AS r
    LEFT JOIN lost AS l ON r.run_id = l.run_id
    LEFT JOIN counted AS c ON r.run_id = c.run_id
    LEFT JOIN chunked AS k ON r.run_id = k.run_id
    LEFT JOIN checked AS q ON r.run_id = q.run_id
    ORDER BY r.run_id DESC
"""

_STEPS = """
    SELECT
        s.run_id, s.model, s.layer, s.status, s.is_full, s.since_run_id, s.rows_read,
        s.rows_inserted, s.rows_updated, s.rows_deleted, s.rows_rejected, s.table_bytes,
        s.error, s.error_code, m.table_name, m.interval_between IS NOT NULL AS is_reconciliation,
        (s.failure).message AS message, (s.failure).detail AS detail, (s.failure).hint AS hint,
        etl.without_values(s.error, s.error_code, s.error) AS error_without_values,
        extract(EPOCH FROM s.started_at - r.started_at)::float AS begins,
        extract(EPOCH FROM coalesce(s.finished_at, s.started_at) - s.started_at)::float AS seconds
    FROM etl.steps AS s
    INNER JOIN etl.runs AS r ON s.run_id = r.run_id
    LEFT JOIN etl.pipeline_steps AS m ON s.model = m.model
    WHERE s.run_id = ANY(%s)
    ORDER BY s.run_id, s.started_at NULLS LAST, s.position
"""

_CHECKS = """
    SELECT
        run_id, check_name, layer, severity, passed, offending_rows,
        etl.shows_rows(check_name) AS shows_rows,
        sample_rows::text AS sample_rows, checked_at,
        extract(EPOCH FROM duration)::float AS seconds
    FROM etl.check_results
    WHERE run_id = ANY(%s)
    ORDER BY run_id, passed, severity, check_name
"""

# Bronze only grows, by versions and tombstones. In silver, deleted rows stay and are marked.
_HISTORY = """
    WITH changes AS (
        SELECT
            m.table_name,
            s.run_id,
            max(s.finished_at) AS at,
            sum(
                CASE
                    WHEN m.layer = 'bronze'
                        THEN s.rows_inserted + s.rows_updated + s.rows_deleted
                    ELSE s.rows_inserted - s.rows_deleted
                END
            ) AS net,
            sum(s.rows_inserted + s.rows_updated + s.rows_deleted) AS written,
            sum(extract(EPOCH FROM s.duration))::float AS seconds,
            max(s.table_bytes) AS bytes
        FROM etl.steps AS s
        INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
        WHERE s.status = 'succeeded' AND m.layer <> 'source'
        GROUP BY m.table_name, s.run_id
    ),

    loaded AS (
        SELECT model AS table_name, sum(rows_read) AS rows_read
        FROM etl.chunks
        WHERE finished_at IS NOT NULL
        GROUP BY model
    ),

    added AS (
        SELECT
            c.*,
            sum(c.net) OVER past + coalesce(l.rows_read, 0) AS rows,
            row_number() OVER (PARTITION BY c.table_name ORDER BY c.run_id DESC) AS age
        FROM changes AS c
        LEFT JOIN loaded AS l ON c.table_name = l.table_name
        WINDOW past AS (PARTITION BY c.table_name ORDER BY c.run_id)
    )

    SELECT table_name, run_id, at, rows, written, seconds, bytes
    FROM added
    WHERE age <= %s
    ORDER BY table_name, run_id
"""

_CHECK_HISTORY = """
    SELECT check_name, run_id, checked_at AS at, offending_rows, passed
    FROM (
        SELECT
            *,
            row_number() OVER (PARTITION BY check_name ORDER BY checked_at DESC) AS age
        FROM etl.check_results
    ) AS r
    WHERE age <= %s
    ORDER BY check_name, checked_at
"""


def read_runs(
    connection: psycopg.Connection, limit: int = RUNS, besides: Sequence[int] = ()
) -> list[Row]:
    """List the latest runs, the newest first, with what each read, wrote and found.

    Args:
        connection: to the warehouse.
        limit: how many.
        besides: older runs that are listed too.
    """
    return rows(connection, _RUNS, [limit, [*besides]])


def read_steps(connection: psycopg.Connection, run_ids: list[int]) -> list[Row]:
    """List the steps of runs, as they began; ``begins`` is in seconds after the run's start.

    Args:
        connection: to the warehouse.
        run_ids: of the runs.
    """
    return rows(connection, _STEPS, [run_ids])


def read_results(connection: psycopg.Connection, run_ids: list[int]) -> list[Row]:
    """List the results of the checks of runs, failures first.

    Args:
        connection: to the warehouse.
        run_ids: of the runs.
    """
    return rows(connection, _CHECKS, [run_ids])


def read_table_history(connection: psycopg.Connection) -> dict[str, list[Row]]:
    """Follow each table through its latest steps: rows, bytes (null: as before) and seconds.

    Args:
        connection: to the warehouse.

    Returns:
        Points by name of the table, the oldest first.
    """
    return _by("table_name", rows(connection, _HISTORY, [POINTS]))


def read_check_history(connection: psycopg.Connection) -> dict[str, list[Row]]:
    """Follow each check through its latest results.

    Args:
        connection: to the warehouse.

    Returns:
        Results by name of the check, the oldest first.
    """
    return _by("check_name", rows(connection, _CHECK_HISTORY, [POINTS]))


def _by(column: str, found: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in found:
        grouped.setdefault(row.pop(column), []).append(row)
    return grouped
