"""A day of changes in a shop: the same number of rows for every size of the shop.

No row is deleted: a pipeline that reads since `max(updated_at)` cannot see deletions, and both
contestants must get the same revenue.
"""

from __future__ import annotations

import psycopg

# Of 31 rows: 10 orders with a new status, 5 new orders of 3 items, half a customer, half a product.
_STATEMENTS = (
    # The newest orders, as in any shop.
    """
    UPDATE orders SET status = CASE status
        WHEN 'pending' THEN 'confirmed'
        WHEN 'confirmed' THEN 'shipped'
        WHEN 'shipped' THEN 'delivered'
        WHEN 'delivered' THEN 'cancelled'
        ELSE 'pending'
    END
    WHERE order_id IN (
        SELECT order_id FROM orders ORDER BY order_id DESC LIMIT %(changes)s * 10 / 31
    )
    """,
    """
    UPDATE customers SET full_name = split_part(btrim(full_name), ' ', 1) || ' Day' || %(day)s
    WHERE customer_id IN (
        SELECT customer_id FROM customers
        ORDER BY hashint8extended(customer_id, %(day)s)
        LIMIT %(changes)s / 62
    )
    """,
    """
    UPDATE products SET price = round(price * 1.01 + 0.01, 2)
    WHERE product_id IN (
        SELECT product_id FROM products
        ORDER BY hashint8extended(product_id, %(day)s)
        LIMIT (%(changes)s + 61) / 62
    )
    """,
    """
    WITH buyers AS (
        SELECT customer_id FROM customers
        ORDER BY hashint8extended(customer_id, %(day)s + 1000)
        LIMIT %(changes)s * 5 / 31
    ),
    new_orders AS (
        INSERT INTO orders (customer_id) SELECT customer_id FROM buyers RETURNING order_id
    ),
    goods AS (
        SELECT array_agg(product_id ORDER BY product_id) AS products FROM products
    )
    INSERT INTO order_items (order_id, product_id, quantity, unit_price)
    SELECT o.order_id, p.product_id, line, p.price
    FROM new_orders AS o
    CROSS JOIN generate_series(1, 3) AS line
    CROSS JOIN goods AS g
    CROSS JOIN hashint8extended(o.order_id * 4::bigint + line, %(day)s) AS wish
    INNER JOIN products AS p
        ON p.product_id = g.products[1 + abs(wish %% cardinality(g.products))]
    """,
)


def change(production_url: str, changes: int, day: int) -> int:
    """Change rows of the shop, in one transaction per statement.

    Args:
        production_url: Connection string of the administrator.
        changes: Rows to insert or update.
        day: Another number changes other customers and products.

    Returns:
        Rows inserted and updated.
    """
    with psycopg.connect(production_url, autocommit=True) as connection:
        rows = sum(
            connection.execute(statement.encode(), {"changes": changes, "day": day}).rowcount
            for statement in _STATEMENTS
        )
    return rows + changes * 5 // 31  # new orders are not in the row count of their items
