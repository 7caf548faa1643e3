-- layer: gold
-- severity: error
-- customer_key is unique and not null in gold.dim_customers.
SELECT
    t.customer_key,
    count(*) AS rows_with_it
FROM gold.dim_customers AS t
WHERE
    t.customer_key IS NULL
    OR t.customer_key IN (SELECT c.customer_key FROM gold.dim_customers AS c WHERE c._run_id > p_after_run_id)
GROUP BY t.customer_key
HAVING t.customer_key IS NULL OR count(*) > 1
