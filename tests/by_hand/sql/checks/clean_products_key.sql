-- layer: silver
-- severity: error
-- product_id is unique and not null in silver.clean_products.
{{ checks.unique_key('silver.clean_products', 'product_id') }}
