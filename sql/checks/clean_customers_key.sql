-- layer: silver
-- severity: error
-- customer_id is unique and not null in silver.clean_customers.
WITH changed_keys AS (
    SELECT DISTINCT customer_id
    FROM silver.clean_customers
    WHERE _run_id > p_after_run_id
)

SELECT
    c.customer_id,
    count(t.customer_id) AS rows_with_it
FROM changed_keys AS c
LEFT JOIN silver.clean_customers AS t ON c.customer_id = t.customer_id
GROUP BY c.customer_id
HAVING count(t.customer_id) <> 1
