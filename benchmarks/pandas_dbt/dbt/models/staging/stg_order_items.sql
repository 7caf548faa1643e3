SELECT
    order_item_id,
    order_id,
    product_id,
    quantity,
    unit_price,
    created_at,
    updated_at
FROM {{ source('bronze', 'raw_order_items') }}
