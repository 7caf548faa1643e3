-- layer: silver
-- severity: error
-- customer_id is unique and not null in silver.clean_customers.
{{ checks.unique_key('silver.clean_customers', 'customer_id') }}
