SELECT a.product_id
FROM {{ ref('dim_products') }} AS a
INNER JOIN {{ ref('dim_products') }} AS b
    ON a.product_id = b.product_id
        AND a.product_key <> b.product_key
        AND a.valid_from < b.valid_to
        AND a.valid_to > b.valid_from
