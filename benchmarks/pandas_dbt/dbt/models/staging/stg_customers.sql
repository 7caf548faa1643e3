SELECT
    customer_id,
    lower(btrim(email)) AS email,
    initcap(btrim(full_name)) AS full_name,
    created_at,
    updated_at
FROM {{ source('bronze', 'raw_customers') }}
