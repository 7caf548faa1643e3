-- Gold of xyz_store: a star around fact_sales, and the metrics built on it.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE gold.dim_date (
    date_key integer PRIMARY KEY,
    date date NOT NULL UNIQUE,
    year integer NOT NULL,
    quarter integer NOT NULL,
    month integer NOT NULL,
    month_name text NOT NULL,
    month_start date NOT NULL,
    iso_year integer NOT NULL,
    iso_week integer NOT NULL,
    day_of_month integer NOT NULL,
    day_of_week integer NOT NULL,
    day_name text NOT NULL,
    is_weekend boolean NOT NULL,
    _run_id bigint NOT NULL
);

-- What forbids overlaps leaves the unknown member out, so that no lookup by customer_id can take
-- its GiST index: five times slower than the b-tree of (customer_id, valid_from), and the planner
-- holds them for equal.
CREATE TABLE gold.dim_customers (
    customer_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer,
    full_name text,
    email text,
    created_at timestamp,
    updated_at timestamp,
    valid_from timestamp NOT NULL,
    valid_to timestamp NOT NULL,
    is_current boolean GENERATED ALWAYS AS (valid_to = 'infinity') STORED,
    is_inferred boolean NOT NULL,
    _inserted_run_id bigint NOT NULL,
    _run_id bigint NOT NULL,
    CONSTRAINT dim_customers_one_version_a_time UNIQUE (customer_id, valid_from),
    CONSTRAINT dim_customers_validity_not_empty CHECK (valid_from < valid_to),
    CONSTRAINT dim_customers_no_overlap
    EXCLUDE USING gist (customer_id WITH =, tsrange(valid_from, valid_to) WITH &&)
    WHERE (customer_key <> -1) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT dim_customers_known CHECK (customer_key = -1 OR customer_id IS NOT NULL),
    CONSTRAINT dim_customers_complete
    CHECK (is_inferred OR (full_name IS NOT NULL AND email IS NOT NULL))
);
CREATE INDEX dim_customers_run_id ON gold.dim_customers (_run_id);
CREATE INDEX dim_customers_inferred ON gold.dim_customers (customer_id) WHERE is_inferred;

CREATE TABLE gold.dim_products (
    product_key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id integer,
    name text,
    category text,
    price numeric(10, 2),
    created_at timestamp,
    updated_at timestamp,
    valid_from timestamp NOT NULL,
    valid_to timestamp NOT NULL,
    is_current boolean GENERATED ALWAYS AS (valid_to = 'infinity') STORED,
    is_inferred boolean NOT NULL,
    _inserted_run_id bigint NOT NULL,
    _run_id bigint NOT NULL,
    CONSTRAINT dim_products_one_version_a_time UNIQUE (product_id, valid_from),
    CONSTRAINT dim_products_validity_not_empty CHECK (valid_from < valid_to),
    CONSTRAINT dim_products_no_overlap
    EXCLUDE USING gist (product_id WITH =, tsrange(valid_from, valid_to) WITH &&)
    WHERE (product_key <> -1) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT dim_products_known CHECK (product_key = -1 OR product_id IS NOT NULL),
    CONSTRAINT dim_products_price_not_negative
    CHECK (is_inferred OR (price IS NOT NULL AND price >= 0))
);
CREATE INDEX dim_products_run_id ON gold.dim_products (_run_id);
CREATE INDEX dim_products_inferred ON gold.dim_products (product_id) WHERE is_inferred;

-- The unknown member, for facts whose dimension has no version at their time.
INSERT INTO gold.dim_customers (
    customer_key,
    customer_id,
    full_name,
    valid_from,
    valid_to,
    is_inferred,
    _inserted_run_id,
    _run_id
)
OVERRIDING SYSTEM VALUE
VALUES (-1, NULL, 'Unknown', '-infinity', 'infinity', true, 0, 0);
INSERT INTO gold.dim_products (
    product_key,
    product_id,
    name,
    category,
    valid_from,
    valid_to,
    is_inferred,
    _inserted_run_id,
    _run_id
)
OVERRIDING SYSTEM VALUE
VALUES (-1, NULL, 'Unknown', 'unknown', '-infinity', 'infinity', true, 0, 0);

