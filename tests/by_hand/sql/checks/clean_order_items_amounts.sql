-- layer: silver
-- severity: error
-- Quantities are positive and unit prices are not negative.
SELECT
    order_item_id,
    quantity,
    unit_price
FROM silver.clean_order_items
WHERE
    _run_id > p_since_run_id
    AND NOT is_deleted
    AND (quantity IS NULL OR quantity <= 0 OR unit_price IS NULL OR unit_price < 0)
