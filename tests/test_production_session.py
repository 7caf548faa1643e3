"""The privileges of a session on production, and timeouts that must not end it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from fdwarehouse.project.sources import SAFETY_SETTINGS, SESSION_SETTINGS
from tests.harness import Shop, Warehouse, failing
from tests.servers import Servers

LIMITS = (
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
)
WHERE = {
    "database": "ALTER DATABASE {database}",
    "role": "ALTER ROLE warehouse_reader",
    "role in the database": "ALTER ROLE warehouse_reader IN DATABASE {database}",
    "server": "ALTER SYSTEM",
}
SEEN = "SELECT name, setting FROM production._pg_settings WHERE name = ANY(%s) ORDER BY name"


@contextmanager
def limits_of_a_second(shop: Shop, where: str) -> Iterator[None]:
    """Make production end sessions after a second, as set in one of four places."""

    def alter(what: str) -> None:
        with psycopg.connect(
            shop.urls["admin"], autocommit=True, options="-c statement_timeout=0"
        ) as connection:
            for name in LIMITS:
                place = WHERE[where].format(database=shop.name)
                connection.execute(f"{place} {what.format(name=name)}".encode())
            connection.execute("SELECT pg_reload_conf()")

    shop.close()
    alter("SET {name} = '1s'")
    try:
        yield
    finally:
        shop.close()
        alter("RESET {name}")


@pytest.mark.parametrize("call", ["etl.run_pipeline()", "etl.backfill(100)", "etl.reconcile()"])
@pytest.mark.parametrize("where", WHERE)
def test_limits_of_production_end_no_load(
    shop: Shop, warehouse: Warehouse, where: str, call: str
) -> None:
    shop.execute(
        "INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'A'), ('d@e.f', 'D')",
        "ALTER TABLE customers RENAME TO kept_customers",
        # the last row waits: a read of more than a second
        """
        CREATE VIEW customers AS
        SELECT k.* FROM kept_customers AS k WHERE (SELECT pg_sleep(0.7)) IS NOT NULL
        UNION ALL SELECT k.* FROM kept_customers AS k WHERE (SELECT pg_sleep(0.6)) IS NULL
        """,
        "GRANT SELECT ON customers TO warehouse_reader",
    )
    warehouse.execute(
        "DELETE FROM etl.source_columns WHERE table_name = 'customers'",
        """
        CREATE FUNCTION bronze.wait() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN PERFORM pg_sleep(1.2); RETURN NULL; END'
        """,
        """
        CREATE TRIGGER wait AFTER INSERT ON bronze.raw_customers
        EXECUTE FUNCTION bronze.wait()
        """,
    )
    with limits_of_a_second(shop, where):
        warehouse.call(call)
    assert warehouse.column("SELECT email FROM bronze.raw_customers ORDER BY 1") == [
        "a@b.c",
        "d@e.f",
    ]


@pytest.mark.parametrize("where", WHERE)
def test_settings_hold_wherever_production_sets_others(
    shop: Shop, warehouse: Warehouse, where: str
) -> None:
    with limits_of_a_second(shop, where):
        seen: dict[str, str] = dict(warehouse.rows(SEEN, [list(LIMITS)]))
    assert seen == dict.fromkeys(LIMITS, "0")


def test_bootstrap_gives_the_reader_the_same_settings(servers: Servers, shop: Shop) -> None:
    servers.bootstrap("production", shop.name)
    of_the_role = shop.value(
        """
        SELECT s.setconfig
        FROM pg_db_role_setting AS s INNER JOIN pg_database AS d ON s.setdatabase = d.oid
        WHERE s.setrole = 'warehouse_reader'::regrole AND d.datname = current_database()
        """
    )
    by_role = dict(line.split("=", 1) for line in of_the_role)
    wanted = {name: value for name, (value, _) in SESSION_SETTINGS.items()} | SAFETY_SETTINGS
    assert {name: by_role.get(name) for name in wanted} == wanted


def test_options_of_the_url_are_kept_and_switch_no_safety_off(
    warehouse: Warehouse,
) -> None:
    hostile = "-c row_security=on -c geqo_threshold=7 --default_transaction_read_only=off"
    warehouse.shop.urls["reader"] += f" options='{hostile}'"
    warehouse.deploy()
    seen: dict[str, str] = dict(
        warehouse.rows(
            SEEN,
            [["row_security", "geqo_threshold", "default_transaction_read_only", *LIMITS]],
        )
    )
    assert seen == dict.fromkeys(LIMITS, "0") | {
        "row_security": "off",
        "geqo_threshold": "7",
        "default_transaction_read_only": "on",
    }
    assert warehouse.deploy().is_empty


READ_ONLY = "25006"
WRITES = [
    "INSERT INTO open_to_all VALUES (1)",
    "UPDATE open_to_all SET a = 2",
    "DELETE FROM open_to_all",
    "TRUNCATE open_to_all",
    "CREATE TABLE of_the_reader (a integer)",
    "CREATE TEMPORARY TABLE of_the_reader (a integer)",
    "PERFORM nextval('open_numbers')",
    "PERFORM setval('open_numbers', 7)",
    "PERFORM lo_create(0)",
    "PERFORM id FROM (SELECT 1 AS id FROM open_to_all FOR UPDATE) AS locked",
    "CREATE SCHEMA of_the_reader",
    "ALTER ROLE warehouse_reader SET row_security = on",
    "COMMENT ON TABLE open_to_all IS 'x'",
]


@pytest.mark.parametrize("write", WRITES)
def test_g6_code_of_a_view_cannot_write_production(
    shop: Shop, warehouse: Warehouse, write: str
) -> None:
    shop.execute(
        "CREATE TABLE open_to_all (a integer)",
        "GRANT ALL ON open_to_all TO PUBLIC",
        "CREATE SEQUENCE open_numbers",
        "GRANT ALL ON SEQUENCE open_numbers TO PUBLIC",
        "GRANT ALL ON SCHEMA public TO PUBLIC",
        f"GRANT ALL ON DATABASE {shop.name} TO PUBLIC",
        f"""
        CREATE FUNCTION said() RETURNS text LANGUAGE plpgsql SET search_path = public AS $$
        BEGIN
            PERFORM set_config('default_transaction_read_only', 'off', false);
            BEGIN
                PERFORM set_config('transaction_read_only', 'off', false);
                RETURN 'switched off';
            EXCEPTION WHEN OTHERS THEN NULL;
            END;
            BEGIN
                {write};
                RETURN 'written';
            EXCEPTION WHEN OTHERS THEN
                RETURN SQLSTATE;
            END;
        END $$
        """,
        "CREATE VIEW hostile AS SELECT said() AS said",
        "GRANT SELECT ON hostile TO warehouse_reader",
    )
    warehouse.execute(
        "CREATE FOREIGN TABLE production.hostile (said text) SERVER production "
        "OPTIONS (schema_name 'public', table_name 'hostile')"
    )
    session = warehouse.connect("owner", autocommit=True)
    assert session.execute("SELECT said FROM production.hostile").fetchall() == [(READ_ONLY,)]
    # what it set for later transactions of the session is noticed before anything is read in one
    with failing("DW019", "default_transaction_read_only is off"):
        session.execute("SELECT production.require_session()")


def test_g6_row_security_that_is_switched_on_in_a_session_is_noticed(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.execute(
        "ALTER SERVER production OPTIONS (SET options '-c default_transaction_read_only=on "
        "-c row_security=on')"
    )
    with failing("DW019", "row_security is on"):
        warehouse.run()
    assert warehouse.value("SELECT count(*) FROM bronze.raw_orders") == 0


CHANGED = {
    "row_security": "on",
    "default_transaction_read_only": "off",
    "DateStyle": "SQL, MDY",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-15",
    # functions and operators that are sent to production are those of pg_catalog
    "search_path": "public, pg_catalog",
}
PLACES = {
    "a view": """
        ALTER TABLE products RENAME TO kept_products;
        CREATE VIEW products AS SELECT k.* FROM kept_products AS k WHERE (SELECT changed(0)) = 0;
        GRANT SELECT ON products TO warehouse_reader
    """,
    "an index": "CREATE INDEX ON products ((product_id + changed(0)))",
    "statistics": "CREATE STATISTICS computed ON (product_id + changed(0)) FROM products",
}


@pytest.mark.parametrize("call", ["etl.run_pipeline()", "etl.reconcile()", "etl.backfill(100)"])
@pytest.mark.parametrize(
    ("place", "setting"),
    [("a view", s) for s in CHANGED]
    + [("an index", "row_security"), ("statistics", "IntervalStyle")],
)
def test_g6_setting_that_code_of_a_table_changes_while_it_is_read_is_noticed(
    shop: Shop, warehouse: Warehouse, place: str, setting: str, call: str
) -> None:
    if call == "etl.reconcile()":
        warehouse.run()
    before = warehouse.dump()
    warehouse.execute("DELETE FROM etl.source_columns WHERE table_name = 'products'")
    with shop.connect() as connection:
        connection.execute("INSERT INTO products (name, category, price) VALUES ('A', 'C', 1)")
        connection.execute(
            f"""
            CREATE FUNCTION changed(n integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$
            BEGIN
                IF current_user = 'warehouse_reader' THEN
                    PERFORM set_config('{setting}', '{CHANGED[setting]}', false);
                END IF;
                RETURN n;
            END $$
            """.encode()
        )
        connection.execute(PLACES[place].encode())
    with failing("DW019", f"{setting} is {CHANGED[setting]}"):
        warehouse.call(call)
    assert warehouse.dump() == before
