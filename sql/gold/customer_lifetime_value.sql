/*
description: Revenue of each customer; customer_recency has the time since the last order.
grain: one customer with orders
key: customer_id
columns:
  customer_id: Key in production.
  orders: Orders that are not cancelled.
  quantity: {description: In such orders., unit: pieces}
  revenue: {description: 'Amount of such orders: the lifetime value.', unit: currency of the shop}
  average_order_value: {unit: currency of the shop}
*/
SELECT
    customer_id,
    count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled) AS orders,
    coalesce(sum(quantity) FILTER (WHERE NOT is_cancelled), 0) AS quantity,
    coalesce(sum(total_amount) FILTER (WHERE NOT is_cancelled), 0) AS revenue,
    round(
        sum(total_amount) FILTER (WHERE NOT is_cancelled)
        / nullif(count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled), 0),
        2
    ) AS average_order_value,
    min(order_date) FILTER (WHERE NOT is_cancelled) AS first_order_date,
    max(order_date) FILTER (WHERE NOT is_cancelled) AS last_order_date,
    count(DISTINCT order_id) FILTER (WHERE is_cancelled) AS cancelled_orders
FROM gold.fact_sales
GROUP BY customer_id
