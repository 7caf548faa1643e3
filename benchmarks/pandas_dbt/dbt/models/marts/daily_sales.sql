{{ config(indexes=[{'columns': ['date_key'], 'unique': true}]) }}
SELECT
    date_key,
    count(DISTINCT order_id) FILTER (WHERE order_status <> 'cancelled') AS orders,
    count(DISTINCT customer_id) FILTER (WHERE order_status <> 'cancelled') AS customers,
    coalesce(sum(quantity) FILTER (WHERE order_status <> 'cancelled'), 0) AS quantity,
    coalesce(sum(total_amount) FILTER (WHERE order_status <> 'cancelled'), 0) AS revenue,
    count(DISTINCT order_id) FILTER (WHERE order_status = 'cancelled') AS cancelled_orders,
    coalesce(sum(total_amount) FILTER (WHERE order_status = 'cancelled'), 0) AS cancelled_amount
FROM {{ ref('fact_sales') }}
GROUP BY date_key
