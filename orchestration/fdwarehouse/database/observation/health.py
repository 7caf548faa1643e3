"""Whether the warehouse is all right: problems, freshness, checks, rejected rows, what is next."""

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

_SOURCES = """
    SELECT
        s.source_name AS source, s.source_system AS system, f.kind AS fence_kind, f.fence,
        f.observed_at, f.run_id, f.held_by, f.held_since,
        coalesce(f.observed_at - f.held_since > s.warn_after, false) AS is_held_too_long,
        p.oldest_table, p.as_of, p.run_id AS built_run_id, p.is_late,
        extract(EPOCH FROM CASE WHEN isfinite(p.age) THEN p.age END)::float AS age_seconds,
        extract(EPOCH FROM p.fresh_within)::float AS promised_seconds,
        (
            SELECT coalesce(json_agg(json_build_object(
                'table', u.table_name, 'reason', u.reason, 'run_id', u.noticed_run_id
            ) ORDER BY u.table_name), '[]')
            FROM etl.promises AS u
            WHERE u.source_name = s.source_name AND u.noticed_run_id IS NOT NULL
        ) AS unreconciled,
        (
            SELECT coalesce(json_agg(json_build_object(
                'subject', d.subject, 'difference', d.difference, 'breaks', d.breaks,
                'run_id', d._run_id
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
    LEFT JOIN etl.freshness AS p ON s.source_name = p.source_name
    ORDER BY s.source_name
"""

_CHECKS = """
    SELECT
        c.check_name AS name, c.layer, c.severity, c.scope, c.description, c.reads, r.passed,
        r.offending_rows, r.sample_rows::text AS sample_rows, r.run_id, r.checked_at,
        format('SELECT * FROM etl.%I(0);', 'check_' || c.check_name) AS query,
        (
            SELECT pg_get_functiondef(p.oid)
            FROM pg_proc AS p
            WHERE p.oid = to_regproc(format('etl.%I', 'check_' || c.check_name))
        ) AS sql
    FROM etl.checks AS c
    LEFT JOIN LATERAL (
        SELECT * FROM etl.check_results WHERE check_results.check_name = c.check_name
        ORDER BY checked_at DESC
        LIMIT 1
    ) AS r ON true
    ORDER BY array_position('{bronze,silver,gold}', c.layer), c.check_name
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
    """List what is wrong right now, errors first. The only reader of ``etl.problems``.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _PROBLEMS)


def read_sources(connection: psycopg.Connection) -> list[Row]:
    """Describe the sources: how fresh, what holds the fence, drift, what is not reconciled.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _SOURCES)


def read_checks(connection: psycopg.Connection) -> list[Row]:
    """List the checks, each with its last result.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _CHECKS)


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
