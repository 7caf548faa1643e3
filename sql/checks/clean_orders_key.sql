-- layer: silver
-- severity: error
-- order_id is unique and not null in silver.clean_orders.
WITH changed_keys AS (
    SELECT DISTINCT order_id
    FROM silver.clean_orders
    WHERE _run_id > p_after_run_id
)

SELECT
    c.order_id,
    count(t.order_id) AS rows_with_it
FROM changed_keys AS c
LEFT JOIN silver.clean_orders AS t ON c.order_id = t.order_id
GROUP BY c.order_id
HAVING count(t.order_id) <> 1
