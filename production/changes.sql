-- One day of changes in an existing shop: new customers and orders, status changes, new prices,
-- changes of names and addresses, changed quantities, and a few deletions.
--
--     fdwarehouse.changes      approximate number of rows to change (default 100); 1 or more per kind
--     fdwarehouse.random_seed  integer; another seed gives other changes (default 42)
--
--     PGOPTIONS='-c fdwarehouse.changes=1000' \
--     psql -v ON_ERROR_STOP=1 -f production/changes.sql
--
-- Each statement is a transaction of its own, like those of the shop's application, and does not
-- set time stamps. The same settings on the same shop give the same changes; the next run on it
-- gives others, because there are new orders.

WITH given_settings AS (
    SELECT
        coalesce(nullif(current_setting('fdwarehouse.random_seed', true), ''), '42')::bigint
            AS random_seed,
        (SELECT coalesce(max(order_id), 0) FROM orders) AS last_order_id
)

SELECT
    set_config(
        'fdwarehouse.day_seed', hashint8extended(last_order_id, random_seed)::text, false
    ) AS day_seed
FROM given_settings;

-- A number from 0 to 1 (exclusive) for one choice about one row; see seed.sql.
CREATE OR REPLACE FUNCTION pg_temp.draw(p_choice text, p_number bigint)
RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT
        (
            hashint8extended(
                p_number,
                hashtextextended(p_choice, current_setting('fdwarehouse.day_seed')::bigint)
            ) & 4503599627370495
        ) / 4503599627370496.0::double precision
$$;

CREATE OR REPLACE FUNCTION pg_temp.rows_for(p_percent integer)
RETURNS bigint
LANGUAGE sql STABLE
AS $$
    SELECT
        ceil(
            coalesce(nullif(current_setting('fdwarehouse.changes', true), ''), '100')::numeric
            * p_percent / 100
        )::bigint
$$;

-- The customer or product with the next existing id, because ids have gaps.
CREATE OR REPLACE FUNCTION pg_temp.some_customer(p_draw double precision)
RETURNS integer
LANGUAGE sql STABLE
AS $$
    SELECT customer_id
    FROM customers
    WHERE customer_id >= ceil(p_draw * (SELECT max(customer_id) FROM customers))::integer
    ORDER BY customer_id
    LIMIT 1
$$;

CREATE OR REPLACE FUNCTION pg_temp.some_product(p_draw double precision)
RETURNS integer
LANGUAGE sql STABLE
AS $$
    SELECT product_id
    FROM products
    WHERE product_id >= ceil(p_draw * (SELECT max(product_id) FROM products))::integer
    ORDER BY product_id
    LIMIT 1
$$;

