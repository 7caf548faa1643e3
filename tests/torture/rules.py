"""The rules of silver, written a second time, independently."""

# table -> columns of a clean row, as expressions over a row of production
CLEAN = {
    "customers": {
        "customer_id": "customer_id",
        "email": "lower(trim(BOTH ' ' FROM email))",
        "full_name": "initcap(trim(BOTH ' ' FROM full_name))",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
    "products": {
        "product_id": "product_id",
        "name": "trim(BOTH ' ' FROM name)",
        "category": "lower(trim(BOTH ' ' FROM category))",
        "price": "price",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
    "orders": {
        "order_id": "order_id",
        "customer_id": "customer_id",
        "order_date": "order_date",
        "status": "lower(trim(BOTH ' ' FROM status))",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
    "order_items": {
        "order_item_id": "order_item_id",
        "order_id": "order_id",
        "product_id": "product_id",
        "quantity": "quantity",
        "unit_price": "unit_price",
        "created_at": "created_at",
        "updated_at": "updated_at",
    },
}

# table -> condition under which a row of production is rejected
BAD = {
    "customers": "trim(BOTH ' ' FROM email) = ''",
    "products": "price = 'NaN' OR price < 0",
    "orders": """
        extract(YEAR FROM order_date) NOT BETWEEN 1 AND 9999
        OR lower(trim(BOTH ' ' FROM status))
        NOT IN ('pending', 'confirmed', 'shipped', 'delivered', 'cancelled')
    """,
    "order_items": "quantity < 1 OR unit_price = 'NaN' OR unit_price < 0",
}

# Queries on gold, and the same on clean rows of production. Cancelled orders do not count as
# revenue. The category is the present one; only gold has the one at the time of the sale.
REVENUE_IN_PRODUCTION = """
    SELECT o.customer_id, o.order_date::date AS day, p.category, sum(i.quantity * i.unit_price)
    FROM clean_order_items AS i
    INNER JOIN clean_orders AS o ON i.order_id = o.order_id
    LEFT JOIN clean_products AS p ON i.product_id = p.product_id
    WHERE o.status <> 'cancelled'
    GROUP BY 1, 2, 3
"""
REVENUE_IN_GOLD = """
    SELECT f.customer_id, d.date AS day, p.category, sum(f.total_amount)
    FROM gold.fact_sales AS f
    INNER JOIN gold.dim_date AS d ON f.date_key = d.date_key
    LEFT JOIN gold.dim_products AS p ON f.product_id = p.product_id AND p.is_current
    WHERE f.order_status <> 'cancelled'
    GROUP BY 1, 2, 3
"""
