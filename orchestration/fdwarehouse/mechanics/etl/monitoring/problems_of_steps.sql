CREATE VIEW etl.problems_of_steps AS
WITH last_successes AS (
    SELECT
        m.model,
        m.table_name,
        m.layer,
        m.source_name,
        CASE m.layer
            WHEN 'source'
                THEN (
                    SELECT max(f.run_id) FROM etl.fences AS f WHERE f.source_name = m.source_name
                )
            ELSE w.run_id
        END AS run_id
    FROM etl.pipeline_steps AS m
    LEFT JOIN etl.watermarks AS w ON m.model = w.model
),

failing_steps AS (
    SELECT
        l.model,
        l.table_name,
        l.layer,
        l.source_name,
        max(s.run_id) AS run_id,
        min(s.run_id) AS first_run_id
    FROM last_successes AS l
    INNER JOIN etl.steps AS s
        ON l.model = s.model AND s.status = 'failed' AND s.run_id > coalesce(l.run_id, 0)
    WHERE NOT {{ problems.was_stopped("s.error") | indent(8) }}
    GROUP BY l.model, l.table_name, l.layer, l.source_name
),

-- A transaction that fails as a whole fails each of its steps. That is one problem, of the run. So
-- are the tables that are held back, and those that were rolled back with another.
failures AS (
    SELECT
        f.*,
        s.error,
        s.error_code,
        (s.failure).hint,
        (s.failure).error_code IS NULL
        AND count(*) FILTER (WHERE (s.failure).error_code IS NULL) OVER same_transaction > 1
            AS is_of_the_run
    FROM failing_steps AS f
    INNER JOIN etl.steps AS s ON f.run_id = s.run_id AND f.model = s.model
    WHERE s.error_code <> 'DW002' -- a check failed
    WINDOW same_transaction AS (PARTITION BY s.run_id, s.layer)
)

SELECT
    'step_failed' AS kind,
    'error' AS severity,
    f.model AS subject,
    r.started_at AS since,
    f.run_id,
    CASE
        WHEN f.layer = 'source' THEN format('The fence of %s cannot be read: ', f.source_name)
        WHEN f.model <> f.table_name THEN format('%s cannot be reconciled: ', f.table_name)
        ELSE format('%s cannot be brought up to date: ', f.table_name)
    END
    || etl.without_values(f.error, f.error_code, f.error) AS message,
    coalesce(
        -- not of an exception of a function of the project
        CASE
            WHEN etl.without_values('', f.error_code, f.error) = ''
                THEN nullif(etl.without_values(f.hint, f.error_code, NULL), '')
        END,
        CASE
            WHEN f.layer = 'source'
                THEN 'Is its server running? If its address has changed, deploy with its URL.'
        END,
        format(
            'SELECT error FROM etl.steps WHERE run_id = %s AND model = %L;', f.run_id, f.model
        )
    ) AS hint,
    NULL::jsonb AS sample_rows
FROM failures AS f
INNER JOIN etl.runs AS r ON f.first_run_id = r.run_id
WHERE NOT f.is_of_the_run
    AND (
        f.error_code <> 'DW013' -- a problem of kind drift
        OR f.table_name NOT IN (SELECT d.breaks FROM etl.drift AS d WHERE d.breaks IS NOT NULL)
    );
COMMENT ON VIEW etl.problems_of_steps IS
'The kind step_failed of etl.problems, with its columns.';
