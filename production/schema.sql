-- The production database of the online shop xyz_store. Run it in an empty database, in one
-- transaction:
--
--     psql --single-transaction -v ON_ERROR_STOP=1 -f production/schema.sql
--
-- If one of the tables already exists, it fails and changes nothing; reset.sql drops them.

CREATE TABLE customers (
    customer_id serial PRIMARY KEY,
    email varchar(255) NOT NULL UNIQUE,
    full_name varchar(255) NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE products (
    product_id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    category varchar(100) NOT NULL,
    price numeric(10, 2) NOT NULL CHECK (price >= 0),
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE orders (
    order_id serial PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (customer_id) ON DELETE RESTRICT,
    order_date timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    status varchar(50) NOT NULL DEFAULT 'pending',
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE order_items (
    order_item_id serial PRIMARY KEY,
    order_id integer NOT NULL REFERENCES orders (order_id) ON DELETE CASCADE,
    product_id integer NOT NULL REFERENCES products (product_id) ON DELETE RESTRICT,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL CHECK (unit_price >= 0),
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

COMMENT ON TABLE customers IS 'Email and name as customers typed them. Grain: one customer.';
COMMENT ON TABLE products IS 'Products of the shop with their current price. Grain: one product.';
COMMENT ON TABLE orders IS 'Grain: one order of one customer.';
COMMENT ON TABLE order_items IS 'Prices are those paid. Grain: one product of one order.';
COMMENT ON COLUMN orders.status IS
'pending, confirmed, shipped, delivered or cancelled; not enforced.';

CREATE INDEX idx_products_category ON products (category);
CREATE INDEX idx_orders_customer_id ON orders (customer_id);
CREATE INDEX idx_orders_order_date ON orders (order_date);
CREATE INDEX idx_orders_updated_at ON orders (updated_at);
CREATE INDEX idx_order_items_order_id ON order_items (order_id);
CREATE INDEX idx_order_items_product_id ON order_items (product_id);
CREATE INDEX idx_order_items_updated_at ON order_items (updated_at);

CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$$;

COMMENT ON FUNCTION set_updated_at() IS 'Sets updated_at of a changed row to the start of the transaction.';

CREATE TRIGGER set_updated_at BEFORE UPDATE ON customers
FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON products
FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON orders
FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TRIGGER set_updated_at BEFORE UPDATE ON order_items
FOR EACH ROW EXECUTE FUNCTION set_updated_at();
