-- Customers, the latest accepted version of each. Grain: one customer.
{{ silver.write_latest(
    'clean_customers',
    versions='silver.customer_versions',
    key=['customer_id'],
    columns=['email', 'full_name', 'created_at', 'updated_at'],
) }}
