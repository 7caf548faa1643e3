-- layer: silver
-- severity: error
-- product_id is unique and not null in silver.clean_products.
WITH changed_keys AS (
    SELECT DISTINCT product_id
    FROM silver.clean_products
    WHERE _run_id > p_after_run_id
)

SELECT
    c.product_id,
    count(t.product_id) AS rows_with_it
FROM changed_keys AS c
LEFT JOIN silver.clean_products AS t ON c.product_id = t.product_id
GROUP BY c.product_id
HAVING count(t.product_id) <> 1
