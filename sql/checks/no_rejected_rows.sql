-- layer: silver
-- severity: warn
-- Every row of production passes the rules of its table.
SELECT
    model,
    key,
    reasons
FROM silver.rejected_rows
