-- layer: silver
-- severity: error
-- order_id is unique and not null in silver.clean_orders.
{{ checks.unique_key('silver.clean_orders', 'order_id') }}
