-- layer: silver
-- severity: error
-- order_item_id is unique and not null in silver.clean_order_items.
SELECT
    t.order_item_id,
    count(*) AS rows_with_it
FROM silver.clean_order_items AS t
WHERE
    t.order_item_id IS NULL
    OR t.order_item_id IN (
        SELECT c.order_item_id
        FROM silver.clean_order_items AS c
        WHERE c._run_id > p_after_run_id
    )
GROUP BY t.order_item_id
HAVING t.order_item_id IS NULL OR count(*) > 1
