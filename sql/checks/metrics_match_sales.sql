-- layer: gold
-- severity: error
-- scope: full
-- The revenue of every metric adds up to that of gold.fact_sales.
WITH revenues (metric, amount) AS (
    VALUES
    ('fact_sales', (SELECT sum(total_amount) FROM gold.fact_sales WHERE NOT is_cancelled)),
    ('daily_sales', (SELECT sum(revenue) FROM gold.daily_sales)),
    ('customer_lifetime_value', (SELECT sum(revenue) FROM gold.customer_lifetime_value)),
    ('product_performance', (SELECT sum(revenue) FROM gold.product_performance)),
    ('customer_months', (SELECT sum(revenue) FROM gold.customer_months)),
    ('cohort_retention', (SELECT sum(revenue) FROM gold.cohort_retention))
)

SELECT
    m.metric,
    m.amount,
    s.amount AS expected_amount
FROM revenues AS m
INNER JOIN revenues AS s ON s.metric = 'fact_sales'
WHERE coalesce(m.amount, 0) <> coalesce(s.amount, 0)
