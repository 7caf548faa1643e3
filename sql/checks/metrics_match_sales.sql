-- layer: gold
-- severity: error
-- scope: full
-- The revenue of every metric adds up to that of gold.fact_sales.
WITH metrics (metric, amount) AS (
    VALUES
    ('daily_sales', (SELECT sum(revenue) FROM gold.daily_sales)),
    ('customer_lifetime_value', (SELECT sum(revenue) FROM gold.customer_lifetime_value)),
    ('product_performance', (SELECT sum(revenue) FROM gold.product_performance)),
    ('customer_months', (SELECT sum(revenue) FROM gold.customer_months)),
    ('cohort_retention', (SELECT sum(revenue) FROM gold.cohort_retention))
),

sales AS (
    SELECT sum(total_amount) AS amount
    FROM gold.fact_sales
    WHERE NOT is_cancelled
)

SELECT
    metrics.metric,
    metrics.amount,
    sales.amount AS expected_amount
FROM metrics
CROSS JOIN sales
WHERE coalesce(metrics.amount, 0) <> coalesce(sales.amount, 0)
