WITH months AS (
    SELECT
        customer_id,
        date_trunc('month', order_date)::date AS month,
        sum(total_amount) AS revenue
    FROM {{ ref('fact_sales') }}
    WHERE order_status <> 'cancelled'
    GROUP BY customer_id, date_trunc('month', order_date)
),

cohorts AS (
    SELECT
        *,
        min(month) OVER (PARTITION BY customer_id) AS cohort_month
    FROM months
),

activity AS (
    SELECT
        cohort_month,
        (
            (extract(YEAR FROM month) - extract(YEAR FROM cohort_month)) * 12
            + extract(MONTH FROM month) - extract(MONTH FROM cohort_month)
        )::integer AS months_since,
        count(*) AS active_customers,
        sum(revenue) AS revenue
    FROM cohorts
    GROUP BY cohort_month, month
)

SELECT
    *,
    first_value(active_customers) OVER (
        PARTITION BY cohort_month ORDER BY months_since
    ) AS cohort_customers
FROM activity
