-- layer: gold
-- severity: error
-- customer_key is unique and not null in gold.dim_customers.
{{ checks.unique_key('gold.dim_customers', 'customer_key') }}
