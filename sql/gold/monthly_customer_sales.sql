/*
description: What each customer bought per month.
grain: one customer and month with an order that is not cancelled
key: [customer_id, month]
columns:
  month: First day of the month.
  revenue: {unit: currency of the shop}
*/
SELECT
    customer_id,
    date_trunc('month', order_date)::date AS month,
    count(DISTINCT order_id) AS orders,
    sum(total_amount) AS revenue
FROM gold.fact_sales
WHERE NOT is_cancelled
GROUP BY customer_id, date_trunc('month', order_date)::date
