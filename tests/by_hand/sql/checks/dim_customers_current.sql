-- layer: gold
-- severity: error
-- The current version of a customer equals its row in silver.
SELECT
    s.customer_id,
    d.customer_key
FROM silver.clean_customers AS s
LEFT JOIN gold.dim_customers AS d
    ON s.customer_id = d.customer_id AND d.is_current AND NOT d.is_inferred
WHERE
    s._run_id > p_since_run_id
    AND (
        (d.customer_key IS NULL AND NOT s.is_deleted)
        OR (d.customer_key IS NOT NULL AND s.is_deleted)
        OR (
            d.customer_key IS NOT NULL
            AND (d.full_name, d.email) IS DISTINCT FROM (s.full_name, s.email)
        )
    )
