-- layer: silver
-- severity: error
-- customer_id is unique and not null in silver.clean_customers.
SELECT
    t.customer_id,
    count(*) AS rows_with_it
FROM silver.clean_customers AS t
WHERE
    t.customer_id IS NULL
    OR t.customer_id IN (
        SELECT c.customer_id
        FROM silver.clean_customers AS c
        WHERE c._run_id > p_after_run_id
    )
GROUP BY t.customer_id
HAVING t.customer_id IS NULL OR count(*) > 1
