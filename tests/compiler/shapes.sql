-- fact_sales: order_item_id
SELECT i.order_item_id, to_char(o.order_date, 'YYYYMMDD')::integer AS date_key,
    coalesce(c.customer_key, -1) AS customer_key, o.customer_id, i.product_id, o.order_id, p.category,
    o.status, i.quantity, i.quantity * i.unit_price AS total_amount
FROM silver.clean_order_items AS i
INNER JOIN silver.clean_orders AS o ON i.order_id = o.order_id
LEFT JOIN gold.dim_customers AS c
    ON o.customer_id = c.customer_id AND o.order_date >= c.valid_from AND o.order_date < c.valid_to
LEFT JOIN silver.clean_products AS p ON i.product_id = p.product_id AND NOT p.is_deleted
WHERE NOT i.is_deleted AND NOT o.is_deleted
-- orders_wide: order_id
SELECT o.order_id, o.status, c.name, r.name AS referrer, rr.country AS country_of_referrers_referrer
FROM silver.clean_orders AS o
LEFT JOIN silver.clean_customers AS c USING (customer_id)
LEFT JOIN silver.clean_customers AS r ON r.customer_id = c.referrer_id AND NOT r.is_deleted
LEFT JOIN silver.clean_customers AS rr ON rr.customer_id = r.referrer_id
-- german_items: order_item_id
SELECT i.order_item_id, i.quantity, o.order_date::date AS day, c.name
FROM silver.clean_customers c JOIN silver.clean_orders o ON o.customer_id = c.customer_id
JOIN silver.clean_order_items i ON i.order_id = o.order_id
WHERE c.country = 'DE' AND NOT o.is_deleted AND i.quantity > 1
-- orders_in_euro: order_id
SELECT o.order_id, r.rate, coalesce(r.rate, 1) * o.order_id AS worth
FROM silver.clean_orders o
LEFT JOIN gold.rates r ON r.currency = o.currency AND r.day = o.order_date::date
-- unpaid_orders: order_id
SELECT o.order_id, o.customer_id FROM silver.clean_orders o
LEFT JOIN silver.clean_payments p ON p.order_id = o.order_id AND NOT p.is_deleted
WHERE p.payment_id IS NULL AND o.status <> 'cancelled'
-- comma_join: payment_id
SELECT p.payment_id, p.amount, o.status, c.country
FROM silver.clean_payments p, silver.clean_orders o, silver.clean_customers c
WHERE p.order_id = o.order_id AND c.customer_id = o.customer_id
    AND (o.status = 'paid' OR c.country = 'FR') AND p.amount IS NOT NULL
