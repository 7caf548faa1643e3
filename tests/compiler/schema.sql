-- What the shapes read. Rows of silver never go, those of gold may.
CREATE SCHEMA etl;
CREATE SCHEMA silver;
CREATE SCHEMA gold;
CREATE TYPE etl.row_counts AS (
    rows_read bigint, rows_inserted bigint, rows_updated bigint, rows_deleted bigint, rows_rejected bigint
);
CREATE TABLE etl.watermarks (model text PRIMARY KEY, run_id bigint NOT NULL);
CREATE FUNCTION etl.raise_duplicate_key(
    p_rows text, p_key jsonb, p_row_count bigint,
    p_hint text DEFAULT 'Its SELECT must return one row per key.'
)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% has duplicate keys', p_rows USING ERRCODE = 'DW014', DETAIL = p_key, HINT = p_hint;
END;
$$;

CREATE TABLE silver.clean_customers (
    customer_id integer PRIMARY KEY, name text, country text, referrer_id integer,
    is_deleted boolean NOT NULL, _run_id bigint NOT NULL
);
CREATE TABLE silver.clean_products (
    product_id integer PRIMARY KEY, name text NOT NULL, category text, price numeric(10, 2),
    is_deleted boolean NOT NULL, _run_id bigint NOT NULL
);
CREATE TABLE silver.clean_orders (
    order_id integer PRIMARY KEY, customer_id integer, order_date timestamp NOT NULL, status text, currency text,
    is_deleted boolean NOT NULL, _run_id bigint NOT NULL
);
CREATE TABLE silver.clean_order_items (
    order_item_id integer PRIMARY KEY, order_id integer, product_id integer, quantity integer, unit_price numeric(10, 2),
    is_deleted boolean NOT NULL, _run_id bigint NOT NULL
);
CREATE TABLE silver.clean_payments (
    payment_id integer PRIMARY KEY, order_id integer, amount numeric(10, 2), method text, paid_at timestamp,
    is_deleted boolean NOT NULL, _run_id bigint NOT NULL
);
CREATE TABLE gold.dim_customers (
    customer_key integer PRIMARY KEY, customer_id integer, segment text,
    valid_from timestamp NOT NULL, valid_to timestamp NOT NULL, _run_id bigint NOT NULL
);
CREATE TABLE gold.rates (
    currency text, day date, rate numeric(10, 4) NOT NULL, _run_id bigint NOT NULL, PRIMARY KEY (currency, day)
);
CREATE TABLE gold.sales (
    sale_id integer PRIMARY KEY, customer_id integer, product_id integer, order_id integer, sold_at timestamp NOT NULL,
    quantity integer, amount numeric(12, 2), is_cancelled boolean NOT NULL, _run_id bigint NOT NULL
);
CREATE TABLE gold.stock_moves (
    warehouse text, sku integer, move_number integer, quantity integer, moved_at timestamp NOT NULL,
    _run_id bigint NOT NULL, PRIMARY KEY (warehouse, sku, move_number)
);
CREATE TABLE gold.events (
    event_id integer PRIMARY KEY, user_id integer, kind text, happened_at timestamp NOT NULL, tags text[],
    score double precision, _run_id bigint NOT NULL
);
-- Types of which equal values can look different, or that have no equality.
CREATE TYPE gold.grade AS ENUM ('low', 'mid', 'high');
CREATE DOMAIN gold.short AS text CHECK (length(value) < 20);
CREATE FUNCTION gold.twice(integer) RETURNS integer IMMUTABLE LANGUAGE sql RETURN $1 * 2;
CREATE FUNCTION gold.longer(text, text) RETURNS text IMMUTABLE LANGUAGE sql
RETURN CASE WHEN length($2) > coalesce(length($1), 0) THEN $2 ELSE $1 END;
CREATE AGGREGATE gold.longest(text) (SFUNC = gold.longer, STYPE = text);
CREATE TABLE gold.readings (
    reading_id integer PRIMARY KEY, sensor text, grade gold.grade, attributes jsonb, body json, span interval,
    amount numeric, during tsrange, numbers integer[], taken_at timestamptz, is_valid boolean, _run_id bigint NOT NULL
);
CREATE VIEW gold.live_orders AS
SELECT order_id, customer_id, order_date, status FROM silver.clean_orders WHERE NOT is_deleted;
