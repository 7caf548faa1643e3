-- layer: silver
-- severity: error
-- product_id is unique and not null in silver.clean_products.
SELECT
    t.product_id,
    count(*) AS rows_with_it
FROM silver.clean_products AS t
WHERE
    t.product_id IS NULL
    OR t.product_id IN (
        SELECT c.product_id
        FROM silver.clean_products AS c
        WHERE c._run_id > p_after_run_id
    )
GROUP BY t.product_id
HAVING t.product_id IS NULL OR count(*) > 1
