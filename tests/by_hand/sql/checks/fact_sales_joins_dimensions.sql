-- layer: gold
-- severity: error
-- Every sale joins its day, and the versions of customer and product that were valid when it was
-- ordered.
SELECT
    f.order_item_id,
    f.date_key,
    f.customer_key,
    f.product_key
FROM gold.fact_sales AS f
LEFT JOIN gold.dim_date AS d ON f.date_key = d.date_key AND f.order_date::date = d.date
LEFT JOIN gold.dim_customers AS c
    ON f.customer_key = c.customer_key
        AND f.order_date >= c.valid_from
        AND f.order_date < c.valid_to
LEFT JOIN gold.dim_products AS p
    ON f.product_key = p.product_key
        AND f.order_date >= p.valid_from
        AND f.order_date < p.valid_to
WHERE
    f._run_id > p_since_run_id
    AND (d.date_key IS NULL OR c.customer_key IS NULL OR p.product_key IS NULL)
