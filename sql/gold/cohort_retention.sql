/*
description: Customers of a cohort (first order in the same month) who buy again, per month.
grain: one cohort and number of months since
key: [cohort_month, months_since]
columns:
  cohort_month: Month of the first order.
  months_since: Months since the first order; 0 is its month.
  revenue: {unit: currency of the shop}
  retention_rate: 'active_customers / cohort_customers, 0 to 1.'
*/
SELECT
    cohort_month,
    (
        (extract(YEAR FROM month) - extract(YEAR FROM cohort_month)) * 12
        + extract(MONTH FROM month) - extract(MONTH FROM cohort_month)
    )::integer AS months_since,
    first_value(active_customers) OVER cohort AS cohort_customers,
    active_customers,
    revenue,
    round(active_customers::numeric / first_value(active_customers) OVER cohort, 4) AS retention_rate
FROM gold.cohort_months
WINDOW cohort AS (PARTITION BY cohort_month ORDER BY month)
