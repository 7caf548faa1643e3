{{ config(indexes=[{'columns': ['date_key'], 'unique': true}]) }}
WITH bounds AS (
    SELECT
        date_trunc('year', min(order_date)) AS first_day,
        date_trunc('year', max(order_date)) + interval '1 year' - interval '1 day' AS last_day
    FROM {{ ref('clean_orders') }}
)

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
FROM bounds
CROSS JOIN generate_series(first_day, last_day, interval '1 day') AS day
