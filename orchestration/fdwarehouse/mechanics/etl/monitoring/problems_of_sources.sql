CREATE VIEW etl.problems_of_sources AS
WITH last_fences AS (
    SELECT
        f.*,
        -- the clock of the warehouse
        coalesce(f.held_since + (f.asked_at - f.observed_at), f.observed_at) AS since,
        to_char(f.asked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS read_at,
        substring(f.held_by FROM '^process (\d+),') AS process,
        substring(f.held_by FROM '^prepared transaction (.*)$') AS prepared_transaction
    FROM etl.last_fences AS f
),

noted_drift AS (
    SELECT
        d.*,
        d.source_name || '.' || d.subject AS name,
        r.started_at
    FROM etl.drift AS d
    INNER JOIN etl.runs AS r ON d._run_id = r.run_id
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
        etl.in_words(fresh_within),
        oldest_table,
        coalesce(to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), 'an unknown time')
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
        'When run %s read the fence of %s%s, a transaction had held it back for %s, longer than '
        'the %s of warn_after: %s.',
        run_id,
        source_name,
        coalesce(' at ' || read_at, ''),
        etl.in_words(held_for),
        etl.in_words(warn_after),
        held_by
    ),
    'It may have ended since: the next run shows that. What is committed after it began is read '
    'once it has ended. '
    || CASE
        WHEN process IS NOT NULL
            THEN format('To end it, in production: SELECT pg_terminate_backend(%s);', process)
        WHEN prepared_transaction IS NOT NULL
            THEN format('To end it, in production: ROLLBACK PREPARED %L;', prepared_transaction)
        ELSE 'pg_stat_activity of production shows it.'
    END,
    NULL
FROM last_fences
WHERE is_held_too_long AND kind = wanted_kind
UNION ALL
SELECT
    'fence_held',
    'warn',
    source_name,
    since,
    run_id,
    format('The fence of %s is of kind %s, not %s: %s.', source_name, kind, wanted_kind, held_by),
    'Or set fence: lookback in warehouse.yaml, whose promise is weaker.',
    NULL
FROM last_fences
WHERE kind <> wanted_kind
UNION ALL
SELECT
    'drift',
    CASE WHEN breaks IS NULL THEN 'warn' ELSE 'error' END,
    name,
    started_at,
    _run_id,
    CASE
        WHEN breaks IS NULL THEN format('%s: %s.', name, difference)
        ELSE format('%s: %s. Therefore %s is not loaded.', name, difference, breaks)
    END,
    CASE
        WHEN breaks IS NULL
            THEN 'Nothing stops. Record it with `fdwarehouse contract`, and deploy.'
        ELSE 'Record it with `fdwarehouse contract`, adapt the tables downstream, and deploy. The '
            'next run then compares the table with production as a whole.'
    END,
    NULL
FROM noted_drift
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
WHERE (r.status <> 'running' OR r.run_id = (SELECT etl.lost_run()))
    -- a table that is not loaded because of drift is reconciled when it is loaded again
    AND m.table_name NOT IN (SELECT d.breaks FROM etl.drift AS d WHERE d.breaks IS NOT NULL)
GROUP BY m.source_name;
COMMENT ON VIEW etl.problems_of_sources IS
'The kinds source_late, fence_held, drift and unreconciled of etl.problems, with its columns.';
