/*
description: Sales per day.
grain: one day with orders
key: date_key
columns:
  date_key: {references: gold.dim_date}
  orders: Orders that are not cancelled.
  customers: Customers with such an order.
  quantity: {description: In such orders., unit: pieces}
  revenue: {description: Amount of such orders., unit: currency of the shop}
  cancelled_amount: {unit: currency of the shop}
*/
SELECT
    date_key,
    count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled) AS orders,
    count(DISTINCT customer_id) FILTER (WHERE NOT is_cancelled) AS customers,
    coalesce(sum(quantity) FILTER (WHERE NOT is_cancelled), 0) AS quantity,
    coalesce(sum(total_amount) FILTER (WHERE NOT is_cancelled), 0) AS revenue,
    count(DISTINCT order_id) FILTER (WHERE is_cancelled) AS cancelled_orders,
    coalesce(sum(total_amount) FILTER (WHERE is_cancelled), 0) AS cancelled_amount
FROM gold.fact_sales
GROUP BY date_key
