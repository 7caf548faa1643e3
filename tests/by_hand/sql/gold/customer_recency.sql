-- Grain: one customer with an order that was not cancelled.
CREATE VIEW gold.customer_recency AS
SELECT
    customer_id,
    last_order_date,
    current_date - last_order_date::date AS days_since_last_order,
    orders,
    revenue
FROM gold.customer_lifetime_value
WHERE last_order_date IS NOT NULL;
COMMENT ON VIEW gold.customer_recency IS
'How long ago each customer last bought, as of today. Grain: one customer with an order that was not cancelled. Unit: days.';
