CREATE VIEW etl.problems_of_runs AS
WITH lost_runs AS (
    SELECT
        r.run_id,
        r.begun_by,
        k.run_kind,
        coalesce(
            (SELECT max(s.finished_at) FROM etl.steps AS s WHERE s.run_id = r.run_id), r.started_at
        ) AS since
    FROM etl.runs AS r
    INNER JOIN etl.kinds_of_runs AS k ON r.begun_by = ANY(k.procedures)
    WHERE r.run_id = (SELECT etl.lost_run())
),

erasures AS (
    SELECT
        r.run_id,
        s.model
    FROM etl.runs AS r
    INNER JOIN etl.steps AS s ON r.run_id = s.run_id AND s.layer = 'bronze'
    WHERE r.begun_by = 'etl.forget'
)

SELECT
    CASE r.status WHEN 'failed' THEN 'run_failed' ELSE 'run_lost' END AS kind,
    k.severity,
    k.run_kind AS subject,
    first_run.finished_at AS since,
    r.run_id,
    format(
        CASE
            WHEN k.was_stopped THEN 'Run %s (%s) was cancelled: %s'
            WHEN r.status = 'failed' THEN 'Run %s (%s) failed: %s'
            ELSE 'Run %s (%s) did not end: %s'
        END,
        r.run_id,
        r.begun_by,
        etl.error_of_run(r.run_id)
    ) AS message,
    coalesce(
        'Correct the rows in production, or the check: SELECT * FROM etl.'
        || quote_ident('check_' || c.check_name) || '(0);',
        nullif(r.hint, ''),
        format('Fix it: SELECT model, error FROM etl.steps WHERE run_id = %s;', r.run_id)
    )
    || format(
        ' Then %s again%s.',
        CASE
            WHEN k.run_kind = 'pipeline' THEN 'run the pipeline'
            ELSE 'call ' || r.begun_by
        END,
        coalesce(
            ' with the same key of ' || e.model || ', which is not erased everywhere yet', ''
        )
    ) AS hint,
    NULL::jsonb AS sample_rows
FROM etl.kinds_of_runs AS k
INNER JOIN etl.runs AS r ON k.failing_run_id = r.run_id
INNER JOIN etl.runs AS first_run ON k.failing_since_run_id = first_run.run_id
LEFT JOIN erasures AS e ON r.run_id = e.run_id
LEFT JOIN LATERAL (
    SELECT f.check_name
    FROM etl.check_results AS f
    WHERE
        f.run_id = r.run_id
        AND f.severity = 'error'
        AND f.offending_rows > 0
        AND strpos(r.error, format('check %s failed', f.check_name)) = 1
    ORDER BY f.check_name
    LIMIT 1
) AS c ON true
WHERE k.run_kind NOT IN (SELECT l.run_kind FROM lost_runs AS l)
UNION ALL
SELECT
    'run_lost',
    'error',
    l.run_kind,
    l.since,
    l.run_id,
    format(
        'Run %s (%s) is open, but no session works on it: its session ended without recording a '
        'result.',
        l.run_id, l.begun_by
    ),
    coalesce(
        'Call etl.forget again with the same key of ' || e.model
        || ', which is not erased everywhere yet.',
        'Run again: what it committed is kept, and the next run marks it as abandoned.'
    ),
    NULL
FROM lost_runs AS l
LEFT JOIN erasures AS e ON l.run_id = e.run_id
UNION ALL
SELECT
    'never_ran',
    'warn',
    'pipeline',
    (SELECT min(m.applied_at) FROM etl.migrations AS m),
    NULL,
    'The warehouse is deployed, but was never filled.',
    'Run `fdwarehouse run`, or CALL etl.run_pipeline().',
    NULL
WHERE EXISTS (SELECT FROM etl.pipeline_steps)
    AND NOT EXISTS (SELECT FROM etl.watermarks)
    AND NOT EXISTS (SELECT FROM etl.runs WHERE status <> 'succeeded');
COMMENT ON VIEW etl.problems_of_runs IS
'The kinds run_failed, run_lost and never_ran of etl.problems, with its columns.';
