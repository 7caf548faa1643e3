-- layer: gold
-- severity: error
-- No two versions of a product are valid at the same time.
SELECT
    a.product_id,
    a.valid_from,
    a.valid_to,
    b.valid_from AS other_valid_from
FROM gold.dim_products AS a
INNER JOIN gold.dim_products AS b
    ON a.product_id = b.product_id
        AND a.product_key <> b.product_key
        AND a.valid_from < b.valid_to
        AND a.valid_to > b.valid_from
WHERE a._run_id > p_since_run_id
