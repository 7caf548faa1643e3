/*
description: Sales, each with the customer and the product as they were when it was ordered.
grain: one order item
key: order_item_id
columns:
  date_key: {references: gold.dim_date}
  customer_key: {references: gold.dim_customers}
  product_key: {references: gold.dim_products}
  order_date: {description: Local time of the shop.}
  is_cancelled: {description: What is cancelled is not revenue.}
  quantity: {unit: pieces, check: quantity > 0}
  unit_price: {unit: currency of the shop, check: unit_price >= 0}
  total_amount: {description: Revenue of the item., unit: currency of the shop}
*/
SELECT
    i.order_item_id,
    to_char(o.order_date, 'YYYYMMDD')::integer AS date_key,
    coalesce(c.customer_key, -1) AS customer_key,
    coalesce(p.product_key, -1) AS product_key,
    o.customer_id,
    i.product_id,
    o.order_id,
    o.order_date,
    o.status AS order_status,
    o.status = 'cancelled' AS is_cancelled,
    i.quantity,
    i.unit_price,
    i.quantity * i.unit_price AS total_amount
FROM silver.clean_order_items AS i
INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
LEFT JOIN gold.dim_customers AS c
    ON o.customer_id = c.customer_id
        AND o.order_date >= c.valid_from
        AND o.order_date < c.valid_to
LEFT JOIN gold.dim_products AS p
    ON i.product_id = p.product_id
        AND o.order_date >= p.valid_from
        AND o.order_date < p.valid_to
WHERE NOT i.is_deleted AND NOT o.is_deleted
