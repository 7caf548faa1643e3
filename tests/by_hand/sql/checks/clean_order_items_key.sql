-- layer: silver
-- severity: error
-- order_item_id is unique and not null in silver.clean_order_items.
{{ checks.unique_key('silver.clean_order_items', 'order_item_id') }}
