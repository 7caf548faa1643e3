-- Fills the empty shop that schema.sql created. The same settings give the same rows.
--
--     fdwarehouse.scale        1 = 150 customers, 75 products, 400 orders; N multiplies (default 1)
--     fdwarehouse.customers    number of customers, instead of that of the scale
--     fdwarehouse.products     number of products
--     fdwarehouse.orders       number of orders
--     fdwarehouse.random_seed  integer; another seed gives another shop (default 42)
--     fdwarehouse.as_of        day before which all rows are dated (default today)
--
--     PGOPTIONS='-c fdwarehouse.scale=10' \
--     psql --single-transaction -v ON_ERROR_STOP=1 -f production/schema.sql -f production/seed.sql
--
-- random() is not used, because its numbers would depend on the plan: every choice is a hash of the
-- number of the row, the seed and the choice. These hashes are the same in all versions of
-- PostgreSQL, because hash-partitioned tables depend on them.

-- A number from 0 to 1 (exclusive) for one choice about one row.
CREATE OR REPLACE FUNCTION pg_temp.draw(p_seed bigint, p_choice text, p_number bigint)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT
        (hashint8extended(p_number, hashtextextended(p_choice, p_seed)) & 4503599627370495)
        / 4503599627370496.0::double precision
$$;

CREATE OR REPLACE FUNCTION pg_temp.pick(p_words text[], p_draw double precision)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT p_words[1 + floor(p_draw * cardinality(p_words))::integer]
$$;

CREATE TEMPORARY TABLE settings AS
WITH given_settings AS (
    SELECT
        coalesce(nullif(current_setting('fdwarehouse.scale', true), ''), '1')::bigint AS scale,
        nullif(current_setting('fdwarehouse.customers', true), '')::bigint AS customers,
        nullif(current_setting('fdwarehouse.products', true), '')::bigint AS products,
        nullif(current_setting('fdwarehouse.orders', true), '')::bigint AS orders,
        nullif(current_setting('fdwarehouse.random_seed', true), '')::bigint AS random_seed,
        nullif(current_setting('fdwarehouse.as_of', true), '')::date AS as_of
)

SELECT
    coalesce(customers, 150 * scale) AS customer_count,
    coalesce(products, 75 * scale) AS product_count,
    coalesce(orders, 400 * scale) AS order_count,
    interval '730 days' AS customer_span,
    interval '1095 days' AS product_span,
    coalesce(random_seed, 42) AS random_seed,
    coalesce(as_of, current_date)::timestamp AS as_of
FROM given_settings;

-- Loading millions of rows is five times faster without foreign keys and secondary indexes.
CREATE TEMPORARY TABLE postponed AS
WITH shop_tables AS (
    SELECT unnest(ARRAY['customers', 'products', 'orders', 'order_items']::regclass[]) AS table_id
)

SELECT
    1 AS turn,
    format('DROP INDEX %s', indexes.indexrelid::regclass) AS drop_command,
    pg_get_indexdef(indexes.indexrelid) AS create_command
FROM pg_index AS indexes
INNER JOIN shop_tables ON indexes.indrelid = shop_tables.table_id
WHERE NOT indexes.indisunique
UNION ALL
SELECT
    2 AS turn,
    format('ALTER TABLE %s DROP CONSTRAINT %I', shop_tables.table_id, keys.conname) AS drop_command,
    format(
        'ALTER TABLE %s ADD CONSTRAINT %I %s',
        shop_tables.table_id,
        keys.conname,
        pg_get_constraintdef(keys.oid)
    ) AS create_command
FROM pg_constraint AS keys
INNER JOIN shop_tables ON keys.conrelid = shop_tables.table_id
WHERE keys.contype = 'f';

DO $$
DECLARE
    v_command text;
BEGIN
    FOR v_command IN SELECT drop_command FROM postponed ORDER BY turn, drop_command LOOP
        EXECUTE v_command;
    END LOOP;
END;
$$;

