{{ config(
    unique_key='order_item_id',
    indexes=[
        {'columns': ['order_item_id'], 'unique': true},
        {'columns': ['updated_at']},
        {'columns': ['order_id']},
    ],
) }}
SELECT * FROM {{ ref('stg_order_items') }}
{{ changed_since_last_run() }}
