SELECT product_id FROM {{ ref('clean_products') }} WHERE price < 0
UNION ALL
SELECT order_item_id FROM {{ ref('clean_order_items') }} WHERE quantity <= 0 OR unit_price < 0
