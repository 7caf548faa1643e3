-- Grain: one customer who was there at the moment.
{{ gold.as_of('dim_customers') }}