-- right_join: order_id
SELECT o.order_id, c.name, coalesce(c.country, 'none') AS country
FROM silver.clean_customers c
RIGHT JOIN silver.clean_orders o ON o.customer_id = c.customer_id AND c.country <> 'FR'
-- joined_by_a_missing_row: order_id
SELECT o.order_id, c.name, d.segment, q.name AS product
FROM silver.clean_orders o
LEFT JOIN silver.clean_customers c ON c.customer_id = o.customer_id
LEFT JOIN gold.dim_customers d ON d.customer_key = coalesce(c.referrer_id, 1)
LEFT JOIN silver.clean_products q ON q.product_id = coalesce(length(d.segment), 2)
-- event_tags: event_id position
SELECT e.event_id, t.position, t.tag, u.country
FROM gold.events e CROSS JOIN LATERAL unnest(e.tags) WITH ORDINALITY AS t (tag, position)
LEFT JOIN silver.clean_customers u ON u.customer_id = e.user_id
-- sale_codes: code
SELECT 'S-' || s.sale_id AS code, s.amount, p.name, p.price * s.quantity AS list_amount
FROM gold.sales s JOIN silver.clean_products p ON p.product_id = s.product_id
WHERE s.amount > 0 AND NOT s.is_cancelled
-- moves_by_code: code move_number
SELECT m.warehouse || ':' || m.sku AS code, m.move_number, m.quantity, p.name
FROM gold.stock_moves m JOIN silver.clean_products p ON p.product_id = m.sku
WHERE m.quantity IS NOT NULL
-- over_a_view: order_id
SELECT v.order_id, v.status, c.name FROM gold.live_orders v
JOIN silver.clean_customers c ON c.customer_id = v.customer_id WHERE c.country IS NOT NULL
-- key_of_two_tables: customer_id order_id
SELECT c.customer_id, o.order_id, c.name, o.status
FROM silver.clean_orders o
JOIN silver.clean_customers c ON c.customer_id = o.customer_id OR c.customer_id = o.order_id
WHERE NOT c.is_deleted
-- cross_joined: order_id product_id
SELECT o.order_id, p.product_id, o.status, p.name
FROM silver.clean_orders o CROSS JOIN silver.clean_products p WHERE o.status = 'open' AND p.category = 'a'
-- self_join: customer_id other_id
SELECT a.customer_id, b.customer_id AS other_id, a.country
FROM silver.clean_customers a JOIN silver.clean_customers b ON a.country = b.country AND a.customer_id < b.customer_id
-- two_versions: order_id
SELECT o.order_id, d.segment, n.segment AS later_segment
FROM silver.clean_orders o
LEFT JOIN gold.dim_customers d ON d.customer_id = o.customer_id AND d.valid_from <= o.order_date AND d.valid_to > o.order_date
LEFT JOIN gold.dim_customers n ON n.customer_id = o.customer_id AND n.valid_from = d.valid_to
-- case_of_lookups: order_item_id
SELECT i.order_item_id, CASE WHEN p.category = 'a' THEN 'A' WHEN c.country = 'DE' THEN 'D' ELSE p.name END AS class,
    nullif(i.quantity, 0) AS pieces, greatest(i.unit_price, p.price) AS dearest
FROM silver.clean_order_items i
JOIN silver.clean_orders o USING (order_id)
LEFT JOIN silver.clean_products p USING (product_id)
LEFT JOIN silver.clean_customers c ON c.customer_id = o.customer_id
WHERE o.status IN ('paid', 'open') AND i.unit_price BETWEEN 1 AND 8
-- daily_sales: day
SELECT sold_at::date AS day, count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled) AS orders,
    count(DISTINCT customer_id) AS customers, sum(quantity) FILTER (WHERE NOT is_cancelled) AS quantity,
    coalesce(sum(amount) FILTER (WHERE NOT is_cancelled), 0) AS revenue, avg(amount) AS average, count(*) AS sales
FROM gold.sales GROUP BY 1
-- lifetime_value: customer_id
SELECT customer_id, count(DISTINCT order_id) AS orders, sum(amount) AS revenue,
    round(sum(amount) / nullif(count(DISTINCT order_id), 0), 2) AS average_order_value,
    min(sold_at) AS first_at, max(sold_at) FILTER (WHERE NOT is_cancelled) AS last_at,
    bool_or(is_cancelled) AS has_cancelled, bool_and(amount > 1) AS is_always_dear
FROM gold.sales WHERE customer_id IS NOT NULL GROUP BY customer_id
-- product_performance: product_id
SELECT i.product_id, sum(i.quantity) AS quantity, sum(i.quantity * i.unit_price) AS revenue,
    count(DISTINCT o.customer_id) AS customers
FROM silver.clean_order_items i JOIN silver.clean_orders o ON o.order_id = i.order_id
WHERE NOT i.is_deleted AND o.status <> 'cancelled' AND i.product_id IS NOT NULL
GROUP BY i.product_id
-- revenue_by_country: country
SELECT c.country, sum(i.quantity * i.unit_price) AS revenue, count(DISTINCT o.order_id) AS orders, max(o.order_date) AS last
FROM silver.clean_order_items i, silver.clean_orders o, silver.clean_customers c
WHERE i.order_id = o.order_id AND o.customer_id = c.customer_id AND c.country IS NOT NULL
GROUP BY c.country
-- category_months: category month
SELECT coalesce(p.category, 'none') AS category, date_trunc('month', o.order_date)::date AS month,
    count(*) AS items, sum(i.quantity) AS quantity, min(p.price) AS cheapest
