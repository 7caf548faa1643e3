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
-- range_overlap: a b
SELECT x.reading_id AS a, y.reading_id AS b, x.during * y.during AS meet
FROM gold.readings x JOIN gold.readings y ON x.during && y.during AND x.reading_id < y.reading_id
-- range_contains: reading_id
SELECT r.reading_id, (SELECT count(*) FROM silver.clean_orders o WHERE r.during @> o.order_date) AS orders
FROM gold.readings r
-- series_from: customer_id n
SELECT c.customer_id, n, c.name FROM silver.clean_customers c
CROSS JOIN generate_series(1, c.referrer_id) AS n
-- intervals: reading_id
SELECT r.reading_id, r.span, r.taken_at + r.span AS until, justify_interval(r.span) AS j
FROM gold.readings r
-- interval_groups: id
SELECT coalesce(span, '0')::text AS id, count(*) AS n FROM gold.readings
GROUP BY 1
-- enum_groups: grade
SELECT grade, count(*) AS n, count(amount) AS m, min(sensor) AS s
FROM gold.readings WHERE grade IS NOT NULL GROUP BY grade
-- composite_nullable: country name
SELECT coalesce(country, '') AS country, coalesce(name, '') AS name, count(*) AS n, count(DISTINCT referrer_id) AS r
FROM silver.clean_customers GROUP BY country, name
-- jsonb_cols: reading_id
SELECT reading_id, attributes, attributes -> 'a' AS a, attributes ->> 'a' AS at, attributes #>> '{b,c}' AS c,
    jsonb_typeof(attributes) AS t, attributes ? 'a' AS has
FROM gold.readings
-- jsonb_group: a
SELECT coalesce(attributes ->> 'a', '-') AS a, count(*) AS n, jsonb_agg(attributes ORDER BY reading_id) AS all_of
FROM gold.readings GROUP BY 1
-- jsonb_elements: reading_id nth
SELECT r.reading_id, t.nth, t.tag FROM gold.readings r CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(r.attributes -> 'tags') WHEN 'array'
    THEN r.attributes -> 'tags' ELSE '[]' END) WITH ORDINALITY AS t (tag, nth)
-- json_body: reading_id
SELECT reading_id, body, body ->> 0 AS first FROM gold.readings
-- json_value: reading_id
SELECT reading_id, JSON_VALUE(attributes, '$.a' RETURNING numeric ERROR ON ERROR) AS a,
    attributes IS JSON OBJECT AS is_object, JSON_EXISTS(attributes, '$.tags') AS has
FROM gold.readings WHERE JSON_EXISTS(attributes, '$.a')
-- amounts: reading_id
SELECT reading_id, amount, amount * 2 AS twice FROM gold.readings
-- amount_sums: sensor
SELECT sensor, sum(amount) AS amount, count(DISTINCT amount) AS d, avg(amount) AS a
FROM gold.readings WHERE sensor IS NOT NULL GROUP BY sensor
-- arrays: reading_id
SELECT reading_id, numbers, numbers[1] AS first, numbers[2:3] AS slice, cardinality(numbers) AS n,
    2 = ANY (numbers) AS has_two, array_to_string(numbers, ',') AS t
FROM gold.readings
-- array_elements: number
SELECT n AS number, count(*) AS times, array_agg(DISTINCT r.reading_id) AS ids
FROM gold.readings r, unnest(r.numbers) AS n WHERE n IS NOT NULL
GROUP BY n
-- count_rows: country
SELECT coalesce(c.country, '?') AS country, count(DISTINCT (o.customer_id, o.status)) AS pairs
FROM silver.clean_orders o LEFT JOIN silver.clean_customers c USING (customer_id)
GROUP BY 1
-- count_json: sensor
SELECT coalesce(r.sensor, c.country, '?') AS sensor, count(r.body) AS n, count(r.attributes) AS m,
    count(DISTINCT r.attributes) AS d FROM gold.readings r
LEFT JOIN silver.clean_customers c ON c.customer_id = r.reading_id
GROUP BY 1
-- jsonb_key: attributes
SELECT attributes, count(*) AS n, max(reading_id) AS r FROM gold.readings
WHERE attributes IS NOT NULL GROUP BY attributes
-- odd_aliases: "Order Id"
SELECT "My Orders".order_id AS "Order Id", "select".name AS "Select", k.country AS "k",
    "select".customer_id = k.customer_id AS "a""b" FROM silver.clean_orders AS "My Orders"
LEFT JOIN silver.clean_customers AS "select" ON "select".customer_id = "My Orders".customer_id
LEFT JOIN silver.clean_customers k ON k.customer_id = "select".referrer_id
-- odd_alias_group: "Country"
SELECT coalesce("select".country, '?') AS "Country", count(*) AS "Count", sum("My Orders".order_id)
    FILTER (WHERE "My Orders".status = 'paid') AS "order"
