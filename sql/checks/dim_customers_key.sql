-- layer: gold
-- severity: error
-- customer_key is unique and not null in gold.dim_customers.
WITH changed_keys AS (
    SELECT DISTINCT customer_key
    FROM gold.dim_customers
    WHERE _run_id > p_after_run_id
)

SELECT
    c.customer_key,
    count(t.customer_key) AS rows_with_it
FROM changed_keys AS c
LEFT JOIN gold.dim_customers AS t ON c.customer_key = t.customer_key
GROUP BY c.customer_key
HAVING count(t.customer_key) <> 1
