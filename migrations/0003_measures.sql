-- A sum has no scale or precision that data could exceed: one overflow stopped all of gold.
ALTER TABLE gold.fact_sales ALTER COLUMN total_amount TYPE numeric;
ALTER TABLE gold.fact_sales_changes ALTER COLUMN total_amount TYPE numeric;
ALTER TABLE gold.daily_sales
ALTER COLUMN revenue TYPE numeric,
ALTER COLUMN cancelled_amount TYPE numeric;
ALTER TABLE gold.customer_lifetime_value
ALTER COLUMN revenue TYPE numeric,
ALTER COLUMN average_order_value TYPE numeric;
ALTER TABLE gold.product_performance
ALTER COLUMN revenue TYPE numeric,
ALTER COLUMN average_unit_price TYPE numeric;
ALTER TABLE gold.customer_months ALTER COLUMN revenue TYPE numeric;
ALTER TABLE gold.customer_months_changes ALTER COLUMN revenue TYPE numeric;
ALTER TABLE gold.cohort_retention ALTER COLUMN revenue TYPE numeric;
