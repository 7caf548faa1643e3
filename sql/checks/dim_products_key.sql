-- layer: gold
-- severity: error
-- product_key is unique and not null in gold.dim_products.
SELECT
    t.product_key,
    count(*) AS rows_with_it
FROM gold.dim_products AS t
WHERE
    t.product_key IS NULL
    OR t.product_key IN (SELECT c.product_key FROM gold.dim_products AS c WHERE c._run_id > p_after_run_id)
GROUP BY t.product_key
HAVING t.product_key IS NULL OR count(*) > 1
