-- Grain: one customer that existed at the given time.
{{ gold.as_of('dim_customers') }}
