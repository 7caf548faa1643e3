-- layer: bronze
-- severity: warn
-- Every table was read within the last two days, with a fence that is not older either.
SELECT
    w.model,
    w.fence,
    w.advanced_at
FROM etl.watermarks AS w
INNER JOIN etl.pipeline_steps AS m ON w.model = m.model
WHERE
    m.layer = 'bronze'
    AND m.interval_between IS NULL -- reconciliations may be less frequent
    AND (w.advanced_at < now() - interval '2 days' OR w.fence < now() - interval '2 days')
