-- layer: gold
-- severity: error
-- A sale is there for every live item of a live order, with its amount, and for no other.
WITH changed_items AS (
    SELECT order_item_id
    FROM silver.clean_order_items
    WHERE _run_id > p_after_run_id
    UNION
    SELECT i.order_item_id
    FROM silver.clean_orders AS o
    INNER JOIN silver.clean_order_items AS i ON o.order_id = i.order_id
    WHERE o._run_id > p_after_run_id AND p_after_run_id > 0
    UNION
    SELECT order_item_id
    FROM gold.fact_sales
    WHERE _run_id > p_after_run_id
)

SELECT
    c.order_item_id,
    CASE WHEN o.order_id IS NOT NULL THEN i.quantity * i.unit_price END AS amount,
    f.total_amount
FROM changed_items AS c
LEFT JOIN silver.clean_order_items AS i
    ON c.order_item_id = i.order_item_id AND NOT i.is_deleted
LEFT JOIN silver.clean_orders AS o ON i.order_id = o.order_id AND NOT o.is_deleted
LEFT JOIN gold.fact_sales AS f ON c.order_item_id = f.order_item_id
WHERE
    f.total_amount IS DISTINCT FROM
    CASE WHEN o.order_id IS NOT NULL THEN i.quantity * i.unit_price END
