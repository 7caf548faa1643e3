-- layer: gold
-- severity: error
-- product_key is unique and not null in gold.dim_products.
{{ checks.unique_key('gold.dim_products', 'product_key') }}
