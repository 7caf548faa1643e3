-- In which months each customer bought, and since when. The cohorts that it changes are left in
-- gold.customer_months_changes.
-- Grain: one customer and month with an order that was not cancelled.
{{ routine.writer('gold.write_customer_months') }}
BEGIN ATOMIC
    WITH decided_customers AS (
        SELECT DISTINCT customer_id
        FROM gold.fact_sales_changes
        WHERE run_id > p_after_run_id AND p_after_run_id > 0
        UNION
        SELECT customer_id
        FROM gold.fact_sales
        WHERE p_after_run_id = 0
        UNION
        SELECT customer_id
        FROM gold.customer_months
        WHERE p_after_run_id = 0
    ),

    active_months AS (
        SELECT
            f.customer_id,
            date_trunc('month', f.order_date)::date AS month,
            count(DISTINCT f.order_id) AS orders,
            sum(f.total_amount) AS revenue
        FROM decided_customers AS d
        INNER JOIN gold.fact_sales AS f ON d.customer_id = f.customer_id
        WHERE f.order_status <> 'cancelled'
        GROUP BY f.customer_id, date_trunc('month', f.order_date)
    ),

    due_months AS (
        SELECT
            customer_id,
            month,
            min(month) OVER (PARTITION BY customer_id) AS cohort_month,
            orders,
            revenue
        FROM active_months
    ),

    decided_months AS (
        SELECT
            t.customer_id,
            t.month
        FROM gold.customer_months AS t
        INNER JOIN decided_customers AS d ON t.customer_id = d.customer_id
    ),

    {{ merge.write_difference(
        'gold.customer_months',
        key=['customer_id', 'month'],
        columns=['cohort_month', 'orders', 'revenue'],
        source='due_months',
        scope='decided_months',
        returns=['cohort_month'],
    ) | indent(4) }},

    {{ gold.log_changes('gold.customer_months_changes', ['cohort_month']) | indent(4) }}

    {{ merge.counts('decided_customers') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_customer_months IS
'Brings gold.customer_months up to gold.fact_sales. Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.';