-- Customers of the last two years, in the order of registration.
WITH people AS (
    SELECT
        n AS customer_id,
        as_of,
        date_trunc(
            'second',
            as_of - customer_span
            * (1 - (n - pg_temp.draw(random_seed, 'customer came', n)) / customer_count)
        ) AS created_at,
        pg_temp.pick(
            ARRAY[
                'Ana', 'Ben', 'Carla', 'Daan', 'Elena', 'Femke', 'Giulia', 'Hannah', 'Ingrid',
                'Jamal', 'José', 'Kofi', 'Lars', 'Marie-Claire', 'Mehmet', 'Nadia', 'Olga', 'Priya',
                'Quentin', 'Renée', 'Sven', 'Thandi', 'Uwe', 'Valentina', 'Wei', 'Yusuf', 'Zoë'
            ],
            pg_temp.draw(random_seed, 'first name', n)
        ) AS first_name,
        pg_temp.pick(
            ARRAY[
                'Andersson', 'Bianchi', 'Chen', 'de Vries', 'Dubois', 'Fernández', 'Garcia',
                'Hansen', 'Ivanova', 'Jones', 'Kaya', 'Kowalski', 'Lindqvist', 'Mensah', 'Müller',
                'Nguyen', 'Novak', 'O''Brien', 'Okafor', 'Patel', 'Rossi', 'Schmidt', 'Silva',
                'Smith', 'Svensson', 'van der Berg', 'Weber', 'Yilmaz', 'Zimmermann'
            ],
            pg_temp.draw(random_seed, 'last name', n)
        ) AS last_name,
        pg_temp.pick(
            ARRAY['example.com', 'example.net', 'example.org', 'mail.example'],
            pg_temp.draw(random_seed, 'mail domain', n)
        ) AS mail_domain,
        pg_temp.draw(random_seed, 'how the name is typed', n) AS name_style,
        pg_temp.draw(random_seed, 'how the email is typed', n) AS email_style,
        pg_temp.draw(random_seed, 'customer changed', n) AS change_style
    FROM settings
    CROSS JOIN LATERAL generate_series(1, customer_count) AS n
),

-- The number keeps addresses unique, also when they are trimmed and in lower case.
addressed_people AS (
    SELECT
        *,
        first_name || ' ' || last_name AS full_name,
        translate(lower(first_name || '.' || last_name), ' áéëíñóöúü''', '.aeeinoouu')
        || customer_id || '@' || mail_domain AS email
    FROM people
)

INSERT INTO customers (customer_id, email, full_name, created_at, updated_at)
SELECT
    customer_id,
    CASE
        WHEN email_style < 0.06 THEN ' ' || email
        WHEN email_style < 0.12 THEN email || ' '
        WHEN email_style < 0.20 THEN initcap(email)
        WHEN email_style < 0.24 THEN upper(email)
        ELSE email
    END,
    CASE
        WHEN name_style < 0.06 THEN '  ' || full_name
        WHEN name_style < 0.12 THEN full_name || ' '
        WHEN name_style < 0.20 THEN lower(full_name)
        WHEN name_style < 0.26 THEN upper(full_name)
        ELSE full_name
    END,
    created_at,
    CASE
        WHEN change_style < 0.25
            THEN date_trunc('second', created_at + (as_of - created_at) * change_style * 4)
        ELSE created_at
    END
FROM addressed_people;

-- Products of the last three years, in the order in which they were first sold.
WITH categories (category_number, category, price_from, price_to, nouns) AS (
    VALUES
    (
        0, 'Books', 8, 60,
        ARRAY['Atlas', 'Cookbook', 'Novel', 'Diary', 'Field Guide', 'Biography', 'Comic', 'Reader']
    ),
    (
        1, 'Electronics', 15, 900,
        ARRAY['Headphones', 'Camera', 'Speaker', 'Charger', 'Keyboard', 'Radio', 'Monitor', 'Drone']
    ),
    (
        2, 'Clothing', 10, 180,
        ARRAY['Jacket', 'Scarf', 'Sweater', 'Raincoat', 'Shirt', 'Socks', 'Gloves', 'Cap']
    ),
    (
        3, 'Home & Kitchen', 5, 250,
        ARRAY['Kettle', 'Lamp', 'Blanket', 'Frying Pan', 'Mug', 'Clock', 'Bread Knife', 'Vase']
    ),
    (
        4, 'Toys', 5, 120,
        ARRAY['Puzzle', 'Kite', 'Board Game', 'Train Set', 'Yo-Yo', 'Doll', 'Robot', 'Spinning Top']
    ),
    (
        5, 'Sports', 8, 400,
        ARRAY['Tent', 'Yoga Mat', 'Football', 'Helmet', 'Rucksack', 'Racket', 'Bottle', 'Sledge']
    ),
    (
        6, 'Beauty', 4, 90,
        ARRAY['Soap', 'Perfume', 'Hand Cream', 'Shampoo', 'Hairbrush', 'Sponge', 'Mirror', 'Balm']
    )
),

