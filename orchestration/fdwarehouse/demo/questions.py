"""The demo's queries on the star schema, like those of analysts."""

# All versions of a customer whose name changed, preferably one with sales since.
RENAMED_CUSTOMER = """
    WITH renamed_customers AS (
        SELECT customer_id
        FROM gold.dim_customers
        GROUP BY customer_id
        HAVING count(DISTINCT full_name) > 1
    ),

    chosen_customer AS (
        SELECT customer_id
        FROM renamed_customers
        INNER JOIN gold.fact_sales USING (customer_id)
        GROUP BY customer_id
        ORDER BY count(DISTINCT customer_key) DESC, count(*) DESC, customer_id
        LIMIT 1
    )

    SELECT
        d.full_name,
        d.email,
        CASE WHEN isfinite(d.valid_from) THEN d.valid_from::timestamp(0)::text END AS valid_from,
        CASE WHEN isfinite(d.valid_to) THEN d.valid_to::timestamp(0)::text END AS valid_to,
        count(f.order_item_id) AS sales
    FROM gold.dim_customers AS d
    INNER JOIN chosen_customer USING (customer_id)
    LEFT JOIN gold.fact_sales AS f ON d.customer_key = f.customer_key
    GROUP BY d.customer_key
    ORDER BY d.valid_from
"""

# All versions of a product whose price changed, preferably one with sales since.
REPRICED_PRODUCT = """
    WITH repriced_products AS (
        SELECT product_id
        FROM gold.dim_products
        GROUP BY product_id
        HAVING count(DISTINCT price) > 1
    ),

    chosen_product AS (
        SELECT product_id
        FROM repriced_products
        INNER JOIN gold.fact_sales USING (product_id)
        GROUP BY product_id
        ORDER BY count(DISTINCT product_key) DESC, count(*) DESC, product_id
        LIMIT 1
    )

    SELECT
        d.name,
        d.price,
        CASE WHEN isfinite(d.valid_from) THEN d.valid_from::timestamp(0)::text END AS valid_from,
        CASE WHEN isfinite(d.valid_to) THEN d.valid_to::timestamp(0)::text END AS valid_to,
        count(f.order_item_id) AS sales
    FROM gold.dim_products AS d
    INNER JOIN chosen_product USING (product_id)
    LEFT JOIN gold.fact_sales AS f ON d.product_key = f.product_key
    GROUP BY d.product_key
    ORDER BY d.valid_from
"""

# The versions in bronze of an order whose status changed.
MOVED_ORDER = """
    WITH moved_order AS (
        SELECT order_id
        FROM bronze.raw_orders
        GROUP BY order_id
        HAVING count(DISTINCT status) > 1
        ORDER BY order_id DESC
        LIMIT 1
    )

    SELECT r._run_id AS run, r.order_id, r.status, r.updated_at::timestamp(0)::text AS updated_at
    FROM bronze.raw_orders AS r
    INNER JOIN moved_order USING (order_id)
    ORDER BY r._run_id
"""

BEST_CUSTOMERS = """
    SELECT d.full_name AS customer, v.orders, v.revenue, v.last_order_date::date AS last_order
    FROM gold.customer_lifetime_value AS v
    INNER JOIN gold.dim_customers AS d ON v.customer_id = d.customer_id AND d.is_current
    ORDER BY v.revenue DESC
    LIMIT 3
"""

BEST_PRODUCTS = """
    SELECT d.name AS product, d.category, v.quantity AS sold, v.revenue
    FROM gold.product_performance AS v
    INNER JOIN gold.dim_products AS d ON v.product_id = d.product_id AND d.is_current
    ORDER BY v.revenue DESC
    LIMIT 3
"""

LAST_DAYS = """
    SELECT d.date AS day, d.day_name AS weekday, s.orders, s.customers, s.revenue
    FROM gold.daily_sales AS s
    INNER JOIN gold.dim_date AS d ON s.date_key = d.date_key
    ORDER BY d.date DESC
    LIMIT 3
"""

# The same query on production and on the star schema.
REVENUE_IN_PRODUCTION = """
    SELECT lower(trim(p.category)) AS category, sum(i.quantity * i.unit_price) AS revenue
    FROM orders AS o
    INNER JOIN order_items AS i ON o.order_id = i.order_id
    INNER JOIN products AS p ON i.product_id = p.product_id
    WHERE o.status <> 'cancelled'
    GROUP BY 1
    ORDER BY 1
"""
REVENUE_IN_GOLD = """
    SELECT d.category, sum(f.total_amount) AS revenue
    FROM gold.fact_sales AS f
    INNER JOIN gold.dim_products AS d ON f.product_key = d.product_key
    WHERE NOT f.is_cancelled
    GROUP BY 1
    ORDER BY 1
"""
