-- layer: silver
-- severity: warn
-- Every live order item has a live order; without one, it is not a sale.
SELECT
    i.order_item_id,
    i.order_id
FROM silver.clean_order_items AS i
LEFT JOIN silver.clean_orders AS o ON i.order_id = o.order_id AND NOT o.is_deleted
WHERE i._run_id > p_since_run_id AND NOT i.is_deleted AND o.order_id IS NULL
