-- layer: silver
-- severity: warn
-- scope: full
-- Row count and sum of order_items are those of production, as of the last fence; a difference is a deletion or a silent update that was not reconciled yet.
WITH last_fence AS (
    SELECT (fence AT TIME ZONE 'UTC') + utc_offset AS local_time
    FROM etl.watermarks
    WHERE model = 'bronze.raw_order_items'
),

changed_since AS (
    SELECT order_item_id
    FROM production.order_items
    WHERE updated_at >= (SELECT local_time FROM last_fence)
),

in_production AS (
    SELECT
        count(*) AS row_count,
        coalesce(sum(quantity * unit_price), 0) AS amount
    FROM production.order_items
    WHERE updated_at < (SELECT local_time FROM last_fence)
),

in_silver AS (
    SELECT
        count(*) AS row_count,
        coalesce(sum(quantity * unit_price), 0) AS amount
    FROM silver.clean_order_items
    WHERE NOT is_deleted AND order_item_id NOT IN (SELECT order_item_id FROM changed_since)
)

SELECT
    p.row_count AS rows_in_production,
    s.row_count AS rows_in_silver,
    p.amount AS amount_in_production,
    s.amount AS amount_in_silver
FROM in_production AS p
CROSS JOIN in_silver AS s
WHERE p.row_count <> s.row_count OR p.amount <> s.amount
