-- Drops the shop that schema.sql created, with all its data.

DROP TABLE IF EXISTS order_items;
DROP TABLE IF EXISTS orders;
DROP TABLE IF EXISTS products;
DROP TABLE IF EXISTS customers;
DROP FUNCTION IF EXISTS set_updated_at;
