-- Customers with their history. Grain: one version of one customer.
{{ gold.write_dimension(
    'dim_customers',
    surrogate='customer_key',
    key='customer_id',
    type2=['full_name', 'email', 'created_at'],
    type1=['updated_at'],
    updated_at='updated_at',
    versions='silver.customer_versions',
    referenced_by=['silver.order_versions'],
) }}
