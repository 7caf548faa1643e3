-- Silver of xyz_store. What a live row must fulfil is a constraint; a deleted row keeps what was
-- last seen.

CREATE TABLE silver.clean_customers (
    customer_id integer PRIMARY KEY,
    email text,
    full_name text,
    created_at timestamp,
    updated_at timestamp,
    is_deleted boolean NOT NULL,
    _run_id bigint NOT NULL,
    CONSTRAINT clean_customers_email_clean CHECK (is_deleted OR email = lower(btrim(email))),
    CONSTRAINT clean_customers_complete
    CHECK (is_deleted OR (email IS NOT NULL AND full_name IS NOT NULL))
);
CREATE INDEX clean_customers_run_id ON silver.clean_customers (_run_id);

CREATE TABLE silver.clean_products (
    product_id integer PRIMARY KEY,
    name text,
    category text,
    price numeric(10, 2),
    created_at timestamp,
    updated_at timestamp,
    is_deleted boolean NOT NULL,
    _run_id bigint NOT NULL,
    CONSTRAINT clean_products_price_not_negative
    CHECK (is_deleted OR (price IS NOT NULL AND price >= 0))
);
CREATE INDEX clean_products_run_id ON silver.clean_products (_run_id);

CREATE TABLE silver.clean_orders (
    order_id integer PRIMARY KEY,
    customer_id integer,
    order_date timestamp,
    status text,
    created_at timestamp,
    updated_at timestamp,
    is_deleted boolean NOT NULL,
    _run_id bigint NOT NULL,
    CONSTRAINT clean_orders_status_known
    CHECK (is_deleted OR status IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')),
    CONSTRAINT clean_orders_complete
    CHECK (
        is_deleted
        OR (customer_id IS NOT NULL AND order_date IS NOT NULL AND status IS NOT NULL)
    )
);
CREATE INDEX clean_orders_run_id ON silver.clean_orders (_run_id);

CREATE TABLE silver.clean_order_items (
    order_item_id integer PRIMARY KEY,
    order_id integer,
    product_id integer,
    quantity integer,
    unit_price numeric(10, 2),
    created_at timestamp,
    updated_at timestamp,
    is_deleted boolean NOT NULL,
    _run_id bigint NOT NULL,
    CONSTRAINT clean_order_items_quantity_positive
    CHECK (is_deleted OR (quantity IS NOT NULL AND quantity > 0)),
    CONSTRAINT clean_order_items_unit_price_not_negative
    CHECK (is_deleted OR (unit_price IS NOT NULL AND unit_price >= 0)),
    CONSTRAINT clean_order_items_complete
    CHECK (is_deleted OR (order_id IS NOT NULL AND product_id IS NOT NULL))
);
CREATE INDEX clean_order_items_run_id ON silver.clean_order_items (_run_id);
CREATE INDEX clean_order_items_order_id ON silver.clean_order_items (order_id);

COMMENT ON TABLE silver.clean_customers IS 'Customers, latest accepted version of each. Grain: one customer.';
COMMENT ON COLUMN silver.clean_customers.customer_id IS 'Key in production.';
COMMENT ON COLUMN silver.clean_customers.email IS 'Lower case, trimmed.';
COMMENT ON COLUMN silver.clean_customers.full_name IS 'Trimmed, every word capitalised.';
COMMENT ON COLUMN silver.clean_customers.created_at IS 'When production made the row, local time.';
COMMENT ON COLUMN silver.clean_customers.updated_at IS 'When production last changed it, local time.';
COMMENT ON COLUMN silver.clean_customers.is_deleted IS 'Production does not have it any more.';
COMMENT ON COLUMN silver.clean_customers._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE silver.clean_products IS 'Products, latest accepted version of each. Grain: one product.';
COMMENT ON COLUMN silver.clean_products.product_id IS 'Key in production.';
COMMENT ON COLUMN silver.clean_products.name IS 'Trimmed.';
COMMENT ON COLUMN silver.clean_products.category IS 'Lower case, trimmed.';
COMMENT ON COLUMN silver.clean_products.price IS 'List price, in the shop''s currency.';
COMMENT ON COLUMN silver.clean_products.created_at IS 'When production made the row, local time.';
COMMENT ON COLUMN silver.clean_products.updated_at IS 'When production last changed it, local time.';
COMMENT ON COLUMN silver.clean_products.is_deleted IS 'Production does not have it any more.';
COMMENT ON COLUMN silver.clean_products._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE silver.clean_orders IS 'Orders, latest accepted version of each. Grain: one order.';
COMMENT ON COLUMN silver.clean_orders.order_id IS 'Key in production.';
COMMENT ON COLUMN silver.clean_orders.customer_id IS 'Who ordered.';
COMMENT ON COLUMN silver.clean_orders.order_date IS 'When, in the shop''s local time.';
COMMENT ON COLUMN silver.clean_orders.status IS 'pending, confirmed, shipped, delivered or cancelled.';
COMMENT ON COLUMN silver.clean_orders.created_at IS 'When production made the row, local time.';
COMMENT ON COLUMN silver.clean_orders.updated_at IS 'When production last changed it, local time.';
COMMENT ON COLUMN silver.clean_orders.is_deleted IS 'Production does not have it any more.';
COMMENT ON COLUMN silver.clean_orders._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE silver.clean_order_items IS 'Order items, latest accepted version of each. Grain: one order item.';
COMMENT ON COLUMN silver.clean_order_items.order_item_id IS 'Key in production.';
COMMENT ON COLUMN silver.clean_order_items.order_id IS 'The order that it belongs to.';
COMMENT ON COLUMN silver.clean_order_items.product_id IS 'What was ordered.';
COMMENT ON COLUMN silver.clean_order_items.quantity IS 'Pieces.';
COMMENT ON COLUMN silver.clean_order_items.unit_price IS 'Price of one piece when it was ordered, in the shop''s currency.';
COMMENT ON COLUMN silver.clean_order_items.created_at IS 'When production made the row, local time.';
COMMENT ON COLUMN silver.clean_order_items.updated_at IS 'When production last changed it, local time.';
COMMENT ON COLUMN silver.clean_order_items.is_deleted IS 'Production does not have it any more.';
COMMENT ON COLUMN silver.clean_order_items._run_id IS 'Run that last wrote the row.';
