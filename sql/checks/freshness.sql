-- layer: bronze
-- severity: warn
-- Every table was read within the last two days, behind a fence not much older.
SELECT
    model,
    fence,
    advanced_at
FROM etl.watermarks
WHERE
    model LIKE 'bronze.%'
    AND (advanced_at < now() - interval '2 days' OR fence < now() - interval '2 days')
