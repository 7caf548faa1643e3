-- joined_views: country
WITH v AS (SELECT o.order_id, o.customer_id FROM gold.live_orders o JOIN gold.live_orders p
    ON p.customer_id = o.customer_id AND p.order_id >= o.order_id)
SELECT coalesce(c.country, '?') AS country, count(*) AS pairs, count(DISTINCT v.order_id) AS orders
FROM v LEFT JOIN silver.clean_customers c USING (customer_id)
GROUP BY 1
-- known_orders: customer_id
SELECT c.customer_id, string_agg(o.order_id::text, ',' ORDER BY o.order_id) AS orders
FROM silver.clean_customers c JOIN silver.clean_orders o ON o.customer_id = c.customer_id
JOIN gold.dim_customers d ON d.customer_id = o.customer_id AND o.order_date >= d.valid_from AND o.order_date < d.valid_to
GROUP BY c.customer_id
-- window_over_group: customer_id month
SELECT customer_id, date_trunc('month', sold_at)::date AS month, sum(amount) AS amount,
    sum(sum(amount)) OVER (PARTITION BY customer_id ORDER BY date_trunc('month', sold_at)::date) AS running,
    lag(count(*)) OVER (PARTITION BY customer_id ORDER BY date_trunc('month', sold_at)::date) AS before
FROM gold.sales WHERE customer_id IS NOT NULL GROUP BY 1, 2
-- antijoin_null: customer_id
SELECT c.customer_id, c.name FROM silver.clean_customers c
WHERE NOT EXISTS (SELECT 1 FROM silver.clean_customers r WHERE r.referrer_id = c.customer_id
    AND r.country IS NOT DISTINCT FROM c.country)
-- distinct_on_desc: customer_id
SELECT DISTINCT ON (o.customer_id) o.customer_id, o.order_id, c.name
FROM silver.clean_orders o LEFT JOIN silver.clean_customers c ON c.customer_id = o.order_id
WHERE o.customer_id IS NOT NULL ORDER BY o.customer_id, c.name DESC NULLS LAST, o.order_id DESC
-- lateral_limit_ties: order_id nth
SELECT o.order_id, l.order_item_id AS nth, l.quantity FROM silver.clean_orders o
CROSS JOIN LATERAL (SELECT i.order_item_id, i.quantity FROM silver.clean_order_items i
    WHERE i.order_id = o.order_id ORDER BY i.quantity DESC NULLS LAST FETCH FIRST 1 ROW WITH TIES) l
-- agg_order: customer_id
SELECT customer_id, string_agg(status, ',' ORDER BY order_date DESC, order_id) AS states,
    json_agg(order_id ORDER BY order_id)::text AS ids, array_agg(DISTINCT status) FILTER (WHERE status <> 'open') AS d
FROM silver.clean_orders WHERE customer_id IS NOT NULL GROUP BY customer_id
-- percentiles: product_id
SELECT product_id, percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY unit_price) AS q,
    mode() WITHIN GROUP (ORDER BY quantity) AS mode, rank(2) WITHIN GROUP (ORDER BY quantity) AS r
FROM silver.clean_order_items WHERE product_id IS NOT NULL
GROUP BY product_id
-- having_distinct: customer_id
SELECT customer_id FROM silver.clean_orders WHERE customer_id IS NOT NULL
GROUP BY customer_id HAVING count(DISTINCT status) > 1 AND count(*) FILTER (WHERE status = 'paid') >= 1
-- nested_ctes: country
WITH a AS (WITH b AS (SELECT customer_id, count(*) n FROM silver.clean_orders GROUP BY 1)
    SELECT * FROM b WHERE n > 1), b AS (SELECT country, a.n FROM a JOIN silver.clean_customers c USING (customer_id))
SELECT country, sum(n) AS n, max(n) AS m FROM b WHERE country IS NOT NULL
GROUP BY country
-- join_on_expression: order_id
SELECT o.order_id, p.name, p.category FROM silver.clean_orders o
LEFT JOIN silver.clean_products p ON p.product_id = o.order_id % 7 AND lower(p.name) <> 'p'
-- series_from: customer_id n
SELECT c.customer_id, n, c.name FROM silver.clean_customers c
CROSS JOIN generate_series(1, c.referrer_id) AS n
-- composite_nullable: country name
SELECT coalesce(country, '') AS country, coalesce(name, '') AS name, count(*) AS n, count(DISTINCT referrer_id) AS r
FROM silver.clean_customers GROUP BY country, name
-- cte_twice: customer_id
WITH x AS (SELECT customer_id, max(order_date) AS last, count(*) AS n FROM silver.clean_orders
    WHERE customer_id IS NOT NULL GROUP BY customer_id) SELECT a.customer_id, a.n, b.n AS of_referrer
