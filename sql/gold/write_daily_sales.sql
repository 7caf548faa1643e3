-- Sales a day; what was cancelled is not revenue. Grain: one day with orders.
{{ routine.writer('gold.write_daily_sales') }}
BEGIN ATOMIC
    WITH decided_groups AS (
        SELECT DISTINCT date_key
        FROM gold.fact_sales_changes
        WHERE run_id > p_after_run_id AND p_after_run_id > 0
        UNION
        SELECT date_key
        FROM gold.fact_sales
        WHERE p_after_run_id = 0
        UNION
        SELECT date_key
        FROM gold.daily_sales
        WHERE p_after_run_id = 0
    ),

    decided_sales AS (
        SELECT
            f.date_key,
            f.order_id,
            f.customer_id,
            f.quantity,
            f.total_amount,
            f.order_status = 'cancelled' AS is_cancelled
        FROM decided_groups AS d
        INNER JOIN gold.fact_sales AS f ON d.date_key = f.date_key
    ),

    due_groups AS (
        SELECT
            date_key,
            count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled) AS orders,
            count(DISTINCT customer_id) FILTER (WHERE NOT is_cancelled) AS customers,
            coalesce(sum(quantity) FILTER (WHERE NOT is_cancelled), 0) AS quantity,
            coalesce(sum(total_amount) FILTER (WHERE NOT is_cancelled), 0) AS revenue,
            count(DISTINCT order_id) FILTER (WHERE is_cancelled) AS cancelled_orders,
            coalesce(sum(total_amount) FILTER (WHERE is_cancelled), 0) AS cancelled_amount
        FROM decided_sales
        GROUP BY date_key
    ),

    {{ merge.write_difference(
        'gold.daily_sales',
        key=['date_key'],
        columns=[
            'orders', 'customers', 'quantity', 'revenue', 'cancelled_orders', 'cancelled_amount',
        ],
        source='due_groups',
        scope='decided_groups',
    ) | indent(4) }}

    {{ merge.counts('decided_groups') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_daily_sales IS
'Brings gold.daily_sales up to gold.fact_sales. Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.';
