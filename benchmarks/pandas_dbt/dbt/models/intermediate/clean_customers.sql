{{ config(
    unique_key='customer_id',
    indexes=[{'columns': ['customer_id'], 'unique': true}, {'columns': ['updated_at']}],
) }}
SELECT * FROM {{ ref('stg_customers') }}
{{ changed_since_last_run() }}
