-- layer: silver
-- severity: warn
-- scope: full
-- The number of products and the sum of their prices are those of production, as of the last fence;
-- a difference is a row that was set aside, or a deletion or a silent update that was not
-- reconciled yet.
WITH last_fence AS (
    SELECT (fence AT TIME ZONE 'UTC') + utc_offset AS local_time
    FROM etl.watermarks
    WHERE model = 'bronze.raw_products'
),

changed_since AS (
    SELECT product_id
    FROM production.products
    WHERE updated_at >= (SELECT f.local_time FROM last_fence AS f)
),

in_production AS (
    SELECT
        count(*) AS row_count,
        coalesce(sum(price), 0) AS amount
    FROM production.products
    WHERE updated_at < (SELECT f.local_time FROM last_fence AS f)
),

in_silver AS (
    SELECT
        count(*) AS row_count,
        coalesce(sum(price), 0) AS amount
    FROM silver.clean_products
    WHERE
        NOT is_deleted
        AND product_id NOT IN (SELECT c.product_id FROM changed_since AS c)
)

SELECT
    p.row_count AS rows_in_production,
    s.row_count AS rows_in_silver,
    p.amount AS amount_in_production,
    s.amount AS amount_in_silver
FROM in_production AS p
CROSS JOIN in_silver AS s
WHERE p.row_count <> s.row_count OR p.amount <> s.amount
