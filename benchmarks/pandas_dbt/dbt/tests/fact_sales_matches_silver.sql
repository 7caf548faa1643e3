SELECT
    i.order_item_id,
    f.order_item_id AS fact
FROM {{ ref('clean_order_items') }} AS i
FULL JOIN {{ ref('fact_sales') }} AS f ON i.order_item_id = f.order_item_id
WHERE f.total_amount IS DISTINCT FROM i.quantity * i.unit_price
