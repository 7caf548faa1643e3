-- layer: gold
-- severity: error
-- order_item_id is unique and not null in gold.fact_sales.
WITH changed_keys AS (
    SELECT DISTINCT order_item_id
    FROM gold.fact_sales
    WHERE _run_id > p_after_run_id
)

SELECT
    c.order_item_id,
    count(t.order_item_id) AS rows_with_it
FROM changed_keys AS c
LEFT JOIN gold.fact_sales AS t ON c.order_item_id = t.order_item_id
GROUP BY c.order_item_id
HAVING count(t.order_item_id) <> 1
