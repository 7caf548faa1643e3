/*
description: Calendar with every day of each year with an order.
grain: one day
key: date_key
columns:
  date_key: YYYYMMDD.
  date: {unique: true, not_null: true}
  iso_year: Year of the ISO week.
  iso_week: 'ISO 8601, 1 to 53.'
  day_of_week: 'ISO 8601: Monday is 1, Sunday 7.'
*/
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
FROM gold.order_years AS y
CROSS JOIN generate_series(
    y.first_day, y.first_day + interval '1 year' - interval '1 day', interval '1 day'
) AS day
