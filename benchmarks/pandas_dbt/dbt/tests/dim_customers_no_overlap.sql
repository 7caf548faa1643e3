SELECT a.customer_id
FROM {{ ref('dim_customers') }} AS a
INNER JOIN {{ ref('dim_customers') }} AS b
    ON a.customer_id = b.customer_id
        AND a.customer_key <> b.customer_key
        AND a.valid_from < b.valid_to
        AND a.valid_to > b.valid_from