FROM x a JOIN silver.clean_customers c ON c.customer_id = a.customer_id
LEFT JOIN x b ON b.customer_id = c.referrer_id
-- union_in_from: id
SELECT u.id, u.kind, c.country FROM (SELECT order_id AS id, customer_id, 'o' AS kind FROM silver.clean_orders
    UNION SELECT sale_id + 100, customer_id, 's' FROM gold.sales) u
LEFT JOIN silver.clean_customers c ON c.customer_id = u.customer_id
-- constants: id
SELECT order_id AS id, 'order' AS kind FROM silver.clean_orders
UNION ALL VALUES (-1, 'unknown'), (-2, 'none')
-- fact_and_unknown: id
WITH all_of AS (SELECT -1 AS id, 'none' AS name UNION ALL SELECT customer_id, name FROM silver.clean_customers)
SELECT a.id, a.name, count(o.order_id) AS n FROM all_of a
LEFT JOIN silver.clean_orders o ON coalesce(o.customer_id, -1) = a.id
GROUP BY a.id, a.name
-- calendar_cte: day
WITH days AS (SELECT d::date AS day FROM generate_series('2024-01-01'::timestamp, '2024-01-10',
    '1 day') d), sold AS (SELECT sold_at::date AS day, sum(amount) AS amount FROM gold.sales
    GROUP BY 1) SELECT days.day, coalesce(s.amount, 0) AS amount, sum(s.amount) OVER (PARTITION BY extract(isodow
    FROM days.day) ORDER BY days.day) AS dow FROM days LEFT JOIN sold s USING (day)
-- calendar_group: dow
WITH days AS (SELECT d::date AS day FROM generate_series('2024-01-01'::timestamp, '2024-01-10',
    '1 day') d), dows AS (SELECT extract(isodow FROM day)::int AS dow, count(*) AS days
    FROM days GROUP BY 1) SELECT d.dow, d.days, count(s.sale_id) AS n
FROM dows d LEFT JOIN gold.sales s ON extract(isodow FROM s.sold_at) = d.dow
GROUP BY d.dow, d.days
-- mapped_lookup: customer_id
SELECT c.customer_id, coalesce(m.name, c.country) AS country
FROM silver.clean_customers c LEFT JOIN (SELECT * FROM (VALUES ('DE', 'Germany'), ('FR',
    'France')) v (code, name) UNION ALL SELECT 'US', 'States') m ON m.code = c.country
-- buckets: bucket
SELECT b.bucket, count(s.sale_id) AS n FROM (VALUES ('low', 0, 2), ('mid', 2, 5), ('high',
    5, 1000)) b (bucket, lower, upper) LEFT JOIN gold.sales s ON s.amount >= b.lower AND s.amount < b.upper
GROUP BY b.bucket
-- values_join: status
SELECT v.status, v.rank, count(o.order_id) AS n FROM (VALUES ('paid', 1), ('open', 2)) AS v (status,
    rank) LEFT JOIN silver.clean_orders o ON o.status = v.status
GROUP BY v.status, v.rank
-- frames: event_id
SELECT event_id, count(*) OVER w AS n, max(event_id) OVER (PARTITION BY user_id ORDER BY happened_at RANGE BETWEEN interval '2 days' PRECEDING
    AND CURRENT ROW EXCLUDE CURRENT ROW) AS m, sum(event_id) OVER (PARTITION BY user_id
    ORDER BY happened_at GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) AS g
FROM gold.events WINDOW w AS (PARTITION BY user_id ORDER BY happened_at, event_id ROWS UNBOUNDED PRECEDING)
-- distinct_window: country
SELECT DISTINCT country, count(*) OVER (PARTITION BY country) AS n
FROM silver.clean_customers WHERE country IS NOT NULL
-- gaps_islands: warehouse sku island
SELECT warehouse, sku, move_number - row_number AS island, min(move_number) AS a, max(move_number) AS b
FROM (SELECT warehouse, sku, move_number, row_number() OVER (PARTITION BY warehouse, sku
    ORDER BY move_number) FROM gold.stock_moves WHERE quantity > 0) x
GROUP BY warehouse, sku, move_number - row_number
-- except_all: customer_id n
SELECT customer_id, count(*) AS n FROM (SELECT customer_id FROM silver.clean_orders WHERE customer_id IS NOT NULL EXCEPT ALL SELECT customer_id
    FROM gold.sales) x GROUP BY customer_id
