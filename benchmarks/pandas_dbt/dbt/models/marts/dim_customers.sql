{{ config(indexes=[
    {'columns': ['customer_key'], 'unique': true},
    {'columns': ['customer_id', 'valid_from'], 'unique': true},
]) }}
SELECT
    dbt_scd_id AS customer_key,
    customer_id,
    full_name,
    email,
    created_at,
    updated_at,
    CASE
        WHEN row_number() OVER (PARTITION BY customer_id ORDER BY dbt_valid_from) = 1 THEN '-infinity'
        ELSE dbt_valid_from
    END AS valid_from,
    coalesce(dbt_valid_to, 'infinity') AS valid_to,
    dbt_valid_to IS NULL AS is_current
FROM {{ ref('customers_snapshot') }}