CREATE OR REPLACE FUNCTION pg_temp.first_name(p_full_name text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT coalesce(substring(btrim(p_full_name) FROM '^\S+'), '')
$$;

CREATE OR REPLACE FUNCTION pg_temp.last_name(p_full_name text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT regexp_replace(btrim(p_full_name), '^\S+\s*', '')
$$;

CREATE TEMPORARY TABLE IF NOT EXISTS changes_made (
    turn serial,
    what text,
    row_count bigint
);

TRUNCATE pg_temp.changes_made;

-- Orders change their status: pending, confirmed, shipped, delivered; a few are cancelled.
WITH moving_orders AS (
    SELECT
        order_id,
        CASE
            WHEN status <> 'shipped' AND pg_temp.draw('cancel', order_id) < 0.08 THEN 'cancelled'
            WHEN status = 'pending' THEN 'confirmed'
            WHEN status = 'confirmed' THEN 'shipped'
            ELSE 'delivered'
        END AS next_status
    FROM orders
    WHERE status IN ('pending', 'confirmed', 'shipped')
    ORDER BY pg_temp.draw('move on', order_id)
    LIMIT pg_temp.rows_for(28)
),

moved_orders AS (
    UPDATE orders
    SET status = moving_orders.next_status
    FROM moving_orders
    WHERE orders.order_id = moving_orders.order_id
    RETURNING orders.status
)

INSERT INTO changes_made (what, row_count)
SELECT
    'orders ' || status,
    count(*)
FROM moved_orders
GROUP BY status
ORDER BY status;

-- Prices rise or fall by 3 to 15 %.
WITH chosen_products AS (
    SELECT
        product_id,
        pg_temp.draw('new price', product_id) - 0.5 AS rise
    FROM products
    ORDER BY pg_temp.draw('change price', product_id)
    LIMIT pg_temp.rows_for(4)
),

new_prices AS (
    SELECT
        product_id,
        (1 + sign(rise) * 0.03 + rise * 0.24)::numeric AS factor
    FROM chosen_products
),

changed_products AS (
    UPDATE products
    SET price = round(products.price * new_prices.factor, 2)
    FROM new_prices
    WHERE products.product_id = new_prices.product_id
    RETURNING products.product_id
)

INSERT INTO changes_made (what, row_count)
SELECT
    'prices changed',
    count(*)
FROM changed_products;

-- Customers add the last name of another customer to theirs, or replace a double name by it.
WITH chosen_customers AS (
    SELECT
        customer_id,
        pg_temp.first_name(full_name) AS first_name,
        pg_temp.last_name(full_name) AS last_name,
        pg_temp.some_customer(pg_temp.draw('spouse', customer_id)) AS spouse_id
    FROM customers
    ORDER BY pg_temp.draw('change name', customer_id)
    LIMIT pg_temp.rows_for(2)
),

couples AS (
    SELECT
        chosen_customers.customer_id,
        chosen_customers.first_name,
        chosen_customers.last_name,
        split_part(pg_temp.last_name(spouses.full_name), '-', 1) AS spouse_name
    FROM chosen_customers
    INNER JOIN customers AS spouses ON chosen_customers.spouse_id = spouses.customer_id
),

new_names AS (
    SELECT
        customer_id,
        CASE
            WHEN last_name LIKE '%-%' THEN first_name || ' ' || spouse_name
            ELSE first_name || ' ' || last_name || '-' || spouse_name
        END AS full_name
    FROM couples
),

changed_customers AS (
    UPDATE customers
    SET full_name = new_names.full_name
    FROM new_names
    WHERE customers.customer_id = new_names.customer_id
    RETURNING customers.customer_id
)

INSERT INTO changes_made (what, row_count)
SELECT
    'customers renamed',
    count(*)
FROM changed_customers;

-- Customers change their mail provider; their number keeps addresses unique.
WITH chosen_customers AS (
    SELECT
        customer_id,
        split_part(lower(btrim(email)), '@', 1) AS mailbox,
        split_part(lower(btrim(email)), '@', 2) AS mail_domain
    FROM customers
    ORDER BY pg_temp.draw('change email', customer_id)
    LIMIT pg_temp.rows_for(2)
),

new_emails AS (
    SELECT
        customer_id,
        regexp_replace(mailbox, '[0-9]+$', '') || customer_id || '@' || CASE mail_domain
            WHEN 'example.com' THEN 'example.net'
            WHEN 'example.net' THEN 'example.org'
            WHEN 'example.org' THEN 'mail.example'
            ELSE 'example.com'
        END AS email
    FROM chosen_customers
),

changed_customers AS (
    UPDATE customers
    SET email = new_emails.email
    FROM new_emails
    WHERE customers.customer_id = new_emails.customer_id
    RETURNING customers.customer_id
)

INSERT INTO changes_made (what, row_count)
SELECT
    'emails changed',
    count(*)
FROM changed_customers;

-- Quantities change by one, as long as the order is not shipped.
WITH chosen_items AS (
    SELECT
        order_items.order_item_id,
        CASE
            WHEN order_items.quantity = 1 THEN 1
            WHEN pg_temp.draw('more or less', order_items.order_item_id) < 0.5 THEN 1
            ELSE -1
        END AS difference
    FROM order_items
    INNER JOIN orders ON order_items.order_id = orders.order_id
    WHERE orders.status IN ('pending', 'confirmed')
    ORDER BY pg_temp.draw('change quantity', order_items.order_item_id)
    LIMIT pg_temp.rows_for(4)
),

changed_items AS (
    UPDATE order_items
    SET quantity = order_items.quantity + chosen_items.difference
    FROM chosen_items
    WHERE order_items.order_item_id = chosen_items.order_item_id
    RETURNING order_items.order_item_id
)

INSERT INTO changes_made (what, row_count)
SELECT
    'quantities changed',
    count(*)
FROM changed_items;

-- Items are removed from orders that have others.
WITH last_items AS (
    SELECT max(order_items.order_item_id) AS order_item_id
    FROM order_items
    INNER JOIN orders ON order_items.order_id = orders.order_id
    WHERE orders.status IN ('pending', 'confirmed')
    GROUP BY order_items.order_id
    HAVING count(*) > 1
),

chosen_items AS (
    SELECT order_item_id
    FROM last_items
    ORDER BY pg_temp.draw('delete item', order_item_id)
    LIMIT pg_temp.rows_for(1)
),

deleted_items AS (
    DELETE FROM order_items
    USING chosen_items
    WHERE order_items.order_item_id = chosen_items.order_item_id
    RETURNING order_items.order_item_id
)

INSERT INTO changes_made (what, row_count)
SELECT
    'order items deleted',
    count(*)
FROM deleted_items;

-- Cancelled orders are deleted, with their items.
WITH chosen_orders AS (
    SELECT order_id
    FROM orders
    WHERE status IN ('pending', 'cancelled')
    ORDER BY pg_temp.draw('delete order', order_id)
    LIMIT pg_temp.rows_for(1)
),

their_items AS (
    SELECT order_items.order_item_id
    FROM order_items
    INNER JOIN chosen_orders ON order_items.order_id = chosen_orders.order_id
),

deleted_orders AS (
    DELETE FROM orders
    USING chosen_orders
    WHERE orders.order_id = chosen_orders.order_id
    RETURNING orders.order_id
)

INSERT INTO changes_made (what, row_count)
VALUES
('orders deleted', (SELECT count(*) FROM deleted_orders)),
('order items deleted with them', (SELECT count(*) FROM their_items));

-- New customers get the first name of one customer and the last name of another.
WITH namesakes AS (
    SELECT
        nextval(pg_get_serial_sequence('customers', 'customer_id')) AS customer_id,
        pg_temp.some_customer(pg_temp.draw('first name', n)) AS first_id,
        pg_temp.some_customer(pg_temp.draw('last name', n)) AS last_id
    FROM generate_series(1, pg_temp.rows_for(5)) AS n
),

people AS (
    SELECT
        namesakes.customer_id,
        pg_temp.first_name(firsts.full_name) || ' ' || pg_temp.last_name(lasts.full_name)
            AS full_name
    FROM namesakes
    INNER JOIN customers AS firsts ON namesakes.first_id = firsts.customer_id
    INNER JOIN customers AS lasts ON namesakes.last_id = lasts.customer_id
),

new_customers AS (
    INSERT INTO customers (customer_id, email, full_name)
    SELECT
        customer_id,
        translate(lower(full_name), ' áéëíñóöúü''', '.aeeinoouu') || customer_id || '@example.com',
        full_name
    FROM people
    RETURNING customer_id
)

INSERT INTO changes_made (what, row_count)
SELECT
    'new customers',
    count(*)
FROM new_customers;

-- New orders with one to four items; ids, status and dates are defaults.
WITH new_orders AS (
    INSERT INTO orders (customer_id)
    SELECT pg_temp.some_customer(pg_temp.draw('buyer', n))
    FROM generate_series(1, pg_temp.rows_for(15)) AS n
    ORDER BY n
    RETURNING order_id
),

baskets AS (
    SELECT
        order_id,
        1 + floor(4 * pg_temp.draw('items', order_id))::integer AS item_count
    FROM new_orders
),

wishes AS (
    SELECT
        baskets.order_id,
        line,
        pg_temp.some_product(pg_temp.draw('product', baskets.order_id * 8 + line)) AS product_id,
        1 + floor(3 * pg_temp.draw('quantity', baskets.order_id * 8 + line))::integer AS quantity
    FROM baskets
    CROSS JOIN LATERAL generate_series(1, baskets.item_count) AS line
),

new_items AS (
    INSERT INTO order_items (order_id, product_id, quantity, unit_price)
    SELECT
        wishes.order_id,
        wishes.product_id,
        wishes.quantity,
        products.price
    FROM wishes
    INNER JOIN products ON wishes.product_id = products.product_id
    ORDER BY wishes.order_id, wishes.line
    RETURNING order_item_id
)

INSERT INTO changes_made (what, row_count)
VALUES
('new orders', (SELECT count(*) FROM new_orders)),
('new order items', (SELECT count(*) FROM new_items));

SELECT
    what,
    row_count
FROM changes_made
ORDER BY turn;