FROM silver.clean_order_items i JOIN silver.clean_orders o ON o.order_id = i.order_id
LEFT JOIN silver.clean_products p ON p.product_id = i.product_id AND NOT p.is_deleted
GROUP BY 1, 2
-- good_customers: customer_id
SELECT o.customer_id, count(*) AS orders, max(o.order_date) AS last
FROM silver.clean_orders o WHERE NOT o.is_deleted AND o.customer_id IS NOT NULL
GROUP BY o.customer_id HAVING count(*) > 2 OR bool_or(o.status = 'paid')
-- stock: warehouse sku
SELECT warehouse, sku, sum(quantity) AS balance, max(moved_at) AS last, count(quantity) AS moves
FROM gold.stock_moves GROUP BY warehouse, sku HAVING sum(quantity) <> 0
-- order_balance: order_id
WITH totals AS (
    SELECT order_id, sum(quantity * unit_price) AS total FROM silver.clean_order_items WHERE NOT is_deleted GROUP BY order_id
),
paid AS (
    SELECT order_id, sum(amount) AS paid, count(*) AS payments FROM silver.clean_payments WHERE NOT is_deleted GROUP BY order_id
)
SELECT o.order_id, t.total, coalesce(p.paid, 0) AS paid, t.total - coalesce(p.paid, 0) AS due, p.payments
FROM silver.clean_orders o LEFT JOIN totals t ON t.order_id = o.order_id LEFT JOIN paid p ON p.order_id = o.order_id
WHERE NOT o.is_deleted
-- overpaid_orders: order_id
WITH paid AS (SELECT order_id, sum(amount) AS paid FROM silver.clean_payments GROUP BY order_id)
SELECT o.order_id, paid.paid FROM paid JOIN silver.clean_orders o USING (order_id) WHERE paid.paid > 5
-- order_funnel: day
SELECT o.order_date::date AS day, count(*) AS orders, count(p.order_id) AS with_payment,
    round(count(p.order_id)::numeric / count(*), 3) AS rate
FROM silver.clean_orders o
LEFT JOIN (SELECT DISTINCT order_id FROM silver.clean_payments WHERE NOT is_deleted) p ON p.order_id = o.order_id
GROUP BY 1
-- order_lines: order_id
SELECT i.order_id, string_agg(p.name, ', ' ORDER BY i.order_item_id) AS products,
    array_agg(i.quantity ORDER BY i.order_item_id DESC) AS quantities
FROM silver.clean_order_items i JOIN silver.clean_products p ON p.product_id = i.product_id
WHERE i.order_id IS NOT NULL GROUP BY i.order_id
-- scores: kind
SELECT coalesce(kind, '?') AS kind, max(score) AS best, percentile_cont(0.5) WITHIN GROUP (ORDER BY score) AS median
FROM gold.events GROUP BY 1
-- referrals: referrer_id
SELECT r.customer_id AS referrer_id, r.name, count(c.customer_id) AS referred, count(DISTINCT c.country) AS countries
FROM silver.clean_customers r LEFT JOIN silver.clean_customers c ON c.referrer_id = r.customer_id AND NOT c.is_deleted
WHERE NOT r.is_deleted GROUP BY r.customer_id, r.name
-- orders_per_country: country
WITH per_customer AS (
    SELECT customer_id, count(*) AS orders, sum(order_id) AS ids FROM silver.clean_orders WHERE NOT is_deleted GROUP BY customer_id
)
SELECT coalesce(c.country, 'none') AS country, count(*) AS customers, sum(coalesce(x.orders, 0)) AS orders, max(x.orders) AS most
FROM silver.clean_customers c LEFT JOIN per_customer x ON x.customer_id = c.customer_id GROUP BY 1
-- cohorts: cohort months_since
WITH sales AS (
    SELECT customer_id, date_trunc('month', sold_at)::date AS month, amount
    FROM gold.sales WHERE NOT is_cancelled AND customer_id IS NOT NULL
),
cohorts AS (SELECT customer_id, min(month) AS cohort FROM sales GROUP BY customer_id)
SELECT c.cohort, (extract(year FROM s.month) - extract(year FROM c.cohort)) * 12 + extract(month FROM s.month) - extract(month FROM c.cohort) AS months_since,
    count(DISTINCT s.customer_id) AS active, sum(s.amount) AS revenue
