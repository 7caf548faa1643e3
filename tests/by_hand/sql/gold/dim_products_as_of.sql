-- Grain: one product that existed at the given time.
{{ gold.as_of('dim_products') }}
