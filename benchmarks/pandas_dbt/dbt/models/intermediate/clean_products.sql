{{ config(
    unique_key='product_id',
    indexes=[{'columns': ['product_id'], 'unique': true}, {'columns': ['updated_at']}],
) }}
SELECT * FROM {{ ref('stg_products') }}
{{ changed_since_last_run() }}
