WITH sales AS (
    SELECT coalesce(sum(total_amount), 0) AS amount
    FROM {{ ref('fact_sales') }}
    WHERE order_status <> 'cancelled'
),

metrics AS (
    SELECT 'daily_sales' AS metric, sum(revenue) AS amount FROM {{ ref('daily_sales') }}
    UNION ALL
    SELECT 'customer_lifetime_value', sum(revenue) FROM {{ ref('customer_lifetime_value') }}
    UNION ALL
    SELECT 'product_performance', sum(revenue) FROM {{ ref('product_performance') }}
    UNION ALL
    SELECT 'cohort_retention', sum(revenue) FROM {{ ref('cohort_retention') }}
)

SELECT m.metric
FROM metrics AS m
CROSS JOIN sales AS s
WHERE m.amount <> s.amount
