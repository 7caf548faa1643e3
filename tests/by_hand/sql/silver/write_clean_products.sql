-- Products, the latest accepted version of each. Grain: one product.
{{ silver.write_latest(
    'clean_products',
    versions='silver.product_versions',
    key=['product_id'],
    columns=['name', 'category', 'price', 'created_at', 'updated_at'],
) }}