goods AS (
    SELECT
        n AS product_id,
        as_of,
        (n - 1) % 7 AS category_number,
        (n - 1) / 7 AS turn,
        ARRAY[
            'Amber', 'Arctic', 'Classic', 'Compact', 'Copper', 'Coral', 'Everyday', 'Family',
            'Forest', 'Golden', 'Little', 'Midnight', 'Nordic', 'Pocket', 'Silver', 'Velvet'
        ] AS adjectives,
        date_trunc(
            'second',
            as_of - product_span
            * (1 - (n - pg_temp.draw(random_seed, 'product came', n)) / product_count)
        ) AS created_at,
        pg_temp.pick(
            ARRAY['0.01', '0.01', '0.05', '0.50'], pg_temp.draw(random_seed, 'cents', n)
        )::numeric AS below_round_price,
        pg_temp.draw(random_seed, 'price', n) AS price_style,
        pg_temp.draw(random_seed, 'how the product is typed', n) AS name_style,
        pg_temp.draw(random_seed, 'product changed', n) AS change_style
    FROM settings
    CROSS JOIN LATERAL generate_series(1, product_count) AS n
),

-- Name parts are enumerated, not chosen at random, so names of products are unique.
named_goods AS (
    SELECT
        goods.*,
        categories.category,
        categories.price_from,
        categories.price_to,
        goods.adjectives[1 + (goods.turn / 8 + goods.turn % 8 * 3 + goods.category_number * 5) % 16]
        || ' ' || categories.nouns[1 + goods.turn % 8]
        || CASE WHEN goods.turn < 128 THEN '' ELSE ' ' || (goods.turn / 128 + 1) END AS name
    FROM goods
    INNER JOIN categories ON goods.category_number = categories.category_number
)

INSERT INTO products (product_id, name, category, price, created_at, updated_at)
SELECT
    product_id,
    CASE
        WHEN name_style < 0.05 THEN ' ' || name
        WHEN name_style < 0.10 THEN name || '  '
        WHEN name_style < 0.16 THEN lower(name)
        ELSE name
    END,
    category,
    -- Squared, because most products are cheap.
    round((price_from + (price_to - price_from) * price_style * price_style)::numeric)
    - below_round_price,
    created_at,
    CASE
        WHEN change_style < 0.4
            THEN date_trunc('second', created_at + (as_of - created_at) * change_style * 2.5)
        ELSE created_at
    END
FROM named_goods;

ANALYZE customers, products;

-- Orders, each some time after the registration of its customer; ids in the order of dates.
WITH purchases AS (
    SELECT
        n,
        customer_count,
        as_of,
        pg_temp.draw(random_seed, 'buyer', n) AS buyer,
        pg_temp.draw(random_seed, 'order date', n) AS delay,
        pg_temp.draw(random_seed, 'slowness', n) AS slowness,
        pg_temp.draw(random_seed, 'cancelled', n) < 0.06 AS is_cancelled
    FROM settings
    CROSS JOIN LATERAL generate_series(1, order_count) AS n
),

-- Earlier customers buy more often.
buyers_of_purchases AS (
    SELECT
        *,
        1 + floor(customer_count * (buyer + buyer * buyer) / 2)::integer AS customer_id
    FROM purchases
),

-- Customers buy most soon after their registration.
dated_purchases AS (
    SELECT
        buyers_of_purchases.*,
        date_trunc(
            'second',
            customers.created_at
            + (buyers_of_purchases.as_of - customers.created_at)
            * buyers_of_purchases.delay * buyers_of_purchases.delay
        ) AS order_date
    FROM buyers_of_purchases
    INNER JOIN customers ON buyers_of_purchases.customer_id = customers.customer_id
),

