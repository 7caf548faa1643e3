-- Customers of a cohort (first order in the same month) who buy again, per month.
-- Grain: one cohort and number of months since.
{{ routine.writer('gold.write_cohort_retention') }}
BEGIN ATOMIC
    WITH month_images AS NOT MATERIALIZED (
        {{ counting.images(
            'gold.customer_months', 'gold.customer_months_changes',
            ['cohort_month', 'month', 'revenue'],
        ) | indent(8) }}
    ),

    images AS NOT MATERIALIZED (
        SELECT
            *,
            (
                (extract(YEAR FROM month) - extract(YEAR FROM cohort_month)) * 12
                + extract(MONTH FROM month) - extract(MONTH FROM cohort_month)
            )::integer AS months_since
        FROM month_images
    ),

    rows_of_cohorts AS ( -- all of them store the size of the cohort
        SELECT
            cohort_month,
            months_since
        FROM gold.cohort_retention
        WHERE cohort_month IN (SELECT i.cohort_month FROM images AS i)
    ),

    {{ counting.totals(
        'gold.cohort_retention',
        key=['cohort_month', 'months_since'],
        measures={'active_customers': {'sum': 1}, 'revenue': {'sum': 'revenue'}},
        also='rows_of_cohorts',
    ) | indent(4) }},

    expected_rows AS (
        SELECT
            cohort_month,
            months_since,
            first_value(active_customers) OVER (
                PARTITION BY cohort_month ORDER BY months_since
            ) AS cohort_customers,
            active_customers,
            revenue
        FROM totals
        WHERE active_customers > 0
    ),

    {{ merge.write_difference(
        'gold.cohort_retention',
        key=['cohort_month', 'months_since'],
        columns=['cohort_customers', 'active_customers', 'revenue'],
        source='expected_rows',
        affected_keys='affected_groups',
        distinct=true,
    ) | indent(4) }}

    {{ merge.counts('affected_groups') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_cohort_retention IS
'Brings gold.cohort_retention up to date with gold.customer_months. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
