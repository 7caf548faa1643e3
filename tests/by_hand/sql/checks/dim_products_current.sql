-- layer: gold
-- severity: error
-- The current version of a product equals its row in silver.
SELECT
    s.product_id,
    d.product_key
FROM silver.clean_products AS s
LEFT JOIN gold.dim_products AS d
    ON s.product_id = d.product_id AND d.is_current AND NOT d.is_inferred
WHERE
    s._run_id > p_since_run_id
    AND (
        (d.product_key IS NULL AND NOT s.is_deleted)
        OR (d.product_key IS NOT NULL AND s.is_deleted)
        OR (
            d.product_key IS NOT NULL
            AND (d.name, d.category, d.price) IS DISTINCT FROM (s.name, s.category, s.price)
        )
    )
