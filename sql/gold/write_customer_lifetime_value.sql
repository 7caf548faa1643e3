-- What each customer has brought; what was cancelled is not revenue.
-- Grain: one customer with orders.
{{ routine.writer('gold.write_customer_lifetime_value') }}
BEGIN ATOMIC
    WITH decided_groups AS (
        SELECT DISTINCT customer_id
        FROM gold.fact_sales_changes
        WHERE run_id > p_after_run_id AND p_after_run_id > 0
        UNION
        SELECT customer_id
        FROM gold.fact_sales
        WHERE p_after_run_id = 0
        UNION
        SELECT customer_id
        FROM gold.customer_lifetime_value
        WHERE p_after_run_id = 0
    ),

    decided_sales AS (
        SELECT
            f.customer_id,
            f.order_id,
            f.order_date,
            f.quantity,
            f.total_amount,
            f.order_status = 'cancelled' AS is_cancelled
        FROM decided_groups AS d
        INNER JOIN gold.fact_sales AS f ON d.customer_id = f.customer_id
    ),

    due_groups AS (
        SELECT
            customer_id,
            count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled) AS orders,
            coalesce(sum(quantity) FILTER (WHERE NOT is_cancelled), 0) AS quantity,
            coalesce(sum(total_amount) FILTER (WHERE NOT is_cancelled), 0) AS revenue,
            round(
                sum(total_amount) FILTER (WHERE NOT is_cancelled)
                / nullif(count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled), 0),
                2
            ) AS average_order_value,
            min(order_date) FILTER (WHERE NOT is_cancelled) AS first_order_date,
            max(order_date) FILTER (WHERE NOT is_cancelled) AS last_order_date,
            count(DISTINCT order_id) FILTER (WHERE is_cancelled) AS cancelled_orders
        FROM decided_sales
        GROUP BY customer_id
    ),

    {{ merge.write_difference(
        'gold.customer_lifetime_value',
        key=['customer_id'],
        columns=[
            'orders', 'quantity', 'revenue', 'average_order_value', 'first_order_date',
            'last_order_date', 'cancelled_orders',
        ],
        source='due_groups',
        scope='decided_groups',
    ) | indent(4) }}

    {{ merge.counts('decided_groups') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_customer_lifetime_value IS
'Brings gold.customer_lifetime_value up to gold.fact_sales. Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.';
