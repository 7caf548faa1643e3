-- layer: gold
-- severity: error
-- product_key is unique and not null in gold.dim_products.
WITH changed_keys AS (
    SELECT DISTINCT product_key
    FROM gold.dim_products
    WHERE _run_id > p_after_run_id
)

SELECT
    c.product_key,
    count(t.product_key) AS rows_with_it
FROM changed_keys AS c
LEFT JOIN gold.dim_products AS t ON c.product_key = t.product_key
GROUP BY c.product_key
HAVING count(t.product_key) <> 1
