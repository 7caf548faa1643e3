"""The demo's production database: its tables and its content."""

from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from fdwarehouse.demo import seeding
from fdwarehouse.errors import FdwarehouseError
from tests.shop_database import AS_OF, FINGERPRINT, PRODUCTION, TABLES, NewDatabase, only, query


def test_tables_are_exactly_as_the_existing_programs_know_them(seeded: str) -> None:
    stamps = [
        ("created_at", "timestamp without time zone", "NO", "CURRENT_TIMESTAMP"),
        ("updated_at", "timestamp without time zone", "NO", "CURRENT_TIMESTAMP"),
    ]
    columns = """
        SELECT
            column_name,
            data_type || CASE
                WHEN data_type = 'numeric' THEN format('(%s,%s)', numeric_precision, numeric_scale)
                ELSE coalesce('(' || character_maximum_length || ')', '')
            END,
            is_nullable,
            column_default
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = '{}'
        ORDER BY ordinal_position
    """

    def serial(column: str, table: str) -> tuple[str, str, str, str]:
        return (column, "integer", "NO", f"nextval('{table}_{column}_seq'::regclass)")

    assert query(seeded, columns.format("customers")) == [
        serial("customer_id", "customers"),
        ("email", "character varying(255)", "NO", None),
        ("full_name", "character varying(255)", "NO", None),
        *stamps,
    ]
    assert query(seeded, columns.format("products")) == [
        serial("product_id", "products"),
        ("name", "character varying(255)", "NO", None),
        ("category", "character varying(100)", "NO", None),
        ("price", "numeric(10,2)", "NO", None),
        *stamps,
    ]
    assert query(seeded, columns.format("orders")) == [
        serial("order_id", "orders"),
        ("customer_id", "integer", "NO", None),
        ("order_date", "timestamp without time zone", "NO", "CURRENT_TIMESTAMP"),
        ("status", "character varying(50)", "NO", "'pending'::character varying"),
        *stamps,
    ]
    assert query(seeded, columns.format("order_items")) == [
        serial("order_item_id", "order_items"),
        ("order_id", "integer", "NO", None),
        ("product_id", "integer", "NO", None),
        ("quantity", "integer", "NO", None),
        ("unit_price", "numeric(10,2)", "NO", None),
        *stamps,
    ]
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    assert {name for (name,) in query(seeded, tables)} == set(TABLES)


def test_keys_and_rules_are_there_after_seeding(seeded: str) -> None:
    constraints = """
        SELECT conrelid::regclass::text, pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE contype <> 'n' AND connamespace = 'public'::regnamespace AND convalidated
    """
    assert set(query(seeded, constraints)) == {
        ("customers", "PRIMARY KEY (customer_id)"),
        ("customers", "UNIQUE (email)"),
        ("products", "PRIMARY KEY (product_id)"),
        ("products", "CHECK ((price >= (0)::numeric))"),
        ("orders", "PRIMARY KEY (order_id)"),
        (
            "orders",
            "FOREIGN KEY (customer_id) REFERENCES customers(customer_id) ON DELETE RESTRICT",
        ),
        ("order_items", "PRIMARY KEY (order_item_id)"),
        ("order_items", "FOREIGN KEY (order_id) REFERENCES orders(order_id) ON DELETE CASCADE"),
        (
            "order_items",
            "FOREIGN KEY (product_id) REFERENCES products(product_id) ON DELETE RESTRICT",
        ),
        ("order_items", "CHECK ((quantity > 0))"),
        ("order_items", "CHECK ((unit_price >= (0)::numeric))"),
    }
    indexes = """
        SELECT tablename::text, substring(indexdef FROM 'USING (.*)')
        FROM pg_indexes
        WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'
    """
    assert set(query(seeded, indexes)) == {
        ("products", "btree (category)"),
        ("orders", "btree (customer_id)"),
        ("orders", "btree (order_date)"),
        ("orders", "btree (updated_at)"),
        ("order_items", "btree (order_id)"),
        ("order_items", "btree (product_id)"),
        ("order_items", "btree (updated_at)"),
    }


