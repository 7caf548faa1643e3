-- layer: gold
-- severity: error
-- A sale is there for every live item of a live order, with its amount, and for no other.
WITH live_items AS (
    SELECT
        i.order_item_id,
        i.quantity * i.unit_price AS amount
    FROM silver.clean_order_items AS i
    INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
    WHERE NOT i.is_deleted AND NOT o.is_deleted AND (i._run_id > p_after_run_id OR o._run_id > p_after_run_id)
),

changed_sales AS (
    SELECT
        f.order_item_id,
        f.total_amount
    FROM gold.fact_sales AS f
    WHERE f._run_id > p_after_run_id
)

SELECT
    l.order_item_id,
    l.amount,
    f.total_amount
FROM live_items AS l
LEFT JOIN gold.fact_sales AS f ON l.order_item_id = f.order_item_id
WHERE f.total_amount IS DISTINCT FROM l.amount
UNION ALL
SELECT
    c.order_item_id,
    NULL,
    c.total_amount
FROM changed_sales AS c
LEFT JOIN silver.clean_order_items AS i ON c.order_item_id = i.order_item_id AND NOT i.is_deleted
LEFT JOIN silver.clean_orders AS o ON i.order_id = o.order_id AND NOT o.is_deleted
WHERE o.order_id IS NULL
