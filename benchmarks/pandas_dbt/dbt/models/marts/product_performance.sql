{{ config(indexes=[{'columns': ['product_id'], 'unique': true}]) }}
WITH totals AS (
    SELECT
        product_id,
        count(DISTINCT order_id) AS orders,
        count(DISTINCT customer_id) AS customers,
        sum(quantity) AS quantity,
        sum(total_amount) AS revenue,
        min(order_date) AS first_order_date,
        max(order_date) AS last_order_date
    FROM {{ ref('fact_sales') }}
    WHERE order_status <> 'cancelled'
    GROUP BY product_id
)

SELECT
    *,
    round(revenue / nullif(quantity, 0), 2) AS average_unit_price
FROM totals