FROM sales s JOIN cohorts c ON c.customer_id = s.customer_id GROUP BY 1, 2
-- histogram: orders
SELECT orders, count(*) AS customers, sum(last_id) AS ids
FROM (SELECT customer_id, count(*) AS orders, max(order_id) AS last_id FROM silver.clean_orders WHERE NOT is_deleted GROUP BY customer_id) AS x
GROUP BY orders
-- calendar: day
SELECT g.day::date AS day, count(s.sale_id) AS sales, sum(s.amount) AS amount
FROM generate_series('2024-01-01'::timestamp, '2024-01-08'::timestamp, '1 day') AS g (day)
LEFT JOIN gold.sales s ON s.sold_at::date = g.day::date AND NOT s.is_cancelled GROUP BY 1
-- big_orders: customer_id
SELECT o.customer_id, count(*) AS big_orders,
    sum((SELECT sum(i.quantity) FROM silver.clean_order_items i WHERE i.order_id = o.order_id)) AS pieces
FROM silver.clean_orders o
WHERE o.customer_id IS NOT NULL
    AND EXISTS (SELECT FROM silver.clean_order_items i WHERE i.order_id = o.order_id AND i.quantity > 2)
GROUP BY o.customer_id
-- groups_with_subqueries: customer_id
SELECT s.customer_id, sum(s.amount) AS amount,
    (SELECT max(o.order_date) FROM silver.clean_orders o WHERE o.customer_id = s.customer_id) AS last_order
FROM gold.sales s WHERE s.customer_id IS NOT NULL GROUP BY s.customer_id
HAVING sum(s.amount) > (SELECT count(*) FROM silver.clean_payments p WHERE p.order_id = s.customer_id)
-- segments: segment
SELECT coalesce(d.segment, '?') AS segment, count(*) AS orders, string_agg(o.order_id::text, ',' ORDER BY o.order_id) AS ids
FROM silver.clean_orders o
LEFT JOIN gold.dim_customers d ON d.customer_id = o.customer_id AND o.order_date >= d.valid_from AND o.order_date < d.valid_to
WHERE NOT o.is_deleted GROUP BY 1
-- status_of_known: status
SELECT coalesce(o.status, '?') AS status, sum(o.order_id) AS ids
FROM silver.clean_orders o
JOIN gold.dim_customers d ON d.customer_id = o.customer_id AND o.order_date >= d.valid_from AND o.order_date < d.valid_to
GROUP BY 1
-- nullable_groups: label
SELECT coalesce(country, 'none') || coalesce(referrer, '-') AS label, customers
FROM (SELECT c.country, r.name AS referrer, count(*) AS customers FROM silver.clean_customers c
    LEFT JOIN silver.clean_customers r ON r.customer_id = c.referrer_id GROUP BY c.country, r.name) AS x
-- latest_order: customer_id
SELECT DISTINCT ON (customer_id) customer_id, order_id, order_date, status
FROM silver.clean_orders WHERE NOT is_deleted AND customer_id IS NOT NULL
ORDER BY customer_id, order_date DESC, order_id
-- order_numbers: order_id
SELECT order_id, customer_id, row_number() OVER w AS nth, lag(order_date) OVER w AS previous,
    count(*) OVER (PARTITION BY customer_id, status) AS alike
