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

    due_groups AS (
        SELECT
            f.product_id,
            count(DISTINCT f.order_id) FILTER (WHERE f.order_status <> 'cancelled') AS orders,
            count(DISTINCT f.customer_id) FILTER (WHERE f.order_status <> 'cancelled') AS customers,
            coalesce(sum(f.quantity) FILTER (WHERE f.order_status <> 'cancelled'), 0) AS quantity,
            coalesce(sum(f.total_amount) FILTER (WHERE f.order_status <> 'cancelled'), 0) AS revenue,
            round(
                sum(f.total_amount) FILTER (WHERE f.order_status <> 'cancelled') / nullif(sum(f.quantity) FILTER (WHERE f.order_status <> 'cancelled'), 0), 2
            ) AS average_unit_price,
            min(f.order_date) FILTER (WHERE f.order_status <> 'cancelled') AS first_order_date,
            max(f.order_date) FILTER (WHERE f.order_status <> 'cancelled') AS last_order_date
        FROM decided_groups AS d
        INNER JOIN gold.fact_sales AS f ON d.product_id = f.product_id
        GROUP BY f.product_id
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
