"""The sources and checks as they are now: what status and the site both show."""

from __future__ import annotations

import psycopg

from fdwarehouse.database.json_rows import Row, rows

_SOURCES = """
    SELECT
        s.source_name AS source, s.source_system AS system, s.fence AS wanted_fence_kind,
        f.kind AS fence_kind, f.fence, f.observed_at, f.run_id, f.held_by, f.held_since,
        extract(EPOCH FROM f.held_for) AS held_seconds,
        coalesce(f.is_held_too_long, false) AS is_held_too_long,
        CASE
            WHEN isfinite(f.fence) THEN extract(EPOCH FROM f.observed_at - f.fence)
        END AS lag_seconds,
        extract(EPOCH FROM clock_timestamp() - f.observed_at) AS fence_age_seconds,
        f.run_id IS NULL OR f.running_since IS NOT NULL AS notices_other_servers,
        etl.in_words(s.lookback) AS lookback,
        p.oldest_table, p.as_of, p.run_id AS built_run_id, p.is_late,
        extract(EPOCH FROM CASE WHEN isfinite(p.age) THEN p.age END)::float AS data_age_seconds,
        extract(EPOCH FROM p.fresh_within)::float AS promised_seconds,
        (
            SELECT coalesce(json_agg(json_build_object(
                'table', u.table_name, 'reason', u.reason, 'since_run_id', u.noticed_run_id
            ) ORDER BY u.table_name), '[]')
            FROM etl.promises AS u
            WHERE u.source_name = s.source_name AND u.noticed_run_id IS NOT NULL
        ) AS unreconciled,
        (
            SELECT coalesce(json_agg(json_build_object(
                'subject', d.subject, 'difference', d.difference, 'breaks', d.breaks,
                'since_run_id', d._run_id
            ) ORDER BY d.subject), '[]')
            FROM etl.drift AS d
            WHERE d.source_name = s.source_name
        ) AS drift
    FROM etl.sources AS s
    LEFT JOIN etl.last_fences AS f ON s.source_name = f.source_name
    LEFT JOIN etl.freshness AS p ON s.source_name = p.source_name
    ORDER BY s.source_name
"""

_CHECKS = """
    SELECT
        check_name AS name, layer, severity, scope, description, reads, passed, offending_rows,
        sample_rows::text AS sample_rows, etl.shows_rows(check_name) AS shows_rows, run_id,
        checked_at,
        extract(EPOCH FROM duration) AS seconds, failing_since, last_run_id, last_checked_at,
        format('SELECT * FROM etl.%I(0);', 'check_' || check_name) AS query,
        (
            SELECT pg_get_functiondef(p.oid)
            FROM pg_proc AS p
            WHERE p.oid = to_regproc(format('etl.%I', 'check_' || check_name))
        ) AS sql
    FROM etl.last_check_results
    ORDER BY array_position('{bronze,silver,gold}', layer), check_name
"""


def read_sources(connection: psycopg.Connection) -> list[Row]:
    """Describe the sources: their last fence, how old their data is, drift, what may lack changes.

    Args:
        connection: to the warehouse.
    """
    return rows(connection, _SOURCES)


def read_checks(connection: psycopg.Connection) -> list[Row]:
    """List the checks, each with the result that counts, see ``etl.last_check_results``.

    Args:
        connection: to the warehouse.

    Returns:
        The checks by layer; ``sample_rows`` is JSON as text, so that numbers stay as written.
    """
    return rows(connection, _CHECKS)
