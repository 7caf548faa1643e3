-- layer: gold
-- severity: error
-- No two versions of a customer are valid at the same time.
SELECT
    a.customer_id,
    a.valid_from,
    a.valid_to,
    b.valid_from AS other_valid_from
FROM gold.dim_customers AS a
INNER JOIN gold.dim_customers AS b
    ON a.customer_id = b.customer_id
        AND a.customer_key <> b.customer_key
        AND a.valid_from < b.valid_to
        AND a.valid_to > b.valid_from
WHERE a._run_id > p_since_run_id
