/*
description: How each product sells.
grain: one product that was ordered
key: product_id
columns:
  orders: Orders with it that are not cancelled.
  customers: Customers with such an order.
  quantity: {description: In such orders., unit: pieces}
  revenue: {description: Amount of such orders., unit: currency of the shop}
  average_unit_price: {description: Revenue per piece., unit: currency of the shop}
*/
SELECT
    product_id,
    count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled) AS orders,
    count(DISTINCT customer_id) FILTER (WHERE NOT is_cancelled) AS customers,
    coalesce(sum(quantity) FILTER (WHERE NOT is_cancelled), 0) AS quantity,
    coalesce(sum(total_amount) FILTER (WHERE NOT is_cancelled), 0) AS revenue,
    round(
        sum(total_amount) FILTER (WHERE NOT is_cancelled)
        / nullif(sum(quantity) FILTER (WHERE NOT is_cancelled), 0),
        2
    ) AS average_unit_price,
    min(order_date) FILTER (WHERE NOT is_cancelled) AS first_order_date,
    max(order_date) FILTER (WHERE NOT is_cancelled) AS last_order_date
FROM gold.fact_sales
GROUP BY product_id
