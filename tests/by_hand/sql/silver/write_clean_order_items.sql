-- Order items, the latest accepted version of each. Grain: one order item.
{{ silver.write_latest(
    'clean_order_items',
    versions='silver.order_item_versions',
    key=['order_item_id'],
    columns=['order_id', 'product_id', 'quantity', 'unit_price', 'created_at', 'updated_at'],
) }}
