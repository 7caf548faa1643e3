/*
description: Months in which each customer bought, with the month of the first order.
grain: one customer and month with an order that is not cancelled
key: [customer_id, month]
columns:
  month: First day of the month.
  cohort_month: {description: Month of the first order., check: month >= cohort_month}
  revenue: {unit: currency of the shop}
*/
SELECT
    customer_id,
    month,
    min(month) OVER (PARTITION BY customer_id) AS cohort_month,
    orders,
    revenue
FROM gold.monthly_customer_sales