purchases_under_way AS (
    SELECT
        *,
        row_number() OVER (ORDER BY order_date, n) AS order_id,
        CASE
            WHEN is_cancelled THEN 'cancelled'
            WHEN as_of - order_date < interval '1 day' * (1 + 3 * slowness) THEN 'pending'
            WHEN as_of - order_date < interval '1 day' * (3 + 6 * slowness) THEN 'confirmed'
            WHEN as_of - order_date < interval '1 day' * (7 + 14 * slowness) THEN 'shipped'
            ELSE 'delivered'
        END AS status
    FROM dated_purchases
)

INSERT INTO orders (order_id, customer_id, order_date, status, created_at, updated_at)
SELECT
    order_id,
    customer_id,
    order_date,
    status,
    order_date,
    date_trunc(
        'second',
        least(
            as_of,
            order_date + interval '1 day' * CASE status
                WHEN 'pending' THEN 0
                WHEN 'cancelled' THEN 2 * slowness
                WHEN 'confirmed' THEN 1 + 3 * slowness
                WHEN 'shipped' THEN 3 + 6 * slowness
                ELSE 7 + 14 * slowness
            END
        )
    )
FROM purchases_under_way
ORDER BY order_id;

ANALYZE orders;

-- One to five items per order, of products on sale on its day; earlier products sell best.
WITH baskets AS (
    SELECT
        orders.order_id,
        orders.order_date,
        settings.random_seed,
        1 - extract(EPOCH FROM settings.as_of - orders.order_date)::double precision
        / extract(EPOCH FROM settings.product_span)::double precision AS share_on_sale,
        settings.product_count,
        1 + floor(5 * pg_temp.draw(settings.random_seed, 'items', orders.order_id))::integer
            AS item_count
    FROM orders
    CROSS JOIN settings
),

drawn_items AS (
    SELECT
        baskets.order_id,
        baskets.order_date,
        floor(baskets.product_count * baskets.share_on_sale) AS products_on_sale,
        row_number() OVER (ORDER BY baskets.order_id, line) AS order_item_id,
        pg_temp.draw(baskets.random_seed, 'product', baskets.order_id * 8 + line) AS wish,
        pg_temp.draw(baskets.random_seed, 'quantity', baskets.order_id * 8 + line) AS appetite,
        pg_temp.draw(baskets.random_seed, 'reduction', baskets.order_id * 8 + line) AS reduction
    FROM baskets
    CROSS JOIN LATERAL generate_series(1, baskets.item_count) AS line
),

items AS (
    SELECT
        *,
        greatest(1, floor(products_on_sale * (wish + wish * wish) / 2))::integer AS product_id
    FROM drawn_items
)

INSERT INTO order_items (
    order_item_id, order_id, product_id, quantity, unit_price, created_at, updated_at
)
SELECT
    items.order_item_id,
    items.order_id,
    items.product_id,
    1 + floor(4 * items.appetite * items.appetite)::integer,
    CASE
        WHEN items.reduction < 0.75 THEN products.price
        ELSE round(products.price * (0.1 + items.reduction)::numeric, 2)
    END,
    items.order_date,
    items.order_date
FROM items
INNER JOIN products ON items.product_id = products.product_id
ORDER BY items.order_item_id;

DO $$
DECLARE
    v_command text;
BEGIN
    FOR v_command IN SELECT create_command FROM postponed ORDER BY turn, create_command LOOP
        EXECUTE v_command;
    END LOOP;
END;
$$;

DROP TABLE postponed;
DROP TABLE settings;

SELECT setval(pg_get_serial_sequence('customers', 'customer_id'), max(customer_id)) FROM customers;
SELECT setval(pg_get_serial_sequence('products', 'product_id'), max(product_id)) FROM products;
SELECT setval(pg_get_serial_sequence('orders', 'order_id'), max(order_id)) FROM orders;
SELECT setval(pg_get_serial_sequence('order_items', 'order_item_id'), max(order_item_id))
FROM order_items;

ANALYZE order_items;

WITH counts (what, row_count) AS (
    VALUES
    ('customers', (SELECT count(*) FROM customers)),
    ('products', (SELECT count(*) FROM products)),
    ('orders', (SELECT count(*) FROM orders)),
    ('order items', (SELECT count(*) FROM order_items))
)

SELECT
    what,
    row_count
FROM counts;
