-- Months in which each customer bought. Logs its deltas for cohort_retention.
-- Grain: one customer and month with an order that was not cancelled.
{{ routine.writer('gold.write_customer_months') }}
BEGIN ATOMIC
    WITH sale_images AS NOT MATERIALIZED (
        {{ counting.images(
            'gold.fact_sales', 'gold.fact_sales_changes',
            ['customer_id', 'order_id', 'order_date', 'is_cancelled', 'total_amount'],
        ) | indent(8) }}
    ),

    images AS NOT MATERIALIZED (
        SELECT
            *,
            date_trunc('month', order_date)::date AS month
        FROM sale_images
        WHERE NOT is_cancelled
    ),

    buyers AS (
        SELECT DISTINCT customer_id
        FROM images
    ),

    cohorts AS (
        SELECT
            b.customer_id,
            (
                SELECT date_trunc('month', min(f.order_date))::date
                FROM gold.fact_sales AS f
                WHERE f.customer_id = b.customer_id AND NOT f.is_cancelled
            ) AS cohort_month
        FROM buyers AS b
    ),

    moved_months AS (
        SELECT
            t.customer_id,
            t.month
        FROM cohorts AS c
        INNER JOIN gold.customer_months AS t ON c.customer_id = t.customer_id
        WHERE
            c.cohort_month <> (
                SELECT s.cohort_month
                FROM gold.customer_months AS s
                WHERE s.customer_id = c.customer_id
                ORDER BY s.month
                LIMIT 1
            )
    ),

    {{ counting.totals(
        'gold.customer_months',
        key=['customer_id', 'month'],
        measures={
            'orders': {
                'count': ['customer_id', 'order_date', 'order_id'],
                'where': 'NOT {row}.is_cancelled',
            },
            'revenue': {'sum': 'total_amount'},
        },
        table='gold.fact_sales',
        also='moved_months',
    ) | indent(4) }},

    expected_months AS (
        SELECT
            t.customer_id,
            t.month,
            c.cohort_month,
            t.orders,
            t.revenue
        FROM totals AS t
        INNER JOIN cohorts AS c ON t.customer_id = c.customer_id
        WHERE t.orders > 0
    ),

    {{ merge.write_difference(
        'gold.customer_months',
        key=['customer_id', 'month'],
        columns=['cohort_month', 'orders', 'revenue'],
        source='expected_months',
        affected_keys='affected_groups',
        returns=['cohort_month', 'month', 'revenue'],
        distinct=true,
    ) | indent(4) }},

    {{ counting.log_images(
        'gold.customer_months_changes', ['cohort_month', 'month', 'revenue']
    ) | indent(4) }}

    {{ merge.counts('affected_groups') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_customer_months IS
'Brings gold.customer_months up to date with gold.fact_sales. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
