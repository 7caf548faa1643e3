/*
description: Customers with their history, SCD type 2.
grain: one version of one customer
kind: dimension
key: customer_id
type2: [full_name, email, created_at]
updated_at: updated_at
unknown: {full_name: Unknown}
columns:
  customer_id: Key in production.
  full_name: {description: 'Trimmed, every word capitalised; null while inferred.', not_null: true}
  email: {description: 'Lower case, trimmed; null while inferred.', not_null: true}
  created_at: 'When production made the row, local time.'
  updated_at: 'When production last changed the version, local time.'
*/
SELECT
    customer_id,
    full_name,
    email,
    created_at,
    updated_at
FROM silver.clean_customers
WHERE NOT is_deleted
