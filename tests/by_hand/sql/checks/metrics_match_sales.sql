-- layer: gold
-- severity: error
-- scope: full
-- Daily sales, customers, products and months add up to the revenue in gold.fact_sales.
WITH revenue AS (
    SELECT coalesce(sum(total_amount), 0) AS amount
    FROM gold.fact_sales
    WHERE NOT is_cancelled
),

metrics AS (
    SELECT
        'daily_sales' AS metric,
        coalesce(sum(revenue), 0) AS amount
    FROM gold.daily_sales
    UNION ALL
    SELECT
        'customer_lifetime_value',
        coalesce(sum(revenue), 0)
    FROM gold.customer_lifetime_value
    UNION ALL
    SELECT
        'product_performance',
        coalesce(sum(revenue), 0)
    FROM gold.product_performance
    UNION ALL
    SELECT
        'customer_months',
        coalesce(sum(revenue), 0)
    FROM gold.customer_months
    UNION ALL
    SELECT
        'cohort_retention',
        coalesce(sum(revenue), 0)
    FROM gold.cohort_retention
)

SELECT
    metrics.metric,
    metrics.amount,
    revenue.amount AS expected_amount
FROM metrics
CROSS JOIN revenue
WHERE metrics.amount <> revenue.amount
