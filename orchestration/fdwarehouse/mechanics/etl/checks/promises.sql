CREATE VIEW etl.promises AS
SELECT
    m.source_name,
    m.model AS table_name,
    w.run_id AS last_run_id,
    u.model IS NULL AND w.run_id IS NOT NULL AS is_promised,
    CASE WHEN w.run_id IS NULL THEN 'the table was never loaded' ELSE u.reason END AS reason,
    u.run_id AS noticed_run_id
FROM etl.pipeline_steps AS m
LEFT JOIN etl.watermarks AS w ON m.model = w.model
LEFT JOIN etl.unreconciled AS u ON m.model = u.model
WHERE m.layer = 'bronze' AND m.interval_between IS NULL;
COMMENT ON VIEW etl.promises IS
'Whether a table in bronze holds all rows that the kind of fence guarantees, see etl.fences; if it may lack changes until it is reconciled, the reason. Grain: one table in bronze.';
