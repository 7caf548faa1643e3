SELECT
    product_id,
    btrim(name) AS name,
    lower(btrim(category)) AS category,
    price,
    created_at,
    updated_at
FROM {{ source('bronze', 'raw_products') }}
