{{ config(
    unique_key='order_id',
    indexes=[{'columns': ['order_id'], 'unique': true}, {'columns': ['updated_at']}],
) }}
SELECT * FROM {{ ref('stg_orders') }}
{{ changed_since_last_run() }}
