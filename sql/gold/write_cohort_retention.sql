-- How many customers of a cohort, those who first bought in the same month, buy again month by
-- month. Grain: one cohort and number of months since.
{{ routine.writer('gold.write_cohort_retention') }}
BEGIN ATOMIC
    WITH decided_cohorts AS (
        SELECT cohort_month
        FROM gold.customer_months_changes
        WHERE run_id > p_after_run_id AND p_after_run_id > 0
        UNION
        SELECT cohort_month
        FROM gold.customer_months
        WHERE p_after_run_id = 0
        UNION
        SELECT cohort_month
        FROM gold.cohort_retention
        WHERE p_after_run_id = 0
    ),

    active_months AS (
        SELECT
            m.cohort_month,
            (
                (extract(YEAR FROM m.month) - extract(YEAR FROM m.cohort_month)) * 12
                + extract(MONTH FROM m.month) - extract(MONTH FROM m.cohort_month)
            )::integer AS months_since,
            count(*) AS active_customers,
            sum(m.revenue) AS revenue
        FROM decided_cohorts AS d
        INNER JOIN gold.customer_months AS m ON d.cohort_month = m.cohort_month
        GROUP BY m.cohort_month, m.month
    ),

    due_cohorts AS (
        SELECT
            cohort_month,
            months_since,
            first_value(active_customers) OVER (
                PARTITION BY cohort_month ORDER BY months_since
            ) AS cohort_customers,
            active_customers,
            revenue
        FROM active_months
    ),

    decided_rows AS (
        SELECT
            t.cohort_month,
            t.months_since
        FROM gold.cohort_retention AS t
        INNER JOIN decided_cohorts AS d ON t.cohort_month = d.cohort_month
    ),

    {{ merge.write_difference(
        'gold.cohort_retention',
        key=['cohort_month', 'months_since'],
        columns=['cohort_customers', 'active_customers', 'revenue'],
        source='due_cohorts',
        scope='decided_rows',
    ) | indent(4) }}

    {{ merge.counts('decided_cohorts') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_cohort_retention IS
'Brings gold.cohort_retention up to gold.customer_months. Arguments: the run; changes of later runs than this one are read, 0 for everything. Returns counts.';