FROM silver.clean_orders WHERE NOT is_deleted
WINDOW w AS (PARTITION BY customer_id ORDER BY order_date, order_id)
-- rank_in_country: order_id
SELECT o.order_id, rank() OVER (PARTITION BY c.country ORDER BY o.order_date, o.order_id) AS nth
FROM silver.clean_orders o LEFT JOIN silver.clean_customers c ON c.customer_id = o.customer_id
-- top_products: category product_id
WITH revenue AS (
    SELECT p.category, p.product_id, sum(i.quantity * i.unit_price) AS revenue
    FROM silver.clean_products p JOIN silver.clean_order_items i ON i.product_id = p.product_id
    WHERE p.category IS NOT NULL GROUP BY p.category, p.product_id
)
SELECT category, product_id, revenue, nth
FROM (SELECT *, row_number() OVER (PARTITION BY category ORDER BY revenue DESC NULLS LAST, product_id) AS nth FROM revenue) AS ranked
WHERE nth <= 2
-- running_balance: warehouse sku move_number
SELECT warehouse, sku, move_number, sum(quantity) OVER (PARTITION BY warehouse, sku ORDER BY move_number) AS balance,
    avg(quantity) OVER (PARTITION BY sku, warehouse ORDER BY move_number ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS smooth
FROM gold.stock_moves
-- sessions: user_id session
WITH marked AS (
    SELECT user_id, event_id, happened_at,
        (happened_at - lag(happened_at) OVER (PARTITION BY user_id ORDER BY happened_at, event_id) > interval '1 day') IS NOT FALSE AS starts
    FROM gold.events WHERE user_id IS NOT NULL
),
numbered AS (
    SELECT *, count(*) FILTER (WHERE starts) OVER (PARTITION BY user_id ORDER BY happened_at, event_id) AS session FROM marked
)
SELECT user_id, session, min(happened_at) AS began, max(happened_at) AS ended, count(*) AS events
FROM numbered GROUP BY user_id, session
-- timeline: kind id
SELECT 'order' AS kind, o.order_id AS id, o.order_date AS at, c.name
FROM silver.clean_orders o LEFT JOIN silver.clean_customers c USING (customer_id)
UNION ALL
SELECT 'payment', p.payment_id, p.paid_at, NULL FROM silver.clean_payments p WHERE NOT p.is_deleted
UNION ALL
SELECT 'sale', s.sale_id, s.sold_at, s.customer_id::text FROM gold.sales s
-- ledger: customer_id
WITH entries AS (
    SELECT o.customer_id, i.quantity * i.unit_price AS amount
    FROM silver.clean_order_items i JOIN silver.clean_orders o USING (order_id) WHERE NOT i.is_deleted
    UNION ALL
    SELECT o.customer_id, - p.amount FROM silver.clean_payments p JOIN silver.clean_orders o USING (order_id) WHERE NOT p.is_deleted
)
SELECT customer_id, sum(amount) AS balance, count(*) AS entries FROM entries WHERE customer_id IS NOT NULL GROUP BY customer_id
-- open_orders: order_id
SELECT o.order_id, o.customer_id FROM silver.clean_orders o
WHERE EXISTS (SELECT FROM silver.clean_order_items i JOIN silver.clean_products p ON p.product_id = i.product_id
        WHERE i.order_id = o.order_id AND p.price > 2)
    AND NOT EXISTS (SELECT FROM silver.clean_payments p WHERE p.order_id = o.order_id AND p.amount > 3)
-- vip_orders: order_id
SELECT order_id, status FROM silver.clean_orders
WHERE customer_id IN (SELECT customer_id FROM gold.dim_customers WHERE segment = 'vip')
-- never_in_bulk: product_id
SELECT product_id, name FROM silver.clean_products
WHERE product_id NOT IN (SELECT product_id FROM silver.clean_order_items WHERE quantity > 2)
-- dearer_than_all: product_id
SELECT p.product_id, p.price FROM silver.clean_products p
WHERE p.price >= ALL (SELECT i.unit_price FROM silver.clean_order_items i WHERE i.product_id = p.product_id)
-- in_as_a_value: order_id
SELECT o.order_id, o.customer_id IN (SELECT d.customer_id FROM gold.dim_customers d WHERE d.segment = 'vip') AS is_vip,
    o.status = ANY (SELECT p.method FROM silver.clean_payments p WHERE p.order_id = o.order_id) IS NULL AS is_unknown
FROM silver.clean_orders o
-- not_in_of_two: product_id
SELECT p.product_id FROM silver.clean_products p
WHERE (p.product_id, p.name) NOT IN (SELECT i.product_id, c.name FROM silver.clean_order_items i
    LEFT JOIN silver.clean_customers c ON c.customer_id = i.quantity WHERE i.order_id < 8)
-- subqueries: order_id
SELECT o.order_id, (SELECT max(p.paid_at) FROM silver.clean_payments p WHERE p.order_id = o.order_id) AS last_paid,
    (SELECT count(*) FROM silver.clean_order_items i JOIN silver.clean_products q ON q.product_id = i.product_id
        WHERE i.order_id = o.order_id AND q.category = 'a') AS a_items,
    CASE WHEN EXISTS (SELECT FROM silver.clean_customers c WHERE c.customer_id = o.customer_id
        AND c.referrer_id IN (SELECT r.customer_id FROM silver.clean_customers r WHERE r.country = 'DE')) THEN 'referred' END AS how,
    ARRAY(SELECT i.order_item_id FROM silver.clean_order_items i WHERE i.order_id = o.order_id ORDER BY i.order_item_id) AS items
FROM silver.clean_orders o
-- last_payment: order_id
SELECT o.order_id, l.payment_id, l.amount, c.name FROM silver.clean_orders o
LEFT JOIN LATERAL (
    SELECT p.payment_id, p.amount FROM silver.clean_payments p WHERE p.order_id = o.order_id AND NOT p.is_deleted
    ORDER BY p.paid_at DESC NULLS LAST, p.payment_id LIMIT 1
) AS l ON true
LEFT JOIN silver.clean_customers c ON c.customer_id = l.payment_id
-- share_of_month: month country
SELECT date_trunc('month', o.order_date)::date AS month, coalesce(c.country, '?') AS country, count(*) AS orders,
    round(count(*)::numeric / sum(count(*)) OVER (PARTITION BY date_trunc('month', o.order_date)::date), 4) AS share
FROM silver.clean_orders o LEFT JOIN silver.clean_customers c ON c.customer_id = o.customer_id GROUP BY 1, 2
-- never_paid: customer_id
SELECT customer_id FROM silver.clean_orders WHERE customer_id IS NOT NULL AND NOT is_deleted
EXCEPT
SELECT o.customer_id FROM silver.clean_orders o JOIN silver.clean_payments p ON p.order_id = o.order_id
-- except_of_groups: customer_id orders
SELECT customer_id, count(*) AS orders FROM silver.clean_orders WHERE customer_id IS NOT NULL GROUP BY customer_id
EXCEPT
SELECT customer_id, count(*) FROM gold.sales WHERE customer_id IS NOT NULL GROUP BY customer_id
-- active_in_both: customer_id
SELECT customer_id FROM silver.clean_orders WHERE customer_id IS NOT NULL
INTERSECT
SELECT customer_id FROM gold.sales WHERE NOT is_cancelled
UNION
SELECT user_id FROM gold.events WHERE user_id IS NOT NULL
-- bought_together: customer_id product_id
SELECT DISTINCT o.customer_id, i.product_id FROM silver.clean_orders o JOIN silver.clean_order_items i ON i.order_id = o.order_id
WHERE o.customer_id IS NOT NULL AND i.product_id IS NOT NULL AND NOT i.is_deleted
-- state_of_customers: customer_id
SELECT customer_id, orders, CASE WHEN last_status = 'paid' THEN 'good' ELSE 'open' END AS state
FROM (
    SELECT customer_id, count(*) OVER (PARTITION BY customer_id) AS orders,
        last_value(status) OVER (PARTITION BY customer_id ORDER BY order_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_status,
        row_number() OVER (PARTITION BY customer_id ORDER BY order_id) AS n
    FROM gold.live_orders
) AS x WHERE n = 1 AND customer_id IS NOT NULL
-- null_partitions: order_id
SELECT order_id, currency, sum(order_id) OVER (PARTITION BY currency, status) AS total
FROM silver.clean_orders WHERE NOT is_deleted
-- first_products: product_id
SELECT f.product_id, count(*) AS customers, count(DISTINCT c.country) AS countries
FROM (SELECT DISTINCT ON (customer_id) customer_id, product_id FROM gold.sales ORDER BY customer_id, sold_at, sale_id) AS f
LEFT JOIN silver.clean_customers c ON c.customer_id = f.customer_id
WHERE f.product_id IS NOT NULL GROUP BY f.product_id
-- totals_filtered: order_id
SELECT o.order_id, t.total FROM silver.clean_orders o
LEFT JOIN (SELECT order_id, sum(quantity) AS total, bool_or(is_deleted) AS has_deleted FROM silver.clean_order_items GROUP BY order_id) t
    ON t.order_id = o.order_id AND t.total > 2 AND NOT t.has_deleted
-- top_of_month: month nth
WITH months AS (
    SELECT date_trunc('month', sold_at)::date AS month, product_id, sum(amount) AS revenue
    FROM gold.sales WHERE NOT is_cancelled AND product_id IS NOT NULL GROUP BY 1, 2
),
ranked AS (SELECT *, row_number() OVER (PARTITION BY month ORDER BY revenue DESC NULLS LAST, product_id) AS nth FROM months)
SELECT month, nth, product_id, revenue FROM ranked WHERE nth <= 2
-- nth_order: customer_id nth
SELECT customer_id, row_number() OVER (PARTITION BY customer_id ORDER BY order_date, order_id) AS nth, order_id, status
FROM silver.clean_orders WHERE customer_id IS NOT NULL
-- except_of_a_table: customer_id orders
SELECT customer_id, count(*) AS orders FROM gold.sales WHERE customer_id IS NOT NULL GROUP BY customer_id
EXCEPT
SELECT customer_id, order_id FROM silver.clean_orders
-- finer_window_first: order_id
SELECT order_id, count(*) OVER (PARTITION BY customer_id, status) AS alike,
    sum(order_id) OVER (PARTITION BY customer_id) AS ids
FROM silver.clean_orders
-- items_of_fact: date_key
SELECT date_key, count(*) AS items, sum(total_amount) AS amount, count(DISTINCT customer_key) AS customers
FROM gold.fact_sales GROUP BY date_key
-- best_of_fact: category
SELECT DISTINCT ON (category) category, product_id, total_amount FROM gold.fact_sales
WHERE category IS NOT NULL ORDER BY category, total_amount DESC NULLS LAST, order_item_id
-- names_of_good: customer_id
SELECT g.customer_id, c.name, g.orders FROM gold.good_customers g JOIN silver.clean_customers c USING (customer_id)
-- full --
-- full_join: id
SELECT coalesce(o.order_id, p.order_id) AS id, max(o.status) AS status, sum(p.amount) AS amount
FROM silver.clean_orders o FULL JOIN silver.clean_payments p ON p.order_id = o.order_id
WHERE coalesce(o.order_id, p.order_id) IS NOT NULL GROUP BY 1
-- everything: one
SELECT 1 AS one, count(*) AS orders, (SELECT count(*) FROM silver.clean_order_items) AS items FROM silver.clean_orders
-- latest_three: order_id
SELECT order_id, order_date FROM silver.clean_orders ORDER BY order_date DESC, order_id LIMIT 3
-- tree: customer_id
WITH RECURSIVE up AS (
    SELECT customer_id, referrer_id, 1 AS depth FROM silver.clean_customers WHERE referrer_id IS NULL
    UNION ALL
    SELECT c.customer_id, c.referrer_id, u.depth + 1 FROM silver.clean_customers c JOIN up u ON u.customer_id = c.referrer_id WHERE u.depth < 5
)
SELECT customer_id, max(depth) AS depth FROM up GROUP BY customer_id
-- age: order_id
SELECT order_id, CURRENT_DATE - order_date::date AS days FROM silver.clean_orders
-- global_rank: order_id
SELECT order_id, rank() OVER (ORDER BY order_date, order_id) AS nth FROM silver.clean_orders
-- rollup: country status
SELECT coalesce(c.country, 'all') AS country, coalesce(o.status, 'all') AS status, max(o.order_id) AS last
FROM silver.clean_orders o JOIN silver.clean_customers c USING (customer_id)
WHERE c.country IS NOT NULL AND o.status IS NOT NULL GROUP BY ROLLUP (c.country, o.status)
