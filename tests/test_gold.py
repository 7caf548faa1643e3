"""Gold's facts and metrics agree with production, and its constraints refuse wrong rows."""

from decimal import Decimal

import psycopg
import pytest

from fdwarehouse.demo.seeding import make_changes
from tests.harness import ROOT, Shop, Warehouse

# The sales in production, with the column names of the warehouse.
SALES = """
    WITH sales AS (
        SELECT
            i.order_item_id, i.order_id, o.customer_id, i.product_id, o.order_date,
            to_char(o.order_date, 'YYYYMMDD')::int AS date_key,
            date_trunc('month', o.order_date)::date AS month,
            lower(btrim(o.status)) AS order_status,
            lower(btrim(o.status)) = 'cancelled' AS is_cancelled,
            i.quantity, i.unit_price, i.quantity * i.unit_price AS amount
        FROM order_items AS i INNER JOIN orders AS o ON o.order_id = i.order_id
    ),
    revenue AS (SELECT * FROM sales WHERE NOT is_cancelled),
    cohorts AS (SELECT customer_id, min(month) AS cohort_month FROM revenue GROUP BY customer_id)
"""

# Question: the query on gold, the query on production.
QUESTIONS = {
    "what was sold": (
        """
        SELECT order_item_id, order_id, customer_id, product_id, order_date, date_key, order_status,
            quantity, unit_price, total_amount FROM gold.fact_sales
        """,
        """
        SELECT order_item_id, order_id, customer_id, product_id, order_date, date_key, order_status,
            quantity, unit_price, amount FROM sales
        """,
    ),
    "revenue by day": (
        """
        SELECT d.date, sum(f.total_amount) FROM gold.fact_sales AS f
        INNER JOIN gold.dim_date AS d USING (date_key)
        WHERE f.order_status <> 'cancelled' GROUP BY d.date
        """,
        "SELECT order_date::date, sum(amount) FROM revenue GROUP BY 1",
    ),
    "revenue by category": (
        """
        SELECT p.category, sum(f.total_amount) FROM gold.fact_sales AS f
        INNER JOIN gold.dim_products AS p ON p.product_id = f.product_id AND p.is_current
        WHERE f.order_status <> 'cancelled' GROUP BY p.category
        """,
        """
        SELECT lower(btrim(p.category)), sum(amount)
        FROM revenue INNER JOIN products AS p USING (product_id) GROUP BY 1
        """,
    ),
    "revenue by customer": (
        """
        SELECT c.email, sum(f.total_amount) FROM gold.fact_sales AS f
        INNER JOIN gold.dim_customers AS c ON c.customer_id = f.customer_id AND c.is_current
        WHERE f.order_status <> 'cancelled' GROUP BY c.email
        """,
        """
        SELECT lower(btrim(c.email)), sum(amount)
        FROM revenue INNER JOIN customers AS c USING (customer_id) GROUP BY 1
        """,
    ),
    "daily sales": (
        """
        SELECT date_key, orders, customers, quantity, revenue, cancelled_orders, cancelled_amount
        FROM gold.daily_sales
        """,
        """
        SELECT
            date_key,
            count(DISTINCT order_id) FILTER (WHERE NOT is_cancelled),
            count(DISTINCT customer_id) FILTER (WHERE NOT is_cancelled),
            coalesce(sum(quantity) FILTER (WHERE NOT is_cancelled), 0),
            coalesce(sum(amount) FILTER (WHERE NOT is_cancelled), 0),
            count(DISTINCT order_id) FILTER (WHERE is_cancelled),
            coalesce(sum(amount) FILTER (WHERE is_cancelled), 0)
        FROM sales GROUP BY date_key
        """,
    ),
    "lifetime value of customers": (
        """
        SELECT customer_id, orders, quantity, revenue, average_order_value, first_order_date,
            last_order_date, cancelled_orders FROM gold.customer_lifetime_value
        """,
        """
        SELECT
            customer_id,
            count(DISTINCT r.order_id),
            coalesce(sum(r.quantity), 0),
            coalesce(sum(r.amount), 0),
            round(sum(r.amount) / nullif(count(DISTINCT r.order_id), 0), 2),
            min(r.order_date),
            max(r.order_date),
            count(DISTINCT s.order_id) - count(DISTINCT r.order_id)
        FROM sales AS s LEFT JOIN revenue AS r USING (order_item_id, customer_id)
        GROUP BY customer_id
        """,
    ),
    "recency of customers": (
        "SELECT customer_id, last_order_date, days_since_last_order FROM gold.customer_recency",
        """
        SELECT customer_id, max(order_date), current_date - max(order_date)::date
        FROM revenue GROUP BY customer_id
        """,
    ),
    "performance of products": (
        """
        SELECT product_id, orders, customers, quantity, revenue, average_unit_price,
            first_order_date, last_order_date FROM gold.product_performance
        """,
        """
        SELECT
            product_id,
            count(DISTINCT r.order_id),
            count(DISTINCT r.customer_id),
            coalesce(sum(r.quantity), 0),
            coalesce(sum(r.amount), 0),
            round(sum(r.amount) / sum(r.quantity), 2),
            min(r.order_date),
            max(r.order_date)
        FROM sales AS s LEFT JOIN revenue AS r USING (order_item_id, product_id)
        GROUP BY product_id
        """,
    ),
    "retention of cohorts": (
        """
        SELECT cohort_month, months_since, cohort_customers, active_customers, revenue
        FROM gold.cohort_retention
        """,
        """
        SELECT
            c.cohort_month,
            (12 * extract(YEAR FROM age(r.month, c.cohort_month))
            + extract(MONTH FROM age(r.month, c.cohort_month)))::int,
            (SELECT count(*) FROM cohorts AS x WHERE x.cohort_month = c.cohort_month),
            count(DISTINCT customer_id),
            sum(r.amount)
        FROM revenue AS r INNER JOIN cohorts AS c USING (customer_id)
        GROUP BY c.cohort_month, r.month
        """,
    ),
}


