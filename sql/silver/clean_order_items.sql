/*
description: Order items, the latest accepted version of each.
grain: one order item
key: order_item_id
reject:
  order_id is null: order_id IS NULL
  product_id is null: product_id IS NULL
  quantity is null or not positive: (quantity > 0) IS NOT TRUE
  unit_price is null, negative or NaN: (unit_price >= 0 AND unit_price <> 'NaN') IS NOT TRUE
totals: {amount: quantity * unit_price}
columns:
  order_id: {not_null: true, references: {to: silver.clean_orders, severity: warn}}
  product_id: {not_null: true, references: {to: silver.clean_products, severity: warn}}
  quantity: {unit: pieces, not_null: true, check: quantity > 0}
  unit_price:
    description: Price per piece at the time of the order.
    unit: currency of the shop
    not_null: true
    check: unit_price >= 0
*/
SELECT
    order_item_id,
    order_id,
    product_id,
    quantity,
    unit_price,
    created_at,
    updated_at
FROM bronze.raw_order_items
