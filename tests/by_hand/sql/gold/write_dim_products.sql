-- Products with their history. Grain: one version of one product.
{{ gold.write_dimension(
    'dim_products',
    surrogate='product_key',
    key='product_id',
    type2=['name', 'category', 'price', 'created_at'],
    type1=['updated_at'],
    updated_at='updated_at',
    versions='silver.product_versions',
    referenced_by=['silver.order_item_versions'],
) }}
