/*
description: Orders, the latest accepted version of each.
grain: one order
key: order_id
reject:
  customer_id is null: customer_id IS NULL
  order_date is not in the years 1 to 9999:
    (order_date >= '0001-01-01' AND order_date < '10000-01-01') IS NOT TRUE
  unknown status:
    (status IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')) IS NOT TRUE
columns:
  customer_id: {not_null: true, references: {to: silver.clean_customers, severity: warn}}
  order_date: {description: Local time of the shop., not_null: true}
  status:
    not_null: true
    accepted_values: [pending, confirmed, shipped, delivered, cancelled]
*/
SELECT
    order_id,
    customer_id,
    order_date,
    lower(btrim(status)) AS status,
    created_at,
    updated_at
FROM bronze.raw_orders
