-- layer: silver
-- severity: error
-- order_id is unique and not null in silver.clean_orders.
SELECT
    t.order_id,
    count(*) AS rows_with_it
FROM silver.clean_orders AS t
WHERE
    t.order_id IS NULL
    OR t.order_id IN (
        SELECT c.order_id
        FROM silver.clean_orders AS c
        WHERE c._run_id > p_after_run_id
    )
GROUP BY t.order_id
HAVING t.order_id IS NULL OR count(*) > 1
