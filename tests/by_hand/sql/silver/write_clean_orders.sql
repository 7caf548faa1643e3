-- Orders, the latest accepted version of each. Grain: one order.
{{ silver.write_latest(
    'clean_orders',
    versions='silver.order_versions',
    key=['order_id'],
    columns=['customer_id', 'order_date', 'status', 'created_at', 'updated_at'],
) }}
