-- layer: silver
-- severity: warn
-- Every live order item has a live product; gold infers the missing one.
SELECT
    i.order_item_id,
    i.product_id
FROM silver.clean_order_items AS i
LEFT JOIN silver.clean_products AS p ON i.product_id = p.product_id AND NOT p.is_deleted
WHERE i._run_id > p_since_run_id AND NOT i.is_deleted AND p.product_id IS NULL
