/*
description: How long ago each customer last bought, as of today.
grain: one customer with an order that is not cancelled
kind: view
key: customer_id
columns:
  days_since_last_order: {unit: days}
*/
SELECT
    customer_id,
    last_order_date,
    current_date - last_order_date::date AS days_since_last_order,
    orders,
    revenue
FROM gold.customer_lifetime_value
WHERE last_order_date IS NOT NULL
