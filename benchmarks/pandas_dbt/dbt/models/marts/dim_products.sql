{{ config(indexes=[
    {'columns': ['product_key'], 'unique': true},
    {'columns': ['product_id', 'valid_from'], 'unique': true},
]) }}
SELECT
    dbt_scd_id AS product_key,
    product_id,
    name,
    category,
    price,
    created_at,
    updated_at,
    CASE
        WHEN row_number() OVER (PARTITION BY product_id ORDER BY dbt_valid_from) = 1 THEN '-infinity'
        ELSE dbt_valid_from
    END AS valid_from,
    coalesce(dbt_valid_to, 'infinity') AS valid_to,
    dbt_valid_to IS NULL AS is_current
FROM {{ ref('products_snapshot') }}
