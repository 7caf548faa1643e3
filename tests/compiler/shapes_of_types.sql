-- range_overlap: a b
SELECT x.reading_id AS a, y.reading_id AS b, x.during * y.during AS meet
FROM gold.readings x JOIN gold.readings y ON x.during && y.during AND x.reading_id < y.reading_id
-- range_contains: reading_id
SELECT r.reading_id, (SELECT count(*) FROM silver.clean_orders o WHERE r.during @> o.order_date) AS orders
FROM gold.readings r
-- intervals: reading_id
SELECT r.reading_id, r.span, r.taken_at + r.span AS until, justify_interval(r.span) AS j
FROM gold.readings r
-- interval_groups: id
SELECT coalesce(span, '0')::text AS id, count(*) AS n FROM gold.readings
GROUP BY 1
-- enum_groups: grade
SELECT grade, count(*) AS n, count(amount) AS m, min(sensor) AS s
FROM gold.readings WHERE grade IS NOT NULL GROUP BY grade
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
-- rows_from: event_id n
SELECT e.event_id, t.n, t.a, t.b FROM gold.events e CROSS JOIN LATERAL ROWS
FROM (unnest(e.tags), generate_series(1, 2)) WITH ORDINALITY AS t (a, b, n)
-- recordset: reading_id
SELECT r.reading_id, x.a, x.tags FROM gold.readings r CROSS JOIN LATERAL jsonb_to_record(CASE WHEN jsonb_typeof(r.attributes) = 'object'
    THEN r.attributes ELSE '{}' END) AS x (a numeric, tags jsonb)
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
-- full --
-- json_arrayagg: customer_id
SELECT customer_id, JSON_ARRAYAGG(order_id ORDER BY order_id RETURNING text) AS ids, count(*) AS n
FROM silver.clean_orders WHERE customer_id IS NOT NULL GROUP BY customer_id
-- json_arrayagg_all: one
SELECT 1 AS one, JSON_ARRAYAGG(order_id ORDER BY order_id RETURNING text) AS ids
FROM silver.clean_orders
-- whole_row: order_id
SELECT o.order_id, to_jsonb(o) - '_run_id' AS doc FROM silver.clean_orders o
-- json_table: reading_id nth
SELECT r.reading_id, j.nth, j.tag FROM gold.readings r CROSS JOIN JSON_TABLE(r.attributes,
    '$.tags[*]' COLUMNS (nth FOR ORDINALITY, tag text PATH '$')) AS j
