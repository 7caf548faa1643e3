/*
description: Years with an order; gold.dim_date has their days.
grain: one year
key: first_day
*/
SELECT
    date_trunc('year', order_date) AS first_day,
    count(*) AS orders
FROM silver.clean_orders
WHERE NOT is_deleted
GROUP BY date_trunc('year', order_date)
