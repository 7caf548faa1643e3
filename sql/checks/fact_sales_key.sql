-- layer: gold
-- severity: error
-- order_item_id is unique and not null in gold.fact_sales.
SELECT
    f.order_item_id,
    count(*) AS rows_with_it
FROM gold.fact_sales AS f
WHERE
    f.order_item_id IS NULL
    OR f.order_item_id IN (SELECT c.order_item_id FROM gold.fact_sales AS c WHERE c._run_id > p_after_run_id)
GROUP BY f.order_item_id
HAVING f.order_item_id IS NULL OR count(*) > 1
