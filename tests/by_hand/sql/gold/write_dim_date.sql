-- Calendar with every day of each year that ever had an order. Grain: one day.
{{ routine.writer('gold.write_dim_date') }}
BEGIN ATOMIC
    WITH order_years AS (
        SELECT DISTINCT date_trunc('year', order_date) AS first_day
        FROM silver.order_versions
        WHERE _run_id > p_since_run_id AND {{ silver.is_accepted() }} AND isfinite(order_date)
    ),

    expected_days AS (
        SELECT
            to_char(day, 'YYYYMMDD')::integer AS date_key,
            day::date AS date,
            extract(YEAR FROM day)::integer AS year,
            extract(QUARTER FROM day)::integer AS quarter,
            extract(MONTH FROM day)::integer AS month,
            to_char(day, 'FMMonth') AS month_name,
            date_trunc('month', day)::date AS month_start,
            extract(ISOYEAR FROM day)::integer AS iso_year,
            extract(WEEK FROM day)::integer AS iso_week,
            extract(DAY FROM day)::integer AS day_of_month,
            extract(ISODOW FROM day)::integer AS day_of_week,
            to_char(day, 'FMDay') AS day_name,
            extract(ISODOW FROM day) >= 6 AS is_weekend
        FROM order_years
        CROSS JOIN generate_series(
            first_day, first_day + interval '1 year' - interval '1 day', interval '1 day'
        ) AS day
    ),

    affected_days AS (
        SELECT date_key
        FROM gold.dim_date
        WHERE p_since_run_id = 0
    ),

    {{ merge.write_difference(
        'gold.dim_date',
        key=['date_key'],
        columns=[
            'date', 'year', 'quarter', 'month', 'month_name', 'month_start', 'iso_year', 'iso_week',
            'day_of_month', 'day_of_week', 'day_name', 'is_weekend',
        ],
        source='expected_days',
        affected_keys='affected_days',
    ) | indent(4) }}

    {{ merge.counts('order_years') | indent(4) }};
END;
COMMENT ON FUNCTION gold.write_dim_date IS
'Adds to gold.dim_date the years of new orders. Arguments: the run; the run since which changes are read (0: all). Returns counts.';