@pytest.mark.parametrize("table", TABLES)
def test_an_update_stamps_the_row_with_its_transactions_start(seeded: str, table: str) -> None:
    with psycopg.connect(seeded) as connection:
        update = f"""
            UPDATE {table} SET created_at = created_at, updated_at = '2000-01-01'
            RETURNING updated_at = localtimestamp
        """
        assert set(connection.execute(update.encode())) == {(True,)}
        connection.rollback()


def test_ids_go_on_after_the_seeded_ones(seeded: str) -> None:
    for table in TABLES:
        key = table.removesuffix("s") + "_id"
        following = f"nextval(pg_get_serial_sequence('{table}', '{key}'))"
        assert only(seeded, f"SELECT {following} > max({key}) FROM {table}")


def test_the_shop_has_the_size_of_its_scale(new_database: NewDatabase, seeded: str) -> None:
    assert query(seeded, "SELECT count(*) FROM customers") == [(150,)]
    assert query(seeded, "SELECT count(*) FROM products") == [(75,)]
    assert query(seeded, "SELECT count(*) FROM orders") == [(400,)]
    larger = new_database()
    report = seeding.seed(larger, PRODUCTION, scale=3, as_of=AS_OF)
    items = only(larger, "SELECT count(*) FROM order_items")
    assert report == {"customers": 450, "products": 225, "orders": 1200, "order items": items}
    assert 3000 < items < 4200


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(
    new_database: NewDatabase, seeded: str
) -> None:
    again, other = new_database(), new_database()
    # Neither the session's time zone nor another plan may matter.
    options = "-c timezone=Pacific/Auckland -c enable_hashjoin=off -c work_mem=1MB"
    seeding.seed(conninfo.make_conninfo(again, options=options), PRODUCTION, as_of=AS_OF)
    seeding.seed(other, PRODUCTION, as_of=AS_OF, random_seed=43)
    assert query(again, FINGERPRINT) == query(seeded, FINGERPRINT)
    pairs = zip(query(other, FINGERPRINT), query(seeded, FINGERPRINT), strict=True)
    assert all(one[2] != another[2] for one, another in pairs)


def test_names_and_emails_are_as_people_write_them(seeded: str) -> None:
    for column in ("email", "full_name"):
        assert only(seeded, f"SELECT count(*) FROM customers WHERE {column} <> btrim({column})") > 5
        assert only(seeded, f"SELECT count(*) FROM customers WHERE {column} = upper({column})") > 2
    assert only(seeded, "SELECT count(*) FROM products WHERE name <> btrim(name)") > 2
    assert only(seeded, "SELECT count(DISTINCT lower(btrim(email))) FROM customers") == 150
    pattern = r"^[a-z.-]+[0-9]+@(example\.(com|net|org)|mail\.example)$"
    strange = f"SELECT email FROM customers WHERE lower(btrim(email)) !~ '{pattern}'"
    assert query(seeded, strange) == []
    assert only(seeded, "SELECT count(DISTINCT category) FROM products") == 7
    assert only(seeded, "SELECT count(DISTINCT lower(btrim(name))) FROM products") == 75


