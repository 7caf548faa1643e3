-- layer: silver
-- severity: warn
-- No source row is set aside.
SELECT
    model,
    key,
    reasons
FROM silver.rejected_rows
