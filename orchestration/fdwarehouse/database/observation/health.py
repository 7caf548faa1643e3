"""Whether the warehouse is all right: problems, freshness, rejected rows, what is next."""

from __future__ import annotations

import psycopg

from fdwarehouse.database.json_rows import Row, rows

_PROBLEMS = """
    SELECT
        problem, kind, severity, subject, since, run_id, message, hint,
        coalesce(sample_rows, '[]')::text AS sample_rows
    FROM etl.problems
    ORDER BY severity, since DESC NULLS LAST, problem
"""

_REJECTED = """
    WITH grouped AS (
        SELECT model, reasons, count(*) AS rows, max(_run_id) AS run_id
        FROM silver.rejected_rows
        GROUP BY model, reasons
        ORDER BY count(*) DESC
        LIMIT 100
    )

    SELECT
        g.model, g.reasons, g.rows, g.run_id,
        (
            SELECT json_agg(json_build_object('key', t.key, 'row', t.rejected_row))::text
            FROM (
                SELECT r.key, r.rejected_row
                FROM silver.rejected_rows AS r
                WHERE r.model = g.model AND r.reasons = g.reasons
                ORDER BY r._run_id DESC
                LIMIT 5
            ) AS t
        ) AS samples
    FROM grouped AS g
    ORDER BY g.model, g.rows DESC
"""

_RECONCILIATIONS = """
    SELECT
        m.table_name, w.run_id AS last_run_id, w.advanced_at AS last_at,
        extract(EPOCH FROM m.interval_between)::float AS every_seconds,
        nullif(w.advanced_at, '-infinity') + m.interval_between AS due_at,
        u.reason AS needed_because,
        coalesce(w.advanced_at + m.interval_between <= clock_timestamp(), true)
        OR u.model IS NOT NULL AS is_due
    FROM etl.pipeline_steps AS m
    LEFT JOIN etl.watermarks AS w ON m.model = w.model
    LEFT JOIN etl.unreconciled AS u ON m.table_name = u.model
    WHERE m.interval_between IS NOT NULL
    ORDER BY due_at NULLS FIRST, m.position
"""

_FULL = """
    SELECT m.table_name, m.layer
    FROM etl.pipeline_steps AS m
    LEFT JOIN etl.watermarks AS w ON m.model = w.model
    WHERE m.layer <> 'source' AND m.interval_between IS NULL AND coalesce(w.run_id, 0) = 0
    ORDER BY m.position
"""


def read_problems(connection: psycopg.Connection) -> list[Row]:
    """List what is wrong right now, errors first, each with rows that show it.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _PROBLEMS)


def read_rejected(connection: psycopg.Connection) -> list[Row]:
    """Count the rejected rows by table and reasons, each with some of them.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _REJECTED)


def read_reconciliations(connection: psycopg.Connection) -> list[Row]:
    """List the scheduled reconciliations, the next one first.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _RECONCILIATIONS)


def read_full_refreshes(connection: psycopg.Connection) -> list[Row]:
    """List the tables that the next run computes in full, in its order.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _FULL)
