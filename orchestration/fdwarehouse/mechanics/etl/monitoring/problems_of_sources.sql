CREATE VIEW etl.problems_of_sources AS
WITH last_fences AS (
    SELECT
        s.*,
        f.run_id,
        f.kind,
        f.held_by,
        f.observed_at - f.held_since > s.warn_after AS is_held_too_long,
        -- the clock of the warehouse
        coalesce(f.held_since + (f.asked_at - f.observed_at), f.observed_at) AS since
    FROM etl.sources AS s
    INNER JOIN etl.fences AS f
        ON s.source_name = f.source_name
            AND f.run_id = (
                SELECT max(l.run_id) FROM etl.fences AS l WHERE l.source_name = s.source_name
            )
)

SELECT
    'source_late' AS kind,
    'error' AS severity,
    source_name AS subject,
    late_since AS since,
    run_id,
    format(
        'The data of %s is older than %s: %s shows it as of %s.',
        source_name,
        fresh_within,
        oldest_table,
        to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
    ) AS message,
    'Does the pipeline run often enough, and does it succeed? fresh_within in warehouse.yaml is '
    'the promise.' AS hint,
    NULL::jsonb AS sample_rows
FROM etl.freshness
WHERE is_late
UNION ALL
SELECT
    'fence_held',
    'warn',
    source_name,
    since,
    run_id,
    format(
        'A transaction has held the fence of %s back for longer than %s: %s.',
        source_name, warn_after, held_by
    ),
    'What is committed after it began is read when it has ended. In production: '
    'SELECT pg_terminate_backend(process), or ROLLBACK PREPARED.',
    NULL
FROM last_fences
WHERE is_held_too_long AND kind = fence
UNION ALL
SELECT
    'fence_held',
    'warn',
    source_name,
    since,
    run_id,
    format('The fence of %s is of kind %s, not %s: %s.', source_name, kind, fence, held_by),
    'Or set fence: lookback in warehouse.yaml, whose promise is weaker.',
    NULL
FROM last_fences
WHERE kind <> fence
UNION ALL
SELECT
    'drift',
    CASE WHEN d.breaks IS NULL THEN 'warn' ELSE 'error' END,
    d.source_name || '.' || d.subject,
    r.started_at,
    d._run_id,
    format('%s.%s: %s', d.source_name, d.subject, d.difference)
    || coalesce(format('; %s is not loaded', d.breaks), '') || '.',
    'Record it with `fdwarehouse contract`, adapt the tables downstream, and deploy.',
    NULL
FROM etl.drift AS d
INNER JOIN etl.runs AS r ON d._run_id = r.run_id
UNION ALL
SELECT
    'unreconciled',
    'warn',
    m.source_name,
    min(u.noticed_at),
    min(u.run_id),
    format(
        '%s may lack changes: %s.',
        CASE count(*)
            WHEN 1 THEN min(u.model)
            ELSE format('%s tables, such as %s,', count(*), min(u.model))
        END,
        min(u.reason)
    ),
    'The next run that reads them compares them with production and repairs them.',
    NULL
FROM etl.unreconciled AS u
INNER JOIN etl.pipeline_steps AS m ON u.model = m.model
INNER JOIN etl.runs AS r ON u.run_id = r.run_id
-- a run reconciles what it notices
WHERE r.status <> 'running' OR r.run_id = (SELECT etl.lost_run())
GROUP BY m.source_name;
COMMENT ON VIEW etl.problems_of_sources IS
'The kinds source_late, fence_held, drift and unreconciled of etl.problems, with its columns.';
