-- noqa: disable=LT02,LT05,ST05
CREATE VIEW etl.problems_of_rows AS
WITH rejecting_tables AS (
    SELECT
        model,
        count(*) AS row_count,
        min(_run_id) AS first_run_id,
        max(_run_id) AS run_id
    FROM silver.rejected_rows
    GROUP BY model
),

described_tables AS (
    SELECT
        t.*,
        (
            SELECT string_agg(DISTINCT reason, ', ' ORDER BY reason)
            FROM (
                SELECT reasons FROM silver.rejected_rows AS r
                WHERE r.model = t.model
                ORDER BY md5(r.key::text)
                LIMIT 1000
            ) AS some_rows
            CROSS JOIN unnest(some_rows.reasons) AS reason
        ) AS reasons,
        (
            SELECT jsonb_agg(some_rows.rejected_row)
            FROM (
                SELECT rejected_row FROM silver.rejected_rows AS r
                WHERE r.model = t.model
                ORDER BY md5(r.key::text)
                LIMIT 5
            ) AS some_rows
        ) AS rejected_rows
    FROM rejecting_tables AS t
)

SELECT
    'rows_rejected' AS kind,
    'warn' AS severity,
    t.model AS subject,
    ( -- beside the main deployment, another run has rejected the version than has brought it
        SELECT r.started_at FROM etl.runs AS r
        WHERE r.run_id >= t.first_run_id
        ORDER BY r.run_id
        LIMIT 1
    ) AS since,
    t.run_id,
    format(
        '%s kept out of %s: %s.',
        CASE t.row_count WHEN 1 THEN '1 row is' ELSE t.row_count || ' rows are' END,
        t.model,
        t.reasons
    ) AS message,
    format(
        'Correct them in production, or the rule: '
        'SELECT * FROM silver.rejected_rows WHERE model = %L;',
        t.model
    ) AS hint,
    {{ problems.shown("t.rejected_rows", "t.model") | indent(4) }} AS sample_rows
FROM described_tables AS t;
COMMENT ON VIEW etl.problems_of_rows IS
'The kind rows_rejected of etl.problems, with its columns.';
