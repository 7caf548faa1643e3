-- The tables of silver and gold are SELECTs in sql/, and follow them. What earlier migrations made
-- is taken over; indexes by which nothing looks rows up any more are dropped.
-- replaces: 0001_silver.sql, 0002_gold.sql, 0003_measures.sql
DROP INDEX IF EXISTS gold.fact_sales_customer_id;
DROP INDEX IF EXISTS gold.fact_sales_product_id;
DROP INDEX IF EXISTS gold.fact_sales_unknown_customer;
DROP INDEX IF EXISTS gold.fact_sales_unknown_product;
DROP TABLE IF EXISTS gold.customer_months_changes;
