-- layer: gold
-- severity: error
-- There is a sale for every live item of a live order, with its amount, and for no other.
WITH changed_items AS (
    SELECT order_item_id
    FROM silver.clean_order_items
    WHERE _run_id > p_since_run_id AND p_since_run_id > 0
    UNION
    SELECT i.order_item_id
    FROM silver.clean_orders AS o
    INNER JOIN silver.clean_order_items AS i ON o.order_id = i.order_id
    WHERE o._run_id > p_since_run_id AND p_since_run_id > 0
    UNION
    SELECT order_item_id
    FROM gold.fact_sales
    WHERE _run_id > p_since_run_id AND p_since_run_id > 0
),

looked_at AS (
    SELECT coalesce(array_agg(order_item_id), '{}') AS order_item_ids
    FROM changed_items
),

live_items AS (
    SELECT
        i.order_item_id,
        i.quantity * i.unit_price AS amount
    FROM silver.clean_order_items AS i
    INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
    WHERE
        NOT i.is_deleted
        AND NOT o.is_deleted
        AND (
            p_since_run_id = 0
            OR i.order_item_id = ANY(
                (SELECT l.order_item_ids FROM looked_at AS l)::integer[]
            )
        )
),

sales AS (
    SELECT
        order_item_id,
        total_amount
    FROM gold.fact_sales
    WHERE
        p_since_run_id = 0
        OR order_item_id = ANY((SELECT l.order_item_ids FROM looked_at AS l)::integer[])
)

SELECT
    coalesce(i.order_item_id, s.order_item_id) AS order_item_id,
    i.amount,
    s.total_amount
FROM live_items AS i
FULL JOIN sales AS s ON i.order_item_id = s.order_item_id
WHERE i.amount IS DISTINCT FROM s.total_amount