-- intersect_all: customer_id n
SELECT customer_id, count(*) AS n FROM (SELECT customer_id FROM silver.clean_orders WHERE customer_id IS NOT NULL INTERSECT ALL SELECT customer_id
    FROM gold.sales) x GROUP BY customer_id
-- lateral_of_lateral: order_id
SELECT o.order_id, a.n, b.m FROM silver.clean_orders o LEFT JOIN LATERAL (SELECT count(*) AS n,
    max(product_id) AS p FROM silver.clean_order_items i WHERE i.order_id = o.order_id) a
    ON true LEFT JOIN LATERAL (SELECT max(x.unit_price) AS m FROM silver.clean_order_items x
    WHERE x.product_id = a.p) b ON a.n > 0
-- row_in: order_id
SELECT o.order_id FROM silver.clean_orders o WHERE (o.order_id, o.status) IN (SELECT p.order_id,
    p.method FROM silver.clean_payments p) OR (o.order_id, o.customer_id) = (SELECT max(p.order_id),
    min(p.payment_id) FROM silver.clean_payments p)
-- lateral_group: order_id product_id
SELECT o.order_id, l.product_id, l.q FROM silver.clean_orders o
JOIN LATERAL (SELECT i.product_id, sum(i.quantity) AS q FROM silver.clean_order_items i
    WHERE i.order_id = o.order_id GROUP BY i.product_id HAVING sum(i.quantity) > 1) l
    ON l.product_id IS NOT NULL
-- asof_range: order_id
SELECT o.order_id, d.segment FROM silver.clean_orders o LEFT JOIN gold.dim_customers d
    ON d.customer_id = o.customer_id AND tsrange(d.valid_from, d.valid_to) @> o.order_date
-- asof_count: segment month
SELECT coalesce(d.segment, 'none') AS segment, date_trunc('month', o.order_date)::date AS month,
    count(*) AS orders, count(DISTINCT o.customer_id) AS customers, sum(i.quantity) AS pieces,
    min(i.unit_price) AS least, max(o.order_date) FILTER (WHERE i.quantity > 1) AS last
FROM silver.clean_orders o LEFT JOIN silver.clean_order_items i ON i.order_id = o.order_id
    AND NOT i.is_deleted LEFT JOIN gold.dim_customers d ON d.customer_id = o.customer_id
    AND o.order_date >= d.valid_from AND o.order_date < d.valid_to
GROUP BY 1, 2
-- group_joins_group: country
SELECT a.country, a.n, b.total FROM (SELECT country, count(*) AS n FROM silver.clean_customers
    WHERE country IS NOT NULL GROUP BY country) a LEFT JOIN (SELECT c.country, sum(s.amount) AS total
    FROM gold.sales s JOIN silver.clean_customers c ON c.customer_id = s.customer_id GROUP BY c.country) b
    ON a.country = b.country
-- next_order: order_id
SELECT o.order_id, (SELECT min(n.order_date) FROM silver.clean_orders n WHERE n.customer_id = o.customer_id
    AND (n.order_date, n.order_id) > (o.order_date, o.order_id)) AS next_date, (SELECT count(*)
    FROM silver.clean_orders n WHERE n.customer_id = o.customer_id AND n.order_date < o.order_date) AS before
FROM silver.clean_orders o
-- clean_orders: order_id
SELECT order_id, customer_id, status, order_date::date AS day
FROM silver.clean_orders WHERE NOT is_deleted
-- both_schemas: order_id
SELECT o.order_id, o.status, g.day, g.status = o.status AS same
FROM silver.clean_orders o LEFT JOIN gold.clean_orders g ON g.order_id = o.order_id
-- star_ctes: customer_id
WITH orders AS (SELECT * FROM silver.clean_orders WHERE NOT is_deleted), items AS (SELECT *
    FROM silver.clean_order_items WHERE NOT is_deleted), joined AS (SELECT o.*, i.quantity,
    i.unit_price FROM orders o JOIN items i USING (order_id)), ranked AS (SELECT *, row_number() OVER (PARTITION BY customer_id
    ORDER BY quantity DESC NULLS LAST, order_id, unit_price) AS n FROM joined)
SELECT customer_id, count(*) AS items, sum(quantity * unit_price) AS revenue, max(order_date) AS last
FROM ranked WHERE n < 4 AND customer_id IS NOT NULL GROUP BY customer_id
-- star_union: kind id
SELECT kind, id, name FROM (SELECT 'c' AS kind, customer_id AS id, * FROM silver.clean_customers
    UNION ALL SELECT 'r', customer_id, * FROM silver.clean_customers WHERE is_deleted) x
