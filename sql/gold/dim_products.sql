/*
description: Products with their history, SCD type 2.
grain: one version of one product
kind: dimension
key: product_id
type2: [name, category, price, created_at]
updated_at: updated_at
unknown: {name: Unknown, category: unknown}
columns:
  product_id: Key in production.
  name: Trimmed; null while inferred.
  category: 'Lower case, trimmed.'
  price: {description: List price., unit: currency of the shop, not_null: true, check: price >= 0}
  created_at: 'When production made the row, local time.'
  updated_at: 'When production last changed the version, local time.'
*/
SELECT
    product_id,
    name,
    category,
    price,
    created_at,
    updated_at
FROM silver.clean_products
WHERE NOT is_deleted
