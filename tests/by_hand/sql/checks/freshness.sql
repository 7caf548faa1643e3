-- layer: bronze
-- severity: warn
-- Every table was read within the last two days, behind a fence not much older.
SELECT
    w.model,
    w.fence,
    w.advanced_at
FROM etl.watermarks AS w
INNER JOIN etl.pipeline_steps AS m ON w.model = m.model
WHERE
    m.layer = 'bronze'
    AND m.interval_between IS NULL -- a reconciliation may be as rare as is wished
    AND (w.advanced_at < now() - interval '2 days' OR w.fence < now() - interval '2 days')
