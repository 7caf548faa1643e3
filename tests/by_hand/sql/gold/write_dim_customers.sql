-- Customers with their history. Grain: one version of one customer.
{{ gold.write_dimension(
    'dim_customers',
    surrogate='customer_key',
    key='customer_id',
    tracked=['full_name', 'email', 'created_at'],
    carried=['updated_at'],
    stamped='updated_at',
    versions='silver.customer_versions',
    referenced_by=['silver.order_versions'],
) }}
