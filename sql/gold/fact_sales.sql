/*
description: Sales, each with the customer and product versions at the time of the order.
grain: one order item
key: order_item_id
columns:
  order_item_id: Key in production.
  date_key: {references: gold.dim_date, not_null: true}
  customer_key: {references: gold.dim_customers, not_null: true}
  product_key: {references: gold.dim_products, not_null: true}
  customer_id: Key of the customer in production.
  product_id: Key of the product in production.
  order_date: 'Local time of the shop.'
  is_cancelled: {description: Cancelled sales are not revenue., not_null: true}
  quantity: {unit: pieces, check: quantity > 0}
  unit_price: {description: Price at the time of the order., unit: currency of the shop}
  total_amount:
    description: Quantity by unit price.
    unit: currency of the shop
    not_null: true
    check: total_amount >= 0
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
    ON o.customer_id = c.customer_id AND o.order_date >= c.valid_from AND o.order_date < c.valid_to
LEFT JOIN gold.dim_products AS p
    ON i.product_id = p.product_id AND o.order_date >= p.valid_from AND o.order_date < p.valid_to
WHERE NOT i.is_deleted AND NOT o.is_deleted
