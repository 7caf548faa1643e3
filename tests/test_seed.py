"""The demo's production database: its tables, its content, and a day's work in it."""

import os
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from fdwarehouse import embedded_programs, seed
from fdwarehouse.errors import FdwarehouseError
from tests.servers import Servers

PRODUCTION = Path(__file__).parents[1] / "production"
AS_OF = date(2025, 11, 1)
TABLES = ("customers", "products", "orders", "order_items")

# Every table's content, whatever the rows' order on disk.
FINGERPRINT = " UNION ALL ".join(
    f"SELECT '{table}', count(*), md5(string_agg({table}::text, ';' ORDER BY {table})) FROM {table}"
    for table in TABLES
)

NewDatabase = Callable[[], str]


@pytest.fixture(scope="module")
def new_database(servers: Servers) -> NewDatabase:
    def make() -> str:
        return servers.url("production", "admin", servers.create_database("production", "bare"))

    return make


@pytest.fixture(scope="module")
def seeded(new_database: NewDatabase) -> str:
    """A seeded database that tests only read."""
    url = new_database()
    seed.seed(url, PRODUCTION, as_of=AS_OF)
    return url


def query(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def only(url: str, statement: str) -> Any:
    [[value]] = query(url, statement)
    return value


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
    report = seed.seed(larger, PRODUCTION, scale=3, as_of=AS_OF)
    items = only(larger, "SELECT count(*) FROM order_items")
    assert report == {"customers": 450, "products": 225, "orders": 1200, "order items": items}
    assert 3000 < items < 4200


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(
    new_database: NewDatabase, seeded: str
) -> None:
    again, other = new_database(), new_database()
    # Neither the session's clock nor another plan may matter.
    options = "-c timezone=Pacific/Auckland -c enable_hashjoin=off -c work_mem=1MB"
    seed.seed(conninfo.make_conninfo(again, options=options), PRODUCTION, as_of=AS_OF)
    seed.seed(other, PRODUCTION, as_of=AS_OF, random_seed=43)
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
    seed.seed(url, PRODUCTION, as_of=AS_OF)
    before = query(url, FINGERPRINT)
    with pytest.raises(FdwarehouseError, match=r"bare_\d+ is not empty: .*customers") as caught:
        seed.seed(url, PRODUCTION)
    assert "--reset" in str(caught.value.hint)
    assert query(url, FINGERPRINT) == before
    assert seed.seed(url, PRODUCTION, scale=2, reset=True)["orders"] == 800


def test_a_seed_that_fails_leaves_nothing(new_database: NewDatabase, tmp_path: Path) -> None:
    url = new_database()
    for file in PRODUCTION.glob("*.sql"):
        (tmp_path / file.name).write_text(file.read_text())
    text = (tmp_path / "seed.sql").read_text()
    broken = "\n-- not ; this\nSELECT 'or ; this', $$ or ; this $$, 1 / 0;\n"
    (tmp_path / "seed.sql").write_text(text + broken)
    line = text.count("\n") + 2
    with pytest.raises(FdwarehouseError, match=rf"seed\.sql, .* {line}: division by zero"):
        seed.seed(url, tmp_path)
    assert query(url, "SELECT relname FROM pg_class WHERE relnamespace = 2200") == []
    (tmp_path / "schema.sql").unlink()
    with pytest.raises(FdwarehouseError, match=r"Cannot read .*schema\.sql"):
        seed.seed(url, tmp_path)


def test_progress_names_each_statement_and_ends_full(new_database: NewDatabase) -> None:
    told: list[tuple[int, int, str]] = []
    seed.seed(new_database(), PRODUCTION, progress=lambda *step: told.append(step))
    total = len(told) - 1
    assert [(done, of) for done, of, _ in told] == [(n, total) for n in range(total + 1)]
    assert [label for *_, label in told if label.startswith("INSERT")] == [
        f"INSERT INTO {table}" for table in TABLES
    ]


def test_a_days_work_does_what_it_says(new_database: NewDatabase) -> None:
    url = new_database()
    seed.seed(url, PRODUCTION, scale=10, as_of=AS_OF)
    with psycopg.connect(url, autocommit=True) as connection:
        for table in TABLES:
            key = table.removesuffix("s") + "_id"
            connection.execute(f"CREATE TABLE old_{table} AS SELECT * FROM {table}".encode())
            connection.execute(f"ALTER TABLE old_{table} ADD PRIMARY KEY ({key})".encode())
    report = seed.make_changes(url, PRODUCTION, changes=200)

    def difference(table: str, condition: str) -> Any:
        key = table.removesuffix("s") + "_id"
        return only(
            url,
            f"""
            SELECT count(*)
            FROM {table} AS now
            FULL JOIN old_{table} AS old ON now.{key} = old.{key}
            WHERE {condition}
            """,
        )

    moved = sum(report.get(f"orders {status}", 0) for status in ("confirmed", "shipped"))
    moved += report.get("orders cancelled", 0) + report.get("orders delivered", 0)
    seen = {
        "prices changed": difference("products", "now.price <> old.price"),
        "customers renamed": difference("customers", "now.full_name <> old.full_name"),
        "emails changed": difference("customers", "now.email <> old.email"),
        "quantities changed": difference("order_items", "now.quantity <> old.quantity"),
        "orders deleted": difference("orders", "now.order_id IS NULL"),
        "new customers": difference("customers", "old.customer_id IS NULL"),
        "new orders": difference("orders", "old.order_id IS NULL AND now.status = 'pending'"),
        "new order items": difference("order_items", "old.order_item_id IS NULL"),
    }
    assert seen == {what: report[what] for what in seen}
    assert all(row_count > 0 for row_count in report.values())
    deleted_items = difference("order_items", "now.order_item_id IS NULL")
    assert deleted_items == (
        report["order items deleted"] + report["order items deleted with them"]
    )
    assert difference("orders", "now.status <> old.status") == moved
    steps = """
        SELECT DISTINCT old.status || ' -> ' || now.status
        FROM orders AS now INNER JOIN old_orders AS old USING (order_id)
        WHERE now.status <> old.status
    """
    assert {step for (step,) in query(url, steps)} <= {
        "pending -> confirmed",
        "pending -> cancelled",
        "confirmed -> shipped",
        "confirmed -> cancelled",
        "shipped -> delivered",
    }
    assert 150 <= sum(report.values()) <= 260


def test_a_days_work_leaves_time_stamps_to_the_shop(new_database: NewDatabase) -> None:
    url = new_database()
    seed.seed(url, PRODUCTION, as_of=AS_OF)
    start = only(url, "SELECT localtimestamp")
    seed.make_changes(url, PRODUCTION)
    for table in ("customers", "products", "orders"):
        changed = f"SELECT count(*) FROM {table} WHERE updated_at > '{start}'"
        assert only(url, changed) > 0
    old = "SELECT order_date FROM orders WHERE order_id > 400 AND order_date <= '{}'"
    assert query(url, old.format(start)) == []


def test_the_next_days_work_is_another_and_the_same_shop_has_the_same(
    new_database: NewDatabase,
) -> None:
    one, twin = new_database(), new_database()
    contents = []
    for url in (one, twin):
        seed.seed(url, PRODUCTION, as_of=AS_OF)
        first = seed.make_changes(url, PRODUCTION, changes=10)
        repriced = f"SELECT count(*) FROM products WHERE updated_at > '{AS_OF}'"
        assert only(url, repriced) == 1
        second = seed.make_changes(url, PRODUCTION, changes=10)
        assert only(url, repriced) == 2
        names = "SELECT array_agg(full_name || email ORDER BY customer_id) FROM customers"
        items = "SELECT array_agg((product_id, quantity) ORDER BY order_item_id) FROM order_items"
        contents.append((first, second, query(url, names), query(url, items)))
    assert contents[0] == contents[1]


def test_changes_to_a_database_without_a_shop_say_so(new_database: NewDatabase) -> None:
    with pytest.raises(FdwarehouseError, match="nothing to change yet") as caught:
        seed.make_changes(new_database(), PRODUCTION)
    assert "fdwarehouse seed" in str(caught.value.hint)


def test_wrong_numbers_and_unreachable_servers_are_errors_for_a_person(
    new_database: NewDatabase,
) -> None:
    server = new_database()
    with pytest.raises(FdwarehouseError, match="scale is 0"):
        seed.seed(server, PRODUCTION, scale=0)
    with pytest.raises(FdwarehouseError, match="0 changes"):
        seed.make_changes(server, PRODUCTION, changes=0)
    with pytest.raises(FdwarehouseError, match="Cannot connect") as caught:
        seed.seed(conninfo.make_conninfo(server, port=1), PRODUCTION)
    assert str(conninfo.conninfo_to_dict(server)["password"]) not in str(caught.value)


def test_psql_alone_makes_the_same_shop_and_changes_it(
    new_database: NewDatabase, seeded: str
) -> None:
    url = new_database()

    def psql(*arguments: str) -> None:
        program = embedded_programs.binaries({}) / "psql"
        options = f"-c fdwarehouse.scale=1 -c fdwarehouse.as_of={AS_OF} -c fdwarehouse.changes=10"
        subprocess.run(
            [program, "-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", *arguments, url],
            env={**os.environ, "PGOPTIONS": options},
            check=True,
        )

    files = [f"--file={PRODUCTION / name}.sql" for name in ("schema", "seed")]
    psql("--single-transaction", *files)
    assert query(url, FINGERPRINT) == query(seeded, FINGERPRINT)
    psql(f"--file={PRODUCTION / 'changes.sql'}")
    assert only(url, "SELECT count(*) FROM orders WHERE order_id > 400") == 2
