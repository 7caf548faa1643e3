SELECT
    order_id,
    customer_id,
    order_date,
    lower(btrim(status)) AS status,
    created_at,
    updated_at
FROM {{ source('bronze', 'raw_orders') }}
