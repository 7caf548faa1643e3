-- layer: gold
-- severity: error
-- order_item_id is unique and not null in gold.fact_sales.
{{ checks.unique_key('gold.fact_sales', 'order_item_id') }}
