-- layer: silver
-- severity: error
-- Prices of products are not negative.
SELECT
    product_id,
    price
FROM silver.clean_products
WHERE _run_id > p_since_run_id AND NOT is_deleted AND (price IS NULL OR price < 0)
