-- How each product sells; what was cancelled is not revenue. Grain: one product that was ordered.
{{ routine.writer('gold.write_product_performance') }}
BEGIN ATOMIC
    WITH decided_groups AS (
        SELECT DISTINCT product_id
        FROM gold.fact_sales_changes
        WHERE run_id > p_after_run_id AND p_after_run_id > 0
        UNION
        SELECT product_id
        FROM gold.fact_sales
        WHERE p_after_run_id = 0
        UNION
        SELECT product_id
        FROM gold.product_performance
        WHERE p_after_run_id = 0
    ),

    decided_sales AS (
        SELECT
            f.product_id,
            f.order_id,
            f.customer_id,
            f.order_date,
            f.quantity,
            f.total_amount,
            f.order_status = 'cancelled' AS is_cancelled
        FROM decided_groups AS d
        INNER JOIN gold.fact_sales AS f ON d.product_id = f.product_id
    ),

    due_groups AS (
        SELECT
            product_id,
            count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled) AS orders,
            count(DISTINCT customer_id) FILTER (WHERE NOT is_cancelled) AS customers,
            coalesce(sum(quantity) FILTER (WHERE NOT is_cancelled), 0) AS quantity,
            coalesce(sum(total_amount) FILTER (WHERE NOT is_cancelled), 0) AS revenue,
            round(
                sum(total_amount) FILTER (WHERE NOT is_cancelled)
                / nullif(sum(quantity) FILTER (WHERE NOT is_cancelled), 0),
                2
            ) AS average_unit_price,
            min(order_date) FILTER (WHERE NOT is_cancelled) AS first_order_date,
            max(order_date) FILTER (WHERE NOT is_cancelled) AS last_order_date
        FROM decided_sales
        GROUP BY product_id
    ),

    {{ merge.write_difference(
        'gold.product_performance',
        key=['product_id'],
        columns=[
            'orders', 'customers', 'quantity', 'revenue', 'average_unit_price', 'first_order_date',
            'last_order_date',
        ],
        source='due_groups',
        scope='decided_groups',
    ) | indent(4) }}

    {{ merge.counts('decided_groups') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_product_performance IS
'Brings gold.product_performance up to gold.fact_sales. Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.';