CREATE TABLE gold.fact_sales (
    order_item_id integer PRIMARY KEY,
    date_key integer NOT NULL
    REFERENCES gold.dim_date (date_key) DEFERRABLE INITIALLY DEFERRED,
    customer_key bigint NOT NULL
    REFERENCES gold.dim_customers (customer_key) DEFERRABLE INITIALLY DEFERRED,
    product_key bigint NOT NULL
    REFERENCES gold.dim_products (product_key) DEFERRABLE INITIALLY DEFERRED,
    customer_id integer NOT NULL,
    product_id integer NOT NULL,
    order_id integer NOT NULL,
    order_date timestamp NOT NULL,
    order_status text NOT NULL,
    is_cancelled boolean GENERATED ALWAYS AS (order_status = 'cancelled') STORED,
    quantity integer NOT NULL CONSTRAINT fact_sales_quantity_positive CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL
    CONSTRAINT fact_sales_unit_price_not_negative CHECK (unit_price >= 0),
    total_amount numeric(20, 2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    _run_id bigint NOT NULL
);
CREATE INDEX fact_sales_date_key ON gold.fact_sales (date_key, customer_id);
CREATE INDEX fact_sales_customer_id ON gold.fact_sales (customer_id, order_date);
CREATE INDEX fact_sales_product_id ON gold.fact_sales (product_id, order_date);
CREATE INDEX fact_sales_customers_of_products ON gold.fact_sales (product_id, customer_id);
CREATE INDEX fact_sales_unknown_customer ON gold.fact_sales (customer_id) WHERE customer_key = -1;
CREATE INDEX fact_sales_unknown_product ON gold.fact_sales (product_id) WHERE product_key = -1;
CREATE INDEX fact_sales_run_id ON gold.fact_sales (_run_id);

CREATE TABLE gold.fact_sales_changes (
    run_id bigint NOT NULL,
    sign smallint NOT NULL CONSTRAINT fact_sales_changes_sign_known CHECK (sign IN (-1, 1)),
    date_key integer NOT NULL,
    customer_id integer NOT NULL,
    product_id integer NOT NULL,
    order_id integer NOT NULL,
    order_date timestamp NOT NULL,
    is_cancelled boolean NOT NULL,
    quantity integer NOT NULL,
    total_amount numeric(20, 2) NOT NULL
);

CREATE TABLE gold.daily_sales (
    date_key integer PRIMARY KEY
    REFERENCES gold.dim_date (date_key) DEFERRABLE INITIALLY DEFERRED,
    orders bigint NOT NULL,
    customers bigint NOT NULL,
    quantity bigint NOT NULL,
    revenue numeric(20, 2) NOT NULL,
    cancelled_orders bigint NOT NULL,
    cancelled_amount numeric(20, 2) NOT NULL,
    _run_id bigint NOT NULL
);

CREATE TABLE gold.customer_lifetime_value (
    customer_id integer PRIMARY KEY,
    orders bigint NOT NULL,
    quantity bigint NOT NULL,
    revenue numeric(20, 2) NOT NULL,
    average_order_value numeric(20, 2),
    first_order_date timestamp,
    last_order_date timestamp,
    cancelled_orders bigint NOT NULL,
    _run_id bigint NOT NULL
);

CREATE TABLE gold.product_performance (
    product_id integer PRIMARY KEY,
    orders bigint NOT NULL,
    customers bigint NOT NULL,
    quantity bigint NOT NULL,
    revenue numeric(20, 2) NOT NULL,
    average_unit_price numeric(20, 2),
    first_order_date timestamp,
    last_order_date timestamp,
    _run_id bigint NOT NULL
);

CREATE TABLE gold.customer_months (
    customer_id integer NOT NULL,
    month date NOT NULL,
    cohort_month date NOT NULL,
    orders bigint NOT NULL,
    revenue numeric(20, 2) NOT NULL,
    _run_id bigint NOT NULL,
    PRIMARY KEY (customer_id, month),
    CONSTRAINT customer_months_after_cohort CHECK (month >= cohort_month)
);
CREATE INDEX customer_months_cohort ON gold.customer_months (cohort_month, month);

CREATE TABLE gold.customer_months_changes (
    run_id bigint NOT NULL,
    sign smallint NOT NULL CONSTRAINT customer_months_changes_sign_known CHECK (sign IN (-1, 1)),
    cohort_month date NOT NULL,
    month date NOT NULL,
    revenue numeric(20, 2) NOT NULL
);

CREATE TABLE gold.cohort_retention (
    cohort_month date NOT NULL,
    months_since integer NOT NULL,
    cohort_customers bigint NOT NULL,
    active_customers bigint NOT NULL,
    revenue numeric(20, 2) NOT NULL,
    retention_rate numeric
    GENERATED ALWAYS AS (round(active_customers::numeric / cohort_customers, 4)) STORED,
    _run_id bigint NOT NULL,
    PRIMARY KEY (cohort_month, months_since)
);

COMMENT ON TABLE gold.dim_date IS 'The calendar. Grain: one day.';
COMMENT ON COLUMN gold.dim_date.date_key IS 'YYYYMMDD.';
COMMENT ON COLUMN gold.dim_date.date IS 'The day.';
COMMENT ON COLUMN gold.dim_date.year IS 'Calendar year.';
COMMENT ON COLUMN gold.dim_date.quarter IS '1 to 4.';
COMMENT ON COLUMN gold.dim_date.month IS '1 to 12.';
COMMENT ON COLUMN gold.dim_date.month_name IS 'English name.';
COMMENT ON COLUMN gold.dim_date.month_start IS 'First day of the month.';
COMMENT ON COLUMN gold.dim_date.iso_year IS 'Year of the ISO week.';
COMMENT ON COLUMN gold.dim_date.iso_week IS 'ISO 8601 week, 1 to 53.';
COMMENT ON COLUMN gold.dim_date.day_of_month IS '1 to 31.';
COMMENT ON COLUMN gold.dim_date.day_of_week IS 'ISO 8601: Monday is 1, Sunday 7.';
COMMENT ON COLUMN gold.dim_date.day_name IS 'English name.';
COMMENT ON COLUMN gold.dim_date.is_weekend IS 'Saturday or Sunday.';
COMMENT ON COLUMN gold.dim_date._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE gold.dim_customers IS 'Customers with their history, SCD type 2. Grain: one version of one customer.';
COMMENT ON COLUMN gold.dim_customers.customer_key IS 'Surrogate key of the version; -1 is the unknown customer.';
COMMENT ON COLUMN gold.dim_customers.customer_id IS 'Key in production.';
COMMENT ON COLUMN gold.dim_customers.full_name IS 'Trimmed, every word capitalised; null while inferred.';
COMMENT ON COLUMN gold.dim_customers.email IS 'Lower case, trimmed; null while inferred.';
COMMENT ON COLUMN gold.dim_customers.created_at IS 'When production made the row, local time.';
COMMENT ON COLUMN gold.dim_customers.updated_at IS 'When production last changed it, local time.';
COMMENT ON COLUMN gold.dim_customers.valid_from IS 'From when the version holds, local time of production; -infinity for the first.';
COMMENT ON COLUMN gold.dim_customers.valid_to IS 'Until when, exclusive; infinity for the current version.';
COMMENT ON COLUMN gold.dim_customers.is_current IS 'Whether it holds today.';
COMMENT ON COLUMN gold.dim_customers.is_inferred IS 'Facts refer to it, but production has not shown it yet.';
COMMENT ON COLUMN gold.dim_customers._inserted_run_id IS 'Run that inserted the row.';
COMMENT ON COLUMN gold.dim_customers._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE gold.dim_products IS 'Products with their history, SCD type 2. Grain: one version of one product.';
COMMENT ON COLUMN gold.dim_products.product_key IS 'Surrogate key of the version; -1 is the unknown product.';
COMMENT ON COLUMN gold.dim_products.product_id IS 'Key in production.';
COMMENT ON COLUMN gold.dim_products.name IS 'Trimmed; null while inferred.';
COMMENT ON COLUMN gold.dim_products.category IS 'Lower case, trimmed; null while inferred.';
COMMENT ON COLUMN gold.dim_products.price IS 'List price in the shop''s currency; null while inferred.';
COMMENT ON COLUMN gold.dim_products.created_at IS 'When production made the row, local time.';
COMMENT ON COLUMN gold.dim_products.updated_at IS 'When production last changed it, local time.';
COMMENT ON COLUMN gold.dim_products.valid_from IS 'From when the version holds, local time of production; -infinity for the first.';
COMMENT ON COLUMN gold.dim_products.valid_to IS 'Until when, exclusive; infinity for the current version.';
COMMENT ON COLUMN gold.dim_products.is_current IS 'Whether it holds today.';
COMMENT ON COLUMN gold.dim_products.is_inferred IS 'Facts refer to it, but production has not shown it yet.';
COMMENT ON COLUMN gold.dim_products._inserted_run_id IS 'Run that inserted the row.';
COMMENT ON COLUMN gold.dim_products._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE gold.fact_sales IS 'Sales. Grain: one order item.';
COMMENT ON COLUMN gold.fact_sales.order_item_id IS 'Key in production.';
COMMENT ON COLUMN gold.fact_sales.date_key IS 'Day of the order.';
COMMENT ON COLUMN gold.fact_sales.customer_key IS 'The customer as he was when he ordered.';
COMMENT ON COLUMN gold.fact_sales.product_key IS 'The product as it was when it was ordered.';
COMMENT ON COLUMN gold.fact_sales.customer_id IS 'Key of the customer in production.';
COMMENT ON COLUMN gold.fact_sales.product_id IS 'Key of the product in production.';
COMMENT ON COLUMN gold.fact_sales.order_id IS 'Key of the order in production.';
COMMENT ON COLUMN gold.fact_sales.order_date IS 'When it was ordered, in the shop''s local time.';
COMMENT ON COLUMN gold.fact_sales.order_status IS 'pending, confirmed, shipped, delivered or cancelled.';
COMMENT ON COLUMN gold.fact_sales.is_cancelled IS 'Whether the order is cancelled; what is cancelled is not revenue.';
COMMENT ON COLUMN gold.fact_sales.quantity IS 'Pieces.';
COMMENT ON COLUMN gold.fact_sales.unit_price IS 'Price of one piece when it was ordered, in the shop''s currency.';
COMMENT ON COLUMN gold.fact_sales.total_amount IS 'quantity times unit_price.';
COMMENT ON COLUMN gold.fact_sales._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE gold.fact_sales_changes IS 'Sales that the latest runs changed, for the metrics. Grain: one image of a sale: as it was before a run, or as it was after it.';
COMMENT ON COLUMN gold.fact_sales_changes.run_id IS 'The run.';
COMMENT ON COLUMN gold.fact_sales_changes.sign IS '1: as it was after the run; -1: before.';
COMMENT ON COLUMN gold.fact_sales_changes.date_key IS 'Of the sale, like all that follows.';
COMMENT ON COLUMN gold.fact_sales_changes.customer_id IS 'Key of the customer in production.';
COMMENT ON COLUMN gold.fact_sales_changes.product_id IS 'Key of the product in production.';
COMMENT ON COLUMN gold.fact_sales_changes.order_id IS 'Key of the order in production.';
COMMENT ON COLUMN gold.fact_sales_changes.order_date IS 'When it was ordered, in the shop''s local time.';
COMMENT ON COLUMN gold.fact_sales_changes.is_cancelled IS 'Whether the order is cancelled.';
COMMENT ON COLUMN gold.fact_sales_changes.quantity IS 'Pieces.';
COMMENT ON COLUMN gold.fact_sales_changes.total_amount IS 'quantity times unit_price.';
COMMENT ON TABLE gold.daily_sales IS 'Sales a day. Grain: one day with orders.';
COMMENT ON COLUMN gold.daily_sales.date_key IS 'The day.';
COMMENT ON COLUMN gold.daily_sales.orders IS 'Orders not cancelled.';
COMMENT ON COLUMN gold.daily_sales.customers IS 'Customers with such an order.';
COMMENT ON COLUMN gold.daily_sales.quantity IS 'Pieces in such orders.';
COMMENT ON COLUMN gold.daily_sales.revenue IS 'Amount of such orders.';
COMMENT ON COLUMN gold.daily_sales.cancelled_orders IS 'Orders cancelled.';
COMMENT ON COLUMN gold.daily_sales.cancelled_amount IS 'Amount of these.';
COMMENT ON COLUMN gold.daily_sales._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE gold.customer_lifetime_value IS 'What each customer has brought. Grain: one customer with orders. For the time since the last order see customer_recency.';
COMMENT ON COLUMN gold.customer_lifetime_value.customer_id IS 'Key of the customer in production.';
COMMENT ON COLUMN gold.customer_lifetime_value.orders IS 'Orders not cancelled.';
COMMENT ON COLUMN gold.customer_lifetime_value.quantity IS 'Pieces in such orders.';
COMMENT ON COLUMN gold.customer_lifetime_value.revenue IS 'Amount of such orders: the lifetime value.';
COMMENT ON COLUMN gold.customer_lifetime_value.average_order_value IS 'revenue by order.';
COMMENT ON COLUMN gold.customer_lifetime_value.first_order_date IS 'First order not cancelled.';
COMMENT ON COLUMN gold.customer_lifetime_value.last_order_date IS 'Last order not cancelled.';
COMMENT ON COLUMN gold.customer_lifetime_value.cancelled_orders IS 'Orders cancelled.';
COMMENT ON COLUMN gold.customer_lifetime_value._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE gold.product_performance IS 'How each product sells. Grain: one product that was ordered.';
COMMENT ON COLUMN gold.product_performance.product_id IS 'Key of the product in production.';
COMMENT ON COLUMN gold.product_performance.orders IS 'Orders with it, not cancelled.';
COMMENT ON COLUMN gold.product_performance.customers IS 'Customers with such an order.';
COMMENT ON COLUMN gold.product_performance.quantity IS 'Pieces sold.';
COMMENT ON COLUMN gold.product_performance.revenue IS 'Amount sold.';
COMMENT ON COLUMN gold.product_performance.average_unit_price IS 'revenue by piece.';
COMMENT ON COLUMN gold.product_performance.first_order_date IS 'First such order.';
COMMENT ON COLUMN gold.product_performance.last_order_date IS 'Last such order.';
COMMENT ON COLUMN gold.product_performance._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE gold.customer_months IS 'In which months each customer bought. Grain: one customer and month with an order not cancelled.';
COMMENT ON COLUMN gold.customer_months.customer_id IS 'Key of the customer in production.';
COMMENT ON COLUMN gold.customer_months.month IS 'First day of the month.';
COMMENT ON COLUMN gold.customer_months.cohort_month IS 'Month of the customer''s first order.';
COMMENT ON COLUMN gold.customer_months.orders IS 'Orders in the month.';
COMMENT ON COLUMN gold.customer_months.revenue IS 'Amount of these.';
COMMENT ON COLUMN gold.customer_months._run_id IS 'Run that last wrote the row.';
COMMENT ON TABLE gold.customer_months_changes IS 'Customers'' months that the latest runs changed, for cohort_retention. Grain: one image of a month of a customer: as it was before a run, or as it was after it.';
COMMENT ON COLUMN gold.customer_months_changes.run_id IS 'The run.';
COMMENT ON COLUMN gold.customer_months_changes.sign IS '1: as it was after the run; -1: before.';
COMMENT ON COLUMN gold.customer_months_changes.cohort_month IS 'Month of the customer''s first order.';
COMMENT ON COLUMN gold.customer_months_changes.month IS 'First day of the month.';
COMMENT ON COLUMN gold.customer_months_changes.revenue IS 'Amount of the customer''s orders in it.';
COMMENT ON TABLE gold.cohort_retention IS 'How many customers of a cohort buy again. Grain: one cohort and number of months since.';
COMMENT ON COLUMN gold.cohort_retention.cohort_month IS 'Month of the first order.';
COMMENT ON COLUMN gold.cohort_retention.months_since IS 'Months since then, 0 for the first.';
COMMENT ON COLUMN gold.cohort_retention.cohort_customers IS 'Customers in the cohort.';
COMMENT ON COLUMN gold.cohort_retention.active_customers IS 'Customers of it with an order in that month.';
COMMENT ON COLUMN gold.cohort_retention.revenue IS 'Amount of their orders.';
COMMENT ON COLUMN gold.cohort_retention.retention_rate IS 'active_customers by cohort_customers, 0 to 1.';
COMMENT ON COLUMN gold.cohort_retention._run_id IS 'Run that last wrote the row.';
