/*
description: How many customers of a cohort bought in each month.
grain: one cohort and month in which one of its customers ordered
key: [cohort_month, month]
columns:
  revenue: {unit: currency of the shop}
*/
SELECT
    cohort_month,
    month,
    count(*) AS active_customers,
    sum(revenue) AS revenue
FROM gold.customer_months
GROUP BY cohort_month, month