def test_gold_answers_as_production_does(seeded_shop: Shop, seeded_warehouse: Warehouse) -> None:
    def compare() -> None:
        for question, (in_gold, in_production) in QUESTIONS.items():
            answer = seeded_warehouse.rows(f"{in_gold} ORDER BY 1, 2", role="analyst")
            expected = seeded_shop.rows(f"{SALES} {in_production} ORDER BY 1, 2")
            assert (question, answer) == (question, expected)
            assert answer

    seeded_warehouse.run()
    compare()
    for day in (1, 2):
        make_changes(seeded_shop.urls["admin"], ROOT / "production", changes=150, random_seed=day)
        seeded_warehouse.run()
        seeded_warehouse.call("etl.reconcile()")  # there were deletions
        compare()


def test_what_is_cancelled_later_is_no_revenue_any_more(shop: Shop, warehouse: Warehouse) -> None:
    stamps = "'2024-01-15', '2024-01-15'"
    shop.force(
        f"INSERT INTO customers VALUES (1, 'a@b.c', 'Ana', {stamps})",
        f"INSERT INTO products VALUES (1, 'Kite', 'toys', 5, {stamps})",
        f"INSERT INTO orders VALUES (1, 1, '2024-01-15', 'pending', {stamps})",
        f"INSERT INTO order_items VALUES (1, 1, 1, 3, 5, {stamps}), (2, 1, 1, 1, 4, {stamps})",
    )
    metrics = {
        "SELECT orders, customers, quantity, revenue, cancelled_amount FROM gold.daily_sales": (
            [(1, 1, 4, 19, 0)],
            [(0, 0, 0, 0, 19)],
        ),
        "SELECT orders, revenue, cancelled_orders FROM gold.customer_lifetime_value": (
            [(1, 19, 0)],
            [(0, 0, 1)],
        ),
        "SELECT orders, quantity, revenue, average_unit_price FROM gold.product_performance": (
            [(1, 4, 19, Decimal("4.75"))],
            [(0, 0, 0, None)],
        ),
        "SELECT orders, revenue FROM gold.customer_months": ([(1, 19)], []),
        "SELECT months_since, active_customers, revenue FROM gold.cohort_retention": (
            [(0, 1, 19)],
            [],
        ),
    }
    warehouse.run()
    assert {q: warehouse.rows(q) for q in metrics} == {q: then for q, (then, _) in metrics.items()}
    shop.execute("UPDATE orders SET status = ' Cancelled'")
    warehouse.run()
    assert {q: warehouse.rows(q) for q in metrics} == {q: now for q, (_, now) in metrics.items()}


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "refusal"),
    [
        ("2020-01-01", "infinity", psycopg.errors.ExclusionViolation),
        ("2020-01-01", "2020-01-02", psycopg.errors.ExclusionViolation),
        ("-infinity", "2000-01-01", psycopg.errors.UniqueViolation),
        ("2020-01-01", "2020-01-01", psycopg.errors.CheckViolation),
    ],
)
def test_overlapping_validity_is_refused(
    warehouse: Warehouse, valid_from: str, valid_to: str, refusal: type[psycopg.Error]
) -> None:
    version = (
        "INSERT INTO gold.dim_customers (customer_id, full_name, email, valid_from, valid_to, "
    )
    version += (
        "is_inferred, _inserted_run_id, _run_id) VALUES (1, 'A', 'b', '{}', '{}', false, 1, 1)"
    )
    warehouse.execute(version.format("-infinity", "infinity"))
    with pytest.raises(refusal):
        warehouse.execute(version.format(valid_from, valid_to))


