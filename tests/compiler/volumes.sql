-- As many rows as `cost.n` says, in groups whose size does not depend on it: a customer has five
-- orders, an order two items, a country ten customers.
INSERT INTO silver.clean_customers
SELECT id, 'N' || id / 3,
    CASE WHEN id <= 20 THEN (ARRAY['DE', 'FR', 'US'])[1 + id % 3] ELSE 'c' || id / 10 END,
    nullif(id / 4, 0), id % 17 = 0, 1
FROM generate_series(1, current_setting('cost.n')::integer / 5) AS id;
INSERT INTO silver.clean_products
SELECT id, 'P' || id, CASE WHEN id <= 4 THEN 'a' ELSE 'c' || id / 4 END, id % 9, id % 17 = 0, 1
FROM generate_series(1, current_setting('cost.n')::integer / 10) AS id;
INSERT INTO silver.clean_orders
SELECT id, 1 + id / 5 % (current_setting('cost.n')::integer / 5),
    timestamp '2024-01-01' + id * interval '8 hours',
    CASE WHEN id <= 99 THEN (ARRAY['paid', 'open', 'cancelled'])[1 + id % 3] ELSE 's' || id / 9 END,
    'C' || id / 20, id % 17 = 0, 1
FROM generate_series(1, current_setting('cost.n')::integer) AS id;
INSERT INTO silver.clean_order_items
SELECT id, (id + 1) / 2, 1 + id / 20 % (current_setting('cost.n')::integer / 10), id % 5, 1 + id % 9,
    id % 17 = 0, 1
FROM generate_series(1, 2 * current_setting('cost.n')::integer) AS id;
INSERT INTO silver.clean_payments
SELECT id, id, 1 + id % 9, (ARRAY['x', 'y'])[1 + id % 2], timestamp '2024-01-02' + id * interval '8 hours',
    id % 17 = 0, 1
FROM generate_series(1, current_setting('cost.n')::integer) AS id;
INSERT INTO gold.dim_customers
SELECT id, 1 + id / 2, CASE WHEN id <= 20 THEN 'vip' ELSE 's' || id / 20 END,
    CASE WHEN id % 2 = 0 THEN timestamp '1970-01-01' ELSE timestamp '2024-01-05' + id * interval '19 hours' END,
    CASE WHEN id % 2 = 1 THEN timestamp '9999-01-01' ELSE timestamp '2024-01-05' + (id + 1) * interval '19 hours' END,
    1
FROM generate_series(0, 2 * (current_setting('cost.n')::integer / 5) - 1) AS id;
INSERT INTO gold.rates
SELECT DISTINCT currency, order_date::date, 1.1, 1 FROM silver.clean_orders;
INSERT INTO gold.sales
SELECT id, 1 + id / 10 % (current_setting('cost.n')::integer / 5),
    1 + id / 20 % (current_setting('cost.n')::integer / 10), (id + 1) / 2,
    timestamp '2024-01-01' + id * interval '4 hours', 1 + id % 5, 1 + id % 9, id % 17 = 0, 1
FROM generate_series(1, 2 * current_setting('cost.n')::integer) AS id;
INSERT INTO gold.stock_moves
SELECT 'w' || id / 100, id / 10 % 10, id % 10, id % 5 - 1, timestamp '2024-01-01' + id * interval '8 hours', 1
FROM generate_series(1, current_setting('cost.n')::integer) AS id;
INSERT INTO gold.events
SELECT id, 1 + id / 4, 'k' || id / 10, timestamp '2024-01-01' + id * interval '8 hours',
    ARRAY['t' || id / 5, 'u' || id / 7], id % 7, 1
FROM generate_series(1, current_setting('cost.n')::integer) AS id;
INSERT INTO gold.readings
SELECT id, 's' || id / 10, 'mid', jsonb_build_object('a', id / 10, 'tags', ARRAY['t' || id / 5]),
    json_build_object('a', id), make_interval(days => id / 10), id, NULL, ARRAY[id / 10, 1 + id / 10],
    timestamptz '2024-01-01 00:00Z' + id * interval '8 hours', true, 1
FROM generate_series(1, current_setting('cost.n')::integer) AS id;
UPDATE gold.readings SET during = tsrange(taken_at::timestamp, taken_at::timestamp + interval '2 days')
WHERE reading_id <= 100;
