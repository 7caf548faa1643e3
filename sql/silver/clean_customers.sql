/*
description: Customers, the latest accepted version of each.
grain: one customer
key: customer_id
reject:
  email is empty: email IS NULL OR email = ''
  full_name is null: full_name IS NULL
columns:
  email: {description: 'Lower case, trimmed.', check: email = lower(btrim(email)), not_null: true}
  full_name: {description: 'Trimmed, every word capitalised.', not_null: true}
*/
SELECT
    customer_id,
    lower(btrim(email)) AS email,
    initcap(btrim(full_name)) AS full_name,
    created_at,
    updated_at
FROM bronze.raw_customers