FROM silver.clean_orders AS "My Orders" LEFT JOIN silver.clean_customers AS "select" ON "select".customer_id = "My Orders".customer_id
GROUP BY 1
-- long_alias_window: order_id
SELECT DISTINCT ON (order_id_of_the_customers_order_that_was_ordered_some_time_ago) order_id_of_the_customers_order_that_was_ordered_some_time_ago AS order_id,
    n, m FROM (SELECT order_id AS order_id_of_the_customers_order_that_was_ordered_some_time_ago,
    customer_id AS n, row_number() OVER (PARTITION BY customer_id ORDER BY order_id) AS m
    FROM silver.clean_orders) AS a_derived_table_with_a_name_that_is_rather_long_for_an_alias_1
LEFT JOIN (SELECT order_id, sum(quantity) AS q FROM silver.clean_order_items WHERE order_id IS NOT NULL
    GROUP BY order_id) AS a_derived_table_with_a_name_that_is_rather_long_for_an_alias_2
    ON a_derived_table_with_a_name_that_is_rather_long_for_an_alias_2.order_id = m
ORDER BY order_id_of_the_customers_order_that_was_ordered_some_time_ago, q
-- cte_names: order_id
WITH expected_rows AS (SELECT order_id, customer_id FROM silver.clean_orders), affected_keys
    AS (SELECT customer_id, count(*) AS n FROM expected_rows GROUP BY 1), present_rows
    AS (SELECT * FROM affected_keys WHERE n > 1) SELECT expected_rows.order_id, present_rows.n,
    images.n AS m FROM expected_rows LEFT JOIN present_rows USING (customer_id)
LEFT JOIN affected_keys AS images ON images.customer_id = expected_rows.order_id
-- cte_names_counted: states
SELECT deltas.country AS states, count(*) AS n, sum(images.order_id) AS s
FROM silver.clean_orders images JOIN silver.clean_customers deltas ON deltas.customer_id = images.customer_id
WHERE deltas.country IS NOT NULL GROUP BY deltas.country
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
-- rows_from: event_id n
SELECT e.event_id, t.n, t.a, t.b FROM gold.events e CROSS JOIN LATERAL ROWS
FROM (unnest(e.tags), generate_series(1, 2)) WITH ORDINALITY AS t (a, b, n)
-- recordset: reading_id
SELECT r.reading_id, x.a, x.tags FROM gold.readings r CROSS JOIN LATERAL jsonb_to_record(CASE WHEN jsonb_typeof(r.attributes) = 'object'
    THEN r.attributes ELSE '{}' END) AS x (a numeric, tags jsonb)
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
-- odd_chain: reading_id
SELECT reading_id, sensor, body, span, amount, numbers, during, attributes, is_valid,
    grade FROM gold.readings WHERE sensor IS NOT NULL
-- odd_chain_2: reading_id
SELECT r.reading_id, r.body, r.span, r.amount, c.name, r.grade::text AS g
FROM gold.odd_chain r LEFT JOIN silver.clean_customers c ON c.customer_id = r.reading_id
-- odd_chain_3: sensor
SELECT coalesce(c.country, o.sensor) AS sensor, count(o.body) AS bodies, string_agg(o.span::text,
    ',' ORDER BY o.reading_id) AS spans, string_agg(o.amount::text, ',' ORDER BY o.reading_id) AS amounts
FROM gold.odd_chain o LEFT JOIN silver.clean_customers c ON c.customer_id = o.reading_id
GROUP BY 1
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
-- full --
-- full_join_nullable: id
SELECT coalesce('o' || o.order_id, 'p' || p.payment_id) AS id, o.status, p.amount
FROM (SELECT DISTINCT ON (order_id) * FROM silver.clean_payments ORDER BY order_id, payment_id) p
FULL JOIN silver.clean_orders o ON o.order_id = p.order_id
-- grouping_sets: label
SELECT coalesce(country, 'all') || '/' || coalesce(name, 'all') || grouping(country, name) AS label,
    count(*) AS n FROM silver.clean_customers WHERE country IS NOT NULL AND name IS NOT NULL
GROUP BY GROUPING SETS ((country), (country, name), ())
-- json_arrayagg: customer_id
SELECT customer_id, JSON_ARRAYAGG(order_id ORDER BY order_id RETURNING text) AS ids, count(*) AS n
FROM silver.clean_orders WHERE customer_id IS NOT NULL GROUP BY customer_id
-- json_arrayagg_all: one
SELECT 1 AS one, JSON_ARRAYAGG(order_id ORDER BY order_id RETURNING text) AS ids
FROM silver.clean_orders
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
-- whole_row: order_id
SELECT o.order_id, to_jsonb(o) - '_run_id' AS doc FROM silver.clean_orders o
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
-- json_table: reading_id nth
SELECT r.reading_id, j.nth, j.tag FROM gold.readings r CROSS JOIN JSON_TABLE(r.attributes,
    '$.tags[*]' COLUMNS (nth FOR ORDINALITY, tag text PATH '$')) AS j