def test_calendar_grows_by_the_years_of_the_orders(shop: Shop, warehouse: Warehouse) -> None:
    years = "SELECT year, count(*), min(date)::text, max(date)::text FROM gold.dim_date GROUP BY 1"
    stamps = "now(), now()"
    shop.force(
        f"INSERT INTO orders VALUES (1, 1, '2024-05-05 12:00', 'pending', {stamps})",
        f"INSERT INTO order_items VALUES (1, 1, 1, 1, 1, {stamps})",
    )
    warehouse.run()
    year_2024 = (2024, 366, "2024-01-01", "2024-12-31")
    assert warehouse.rows(years) == [year_2024]
    shop.force(
        f"INSERT INTO orders VALUES (2, 1, '1999-12-31 23:59', 'pending', {stamps})",
        f"INSERT INTO order_items VALUES (2, 2, 1, 1, 1, {stamps})",
    )
    warehouse.run()
    year_1999 = (1999, 365, "1999-01-01", "1999-12-31")
    assert warehouse.rows(f"{years} ORDER BY 1") == [year_1999, year_2024]
    dates = "SELECT date_key FROM gold.fact_sales ORDER BY order_item_id"
    assert warehouse.column(dates) == [20240505, 19991231]
    columns = """
        date_key, date::text, year, quarter, month, month_name, month_start::text, iso_year,
        iso_week, day_of_month, day_of_week, day_name, is_weekend
    """
    assert warehouse.rows(
        f"SELECT {columns} FROM gold.dim_date WHERE date_key IN (20240229, 20241230, 19990102)"
        " ORDER BY 1"
    ) == [
        (
            19990102,
            "1999-01-02",
            1999,
            1,
            1,
            "January",
            "1999-01-01",
            1998,
            53,
            2,
            6,
            "Saturday",
            True,
        ),
        (
            20240229,
            "2024-02-29",
            2024,
            1,
            2,
            "February",
            "2024-02-01",
            2024,
            9,
            29,
            4,
            "Thursday",
            False,
        ),
        (
            20241230,
            "2024-12-30",
            2024,
            4,
            12,
            "December",
            "2024-12-01",
            2025,
            1,
            30,
            1,
            "Monday",
            False,
        ),
    ]
    shop.force("UPDATE orders SET order_date = '2024-01-01', updated_at = now()")
    warehouse.run()
    assert warehouse.rows(years) == [year_2024]
