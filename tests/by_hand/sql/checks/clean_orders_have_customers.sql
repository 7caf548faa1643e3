-- layer: silver
-- severity: warn
-- Every live order has a live customer; gold infers the missing one.
SELECT
    o.order_id,
    o.customer_id
FROM silver.clean_orders AS o
LEFT JOIN silver.clean_customers AS c ON o.customer_id = c.customer_id AND NOT c.is_deleted
WHERE o._run_id > p_since_run_id AND NOT o.is_deleted AND c.customer_id IS NULL