def test_dates_make_a_history_that_can_have_been(seeded: str) -> None:
    spans = """
        SELECT
            (SELECT min(created_at) >= '{as_of}'::date - 730 FROM customers),
            (SELECT min(created_at) < '{as_of}'::date - 680 FROM customers),
            (SELECT min(created_at) >= '{as_of}'::date - 1095 FROM products),
            (SELECT min(created_at) < '{as_of}'::date - 1000 FROM products)
    """
    assert query(seeded, spans.format(as_of=AS_OF)) == [(True, True, True, True)]
    for table in TABLES:
        impossible = f"""
            SELECT * FROM {table}
            WHERE updated_at < created_at OR created_at >= '{AS_OF}' OR updated_at > '{AS_OF}'
        """
        assert query(seeded, impossible) == []
        assert table == "order_items" or only(
            seeded, f"SELECT count(*) FROM {table} WHERE updated_at > created_at"
        )
    in_order = "SELECT array_agg(order_id ORDER BY {}) FROM orders"
    by_date = query(seeded, in_order.format("order_date, order_id"))
    assert by_date == query(seeded, in_order.format("order_id"))
    before_its_time = """
        SELECT order_id
        FROM orders
        INNER JOIN order_items USING (order_id)
        INNER JOIN customers USING (customer_id)
        INNER JOIN products USING (product_id)
        WHERE
            orders.created_at <> orders.order_date
            OR orders.order_date < customers.created_at
            OR orders.order_date < products.created_at
    """
    assert query(seeded, before_its_time) == []


def test_most_orders_are_delivered_and_every_status_occurs(seeded: str) -> None:
    orders = dict(query(seeded, "SELECT status, count(*) FROM orders GROUP BY status"))
    assert set(orders) == {"pending", "confirmed", "shipped", "delivered", "cancelled"}
    assert orders["delivered"] > 300
    assert min(orders.values()) >= 2


def test_items_are_one_to_five_an_order_at_about_the_products_price(seeded: str) -> None:
    sizes = "SELECT count(*) FROM order_items GROUP BY order_id"
    assert {size for (size,) in query(seeded, sizes)} == {1, 2, 3, 4, 5}
    assert only(seeded, "SELECT count(DISTINCT order_id) FROM order_items") == 400
    far_off = """
        SELECT order_item_id
        FROM order_items
        INNER JOIN products USING (product_id)
        WHERE unit_price NOT BETWEEN price * 0.8 AND price * 1.15
    """
    assert query(seeded, far_off) == []


def test_seeding_again_refuses_and_destroys_nothing(new_database: NewDatabase) -> None:
    url = new_database()
    seeding.seed(url, PRODUCTION, as_of=AS_OF)
    before = query(url, FINGERPRINT)
    with pytest.raises(FdwarehouseError, match=r"bare_\d+ is not empty: .*customers") as caught:
        seeding.seed(url, PRODUCTION)
    assert "--reset" in str(caught.value.hint)
    assert query(url, FINGERPRINT) == before
    assert seeding.seed(url, PRODUCTION, scale=2, reset=True)["orders"] == 800


def test_a_seed_that_fails_leaves_nothing(new_database: NewDatabase, tmp_path: Path) -> None:
    url = new_database()
    for file in PRODUCTION.glob("*.sql"):
        (tmp_path / file.name).write_text(file.read_text())
    text = (tmp_path / "seed.sql").read_text()
    broken = "\n-- not ; this\nSELECT 'or ; this', $$ or ; this $$, 1 / 0;\n"
    (tmp_path / "seed.sql").write_text(text + broken)
    line = text.count("\n") + 2
    with pytest.raises(FdwarehouseError, match=rf"seed\.sql, .* {line}: division by zero"):
        seeding.seed(url, tmp_path)
    assert query(url, "SELECT relname FROM pg_class WHERE relnamespace = 2200") == []
    (tmp_path / "schema.sql").unlink()
    with pytest.raises(FdwarehouseError, match=r"Cannot read .*schema\.sql"):
        seeding.seed(url, tmp_path)


def test_progress_names_each_statement_and_ends_full(new_database: NewDatabase) -> None:
    told: list[tuple[int, int, str]] = []
    seeding.seed(new_database(), PRODUCTION, progress=lambda *step: told.append(step))
    total = len(told) - 1
    assert [(done, of) for done, of, _ in told] == [(n, total) for n in range(total + 1)]
    assert [label for *_, label in told if label.startswith("INSERT")] == [
        f"INSERT INTO {table}" for table in TABLES
    ]
