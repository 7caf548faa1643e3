-- A sum has no precision that data could exceed: one overflow stopped all of gold. Its scale is
-- that of the prices, so that an amount is written in one way however it was added up.
ALTER TABLE gold.fact_sales ALTER COLUMN total_amount TYPE numeric(1000, 2);
ALTER TABLE gold.fact_sales_changes ALTER COLUMN total_amount TYPE numeric(1000, 2);
ALTER TABLE gold.daily_sales
ALTER COLUMN revenue TYPE numeric(1000, 2),
ALTER COLUMN cancelled_amount TYPE numeric(1000, 2);
ALTER TABLE gold.customer_lifetime_value
ALTER COLUMN revenue TYPE numeric(1000, 2),
ALTER COLUMN average_order_value TYPE numeric(1000, 2);
ALTER TABLE gold.product_performance
ALTER COLUMN revenue TYPE numeric(1000, 2),
ALTER COLUMN average_unit_price TYPE numeric(1000, 2);
ALTER TABLE gold.customer_months ALTER COLUMN revenue TYPE numeric(1000, 2);
ALTER TABLE gold.customer_months_changes ALTER COLUMN revenue TYPE numeric(1000, 2);
ALTER TABLE gold.cohort_retention ALTER COLUMN revenue TYPE numeric(1000, 2);
