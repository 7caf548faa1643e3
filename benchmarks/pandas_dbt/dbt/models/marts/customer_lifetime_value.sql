{{ config(indexes=[{'columns': ['customer_id'], 'unique': true}]) }}
WITH totals AS (
    SELECT
        customer_id,
        count(DISTINCT order_id) FILTER (WHERE order_status <> 'cancelled') AS orders,
        coalesce(sum(quantity) FILTER (WHERE order_status <> 'cancelled'), 0) AS quantity,
        coalesce(sum(total_amount) FILTER (WHERE order_status <> 'cancelled'), 0) AS revenue,
        min(order_date) FILTER (WHERE order_status <> 'cancelled') AS first_order_date,
        max(order_date) FILTER (WHERE order_status <> 'cancelled') AS last_order_date,
        count(DISTINCT order_id) FILTER (WHERE order_status = 'cancelled') AS cancelled_orders
    FROM {{ ref('fact_sales') }}
    GROUP BY customer_id
)

SELECT
    *,
    round(revenue / nullif(orders, 0), 2) AS average_order_value,
    current_date - last_order_date::date AS days_since_last_order
FROM totals
