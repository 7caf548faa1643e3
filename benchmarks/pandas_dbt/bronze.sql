-- Bronze of the pandas pipeline: the latest state of each row, as production has it.
CREATE SCHEMA bronze;
CREATE TABLE bronze.raw_customers (
    customer_id integer PRIMARY KEY,
    email varchar(255),
    full_name varchar(255),
    created_at timestamp,
    updated_at timestamp,
    _extracted_at timestamptz NOT NULL,
    _source_system text NOT NULL
);
CREATE TABLE bronze.raw_products (
    product_id integer PRIMARY KEY,
    name varchar(255),
    category varchar(100),
    price numeric(10, 2),
    created_at timestamp,
    updated_at timestamp,
    _extracted_at timestamptz NOT NULL,
    _source_system text NOT NULL
);
CREATE TABLE bronze.raw_orders (
    order_id integer PRIMARY KEY,
    customer_id integer,
    order_date timestamp,
    status varchar(50),
    created_at timestamp,
    updated_at timestamp,
    _extracted_at timestamptz NOT NULL,
    _source_system text NOT NULL
);
CREATE TABLE bronze.raw_order_items (
    order_item_id integer PRIMARY KEY,
    order_id integer,
    product_id integer,
    quantity integer,
    unit_price numeric(10, 2),
    created_at timestamp,
    updated_at timestamp,
    _extracted_at timestamptz NOT NULL,
    _source_system text NOT NULL
);
-- max(updated_at) is asked for in every run
CREATE INDEX ON bronze.raw_customers (updated_at);
CREATE INDEX ON bronze.raw_products (updated_at);
CREATE INDEX ON bronze.raw_orders (updated_at);
CREATE INDEX ON bronze.raw_order_items (updated_at);