WHERE country IS NOT NULL
-- deduplicated: name
SELECT name, customer_id, country FROM (SELECT *, row_number() OVER (PARTITION BY name
    ORDER BY is_deleted, customer_id DESC) AS n FROM silver.clean_customers) x
WHERE n = 1 AND name IS NOT NULL
-- churn: customer_id month
WITH months AS (SELECT DISTINCT customer_id, date_trunc('month', sold_at)::date AS month
    FROM gold.sales WHERE customer_id IS NOT NULL) SELECT m.customer_id, m.month, n.customer_id IS NULL AS lost
FROM months m LEFT JOIN months n ON n.customer_id = m.customer_id AND n.month = (m.month + interval '1 month')::date
-- orders_in_rate_range: order_id
SELECT o.order_id, x.rate FROM silver.clean_orders o LEFT JOIN (SELECT currency, day,
    rate, lead(day) OVER (PARTITION BY currency ORDER BY day) AS valid_to FROM gold.rates) x
    ON x.currency = o.currency AND o.order_date >= x.day AND (o.order_date < x.valid_to
    OR x.valid_to IS NULL)
-- lateral_window: order_id order_item_id
SELECT o.order_id, l.order_item_id, l.n FROM silver.clean_orders o
CROSS JOIN LATERAL (SELECT i.order_item_id, row_number() OVER (ORDER BY i.quantity DESC NULLS LAST,
    i.order_item_id) AS n FROM silver.clean_order_items i WHERE i.order_id = o.order_id) l
WHERE l.n <= 2
-- basket_pairs: a b
SELECT x.product_id AS a, y.product_id AS b, count(DISTINCT x.order_id) AS n
FROM silver.clean_order_items x JOIN silver.clean_order_items y ON y.order_id = x.order_id
    AND y.product_id > x.product_id GROUP BY 1, 2
-- tag_users: tag
SELECT t.tag, count(DISTINCT e.user_id) AS users, array_agg(DISTINCT c.country) FILTER (WHERE c.country IS NOT NULL) AS countries
FROM gold.events e CROSS JOIN LATERAL (SELECT DISTINCT u.tag FROM unnest(e.tags) u (tag)) t
LEFT JOIN silver.clean_customers c ON c.customer_id = e.user_id
GROUP BY t.tag
-- in_grouped: customer_id
SELECT c.customer_id FROM silver.clean_customers c WHERE c.customer_id IN (SELECT o.customer_id
    FROM silver.clean_orders o GROUP BY o.customer_id HAVING count(*) > 1 AND max(o.order_id) > 6)
-- fill_forward: event_id
SELECT event_id, first_value(score) OVER (PARTITION BY user_id, grp ORDER BY happened_at,
    event_id) AS filled FROM (SELECT *, count(score) OVER (PARTITION BY user_id ORDER BY happened_at,
    event_id) AS grp FROM gold.events) x
-- lateral_cte: customer_id
WITH paid AS (SELECT o.customer_id, p.amount, p.payment_id FROM silver.clean_payments p
    JOIN silver.clean_orders o USING (order_id)) SELECT c.customer_id, l.amount
FROM silver.clean_customers c LEFT JOIN LATERAL (SELECT paid.amount FROM paid WHERE paid.customer_id = c.customer_id
    ORDER BY paid.amount DESC NULLS LAST, paid.payment_id LIMIT 1) l ON true
-- counts_as_rows: order_id kind
SELECT o.order_id, v.kind, v.n FROM silver.clean_orders o CROSS JOIN LATERAL (VALUES
    ('p', (SELECT count(*) FROM silver.clean_payments p WHERE p.order_id = o.order_id)),
    ('i', (SELECT count(*) FROM silver.clean_order_items i WHERE i.order_id = o.order_id))) v (kind, n)
-- as_many_payments_as_items: order_id payment_id
SELECT o.order_id, l.payment_id FROM silver.clean_orders o
CROSS JOIN LATERAL (SELECT p.payment_id FROM silver.clean_payments p WHERE p.order_id = o.order_id
    ORDER BY p.payment_id LIMIT (SELECT count(*) FROM silver.clean_order_items i WHERE i.order_id = o.order_id)) l
-- items_as_of: order_item_id
SELECT i.order_item_id, o.customer_id, o.order_date, c.customer_key, c.segment, i.quantity
FROM silver.clean_order_items i
JOIN silver.clean_orders o ON i.order_id = o.order_id
LEFT JOIN gold.dim_customers c
    ON o.customer_id = c.customer_id AND o.order_date >= c.valid_from AND o.order_date < c.valid_to
