/*
description: Products, the latest accepted version of each.
grain: one product
key: product_id
reject:
  price is null, negative or NaN: price IS NULL OR price < 0 OR price = 'NaN'
totals: {amount: price}
columns:
  name: Trimmed.
  category: Lower case, trimmed.
  price: {description: List price., unit: currency of the shop, not_null: true, check: price >= 0}
*/
SELECT
    product_id,
    btrim(name) AS name,
    lower(btrim(category)) AS category,
    price,
    created_at,
    updated_at
FROM bronze.raw_products
