-- layer: silver
-- severity: error
-- order_item_id is unique and not null in silver.clean_order_items.
WITH changed_keys AS (
    SELECT DISTINCT order_item_id
    FROM silver.clean_order_items
    WHERE _run_id > p_after_run_id
)

SELECT
    c.order_item_id,
    count(t.order_item_id) AS rows_with_it
FROM changed_keys AS c
LEFT JOIN silver.clean_order_items AS t ON c.order_item_id = t.order_item_id
GROUP BY c.order_item_id
HAVING count(t.order_item_id) <> 1