WHERE NOT i.is_deleted AND NOT o.is_deleted
-- orders_as_of: order_id
SELECT o.order_id, o.customer_id, o.order_date, upper(c.segment) AS segment, r.rate
FROM silver.clean_orders o
LEFT JOIN gold.dim_customers c
    ON c.customer_id = o.customer_id AND c.valid_to > o.order_date AND c.valid_from <= o.order_date
LEFT JOIN gold.rates r ON r.currency = c.segment AND r.day = o.order_date::date
-- letters_as_of: order_id position
SELECT o.order_id, o.customer_id, o.order_date, l.position, l.letter
FROM silver.clean_orders o
LEFT JOIN gold.dim_customers c
    ON o.customer_id = c.customer_id AND o.order_date >= c.valid_from AND o.order_date < c.valid_to
CROSS JOIN LATERAL unnest(string_to_array(c.segment, NULL)) WITH ORDINALITY AS l (letter, position)
-- periods_as_of: order_id
SELECT o.order_id, o.customer_id, o.order_date, c.segment, c.valid_to - o.order_date AS rest
FROM silver.clean_orders o
LEFT JOIN gold.dim_customers c
    ON o.customer_id = c.customer_id AND o.order_date >= c.valid_from AND o.order_date < c.valid_to
-- members_as_of: order_id
SELECT o.order_id, o.customer_id, o.order_date, c.segment
FROM silver.clean_orders o
LEFT JOIN gold.dim_customers c
    ON o.customer_id = c.customer_id AND o.order_date >= c.valid_from AND o.order_date < c.valid_to
WHERE c.segment IS NOT NULL
-- full --
-- full_join_nullable: id
SELECT coalesce('o' || o.order_id, 'p' || p.payment_id) AS id, o.status, p.amount
FROM (SELECT DISTINCT ON (order_id) * FROM silver.clean_payments ORDER BY order_id, payment_id) p
FULL JOIN silver.clean_orders o ON o.order_id = p.order_id
-- grouping_sets: label
SELECT coalesce(country, 'all') || '/' || coalesce(name, 'all') || grouping(country, name) AS label,
    count(*) AS n FROM silver.clean_customers WHERE country IS NOT NULL AND name IS NOT NULL
GROUP BY GROUPING SETS ((country), (country, name), ())
-- on_subquery: order_id
SELECT o.order_id, p.payment_id, p.amount FROM silver.clean_orders o
LEFT JOIN silver.clean_payments p ON p.payment_id = (SELECT max(q.payment_id) FROM silver.clean_payments q
    WHERE q.order_id = o.order_id)
-- recursive_series: customer_id
WITH RECURSIVE chain(customer_id, root, path) AS (SELECT customer_id, customer_id, ARRAY[customer_id]
    FROM silver.clean_customers WHERE referrer_id IS NULL UNION ALL SELECT c.customer_id,
    chain.root, path || c.customer_id FROM chain JOIN silver.clean_customers c ON c.referrer_id = chain.customer_id
    WHERE NOT c.customer_id = ANY (path)) SELECT customer_id, root, path
FROM chain
-- srf_subquery: n
SELECT n, (SELECT count(*) FROM silver.clean_orders o WHERE o.order_id <= n) AS c
FROM generate_series(1, (SELECT max(order_id) FROM silver.clean_orders)) AS n
-- set_in_list: event_id tag
SELECT DISTINCT event_id, unnest(tags) AS tag FROM gold.events
-- only_constants: column1
VALUES (1, 'a'), (2, 'b')
-- cross_total: product_id
SELECT p.product_id, s.revenue, t.total, s.revenue / nullif(t.total, 0) AS share
FROM silver.clean_products p LEFT JOIN (SELECT product_id, sum(amount) AS revenue FROM gold.sales
    GROUP BY product_id) s USING (product_id) CROSS JOIN (SELECT sum(amount) AS total
    FROM gold.sales) t
-- group_by_subquery: state
SELECT CASE WHEN EXISTS (SELECT FROM silver.clean_payments p WHERE p.order_id = o.order_id)
    THEN 'paid' ELSE 'open' END AS state, count(*) AS n FROM silver.clean_orders o
GROUP BY 1
-- max_as_key: last_order
SELECT max(order_id) AS last_order, customer_id FROM silver.clean_orders
WHERE customer_id IS NOT NULL GROUP BY customer_id
-- age_of_orders: order_id
SELECT order_id, age(order_date) > interval '1 year' AS is_old FROM silver.clean_orders
-- last_product: customer_id
SELECT customer_id,
    (SELECT p.name FROM silver.clean_products p WHERE p.product_id = max(s.product_id)) AS last_product
FROM gold.sales s WHERE customer_id IS NOT NULL GROUP BY customer_id
