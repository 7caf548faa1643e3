{{ config(
    materialized='incremental',
    unique_key='order_item_id',
    on_schema_change='fail',
    indexes=[
        {'columns': ['order_item_id'], 'unique': true},
        {'columns': ['date_key']},
        {'columns': ['customer_id', 'order_date']},
        {'columns': ['product_id', 'order_date']},
        {'columns': ['updated_at']},
    ],
) }}
WITH sales AS (
    SELECT
        i.order_item_id,
        i.order_id,
        i.product_id,
        i.quantity,
        i.unit_price,
        o.customer_id,
        o.order_date,
        o.status AS order_status,
        greatest(i.updated_at, o.updated_at) AS updated_at
    FROM {{ ref('clean_order_items') }} AS i
    INNER JOIN {{ ref('clean_orders') }} AS o ON i.order_id = o.order_id
    {% if is_incremental() %}
    WHERE i.order_item_id IN (
        SELECT n.order_item_id
        FROM {{ ref('clean_order_items') }} AS n
        WHERE n.updated_at > (SELECT max(updated_at) FROM {{ this }})
        UNION
        SELECT m.order_item_id
        FROM {{ ref('clean_orders') }} AS c
        INNER JOIN {{ ref('clean_order_items') }} AS m ON c.order_id = m.order_id
        WHERE c.updated_at > (SELECT max(updated_at) FROM {{ this }})
    )
    {% endif %}
)

SELECT
    s.order_item_id,
    to_char(s.order_date, 'YYYYMMDD')::integer AS date_key,
    c.customer_key,
    p.product_key,
    s.customer_id,
    s.product_id,
    s.order_id,
    s.order_date,
    s.order_status,
    s.quantity,
    s.unit_price,
    s.quantity * s.unit_price AS total_amount,
    s.updated_at
FROM sales AS s
LEFT JOIN {{ ref('dim_customers') }} AS c
    ON s.customer_id = c.customer_id
        AND s.order_date >= c.valid_from
        AND s.order_date < c.valid_to
LEFT JOIN {{ ref('dim_products') }} AS p
    ON s.product_id = p.product_id
        AND s.order_date >= p.valid_from
        AND s.order_date < p.valid_to
