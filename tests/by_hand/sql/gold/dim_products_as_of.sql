-- Grain: one product that was there at the moment.
{{ gold.as_of('dim_products') }}
