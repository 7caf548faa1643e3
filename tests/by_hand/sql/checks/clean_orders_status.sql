-- layer: silver
-- severity: error
-- The status of an order is pending, confirmed, shipped, delivered or cancelled.
SELECT
    order_id,
    status
FROM silver.clean_orders
WHERE
    _run_id > p_since_run_id
    AND NOT is_deleted
    AND (
        status IS NULL
        OR status NOT IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')
    )
