"""A production with bytes that are not valid text: the error says where they are."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.command import Command
from tests.harness import ROOT, Shop, Warehouse, failing
from tests.servers import Servers

BAD_BYTES = [
    ("customers", "full_name", r"'J\344ger'", '{"customer_id": 2}'),
    ("customers", "full_name", r"'x\355\240\200'", '{"customer_id": 2}'),  # half of a pair
    ("orders", "status", r"'\377'", '{"order_id": 1}'),
]


@pytest.fixture
def ascii_shop(servers: Servers, command: Command) -> Iterator[Shop]:
    name = f"ascii_{id(command)}"
    with psycopg.connect(servers.url("production", "admin", "postgres"), autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {name} ENCODING SQL_ASCII LOCALE 'C' "
            "LOCALE_PROVIDER libc TEMPLATE template0".encode()
        )
    url = servers.url("production", "admin", name)
    with psycopg.connect(url, client_encoding="utf8") as connection:
        connection.execute((ROOT / "production" / "schema.sql").read_bytes())
    servers.bootstrap("production", name)
    made = Shop({"admin": url, "reader": servers.url("production", "reader", name)})
    yield made
    made.close()
    servers.drop_database("production", name)


@pytest.mark.parametrize("bad", BAD_BYTES)
def test_bytes_that_are_no_text_are_found(
    ascii_shop: Shop, bootstrapped_warehouse: Warehouse, bad: tuple[str, str, str, str]
) -> None:
    table, column, text, key = bad
    bootstrapped_warehouse.shop = ascii_shop
    bootstrapped_warehouse.deploy()
    ascii_shop.execute(
        "INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'Zoë ☃'), ('d@e.f', 'D')",
        "INSERT INTO orders (customer_id, status) VALUES (1, 'pending')",
        "SET client_encoding = SQL_ASCII",
        f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS orders_status_check",
        f"UPDATE {table} SET {column} = E{text} WHERE {table[:-1]}_id = {key.split(': ')[1][:-1]}",
    )
    with failing("22021", f"column {column} of production.{table} in the row {key}") as caught:
        bootstrapped_warehouse.run()
    assert f"bronze.raw_{table}: invalid byte sequence" in str(caught.value.diag.message_primary)
    assert "convert_from" in str(caught.value.diag.message_hint)
    ascii_shop.execute(f"UPDATE {table} SET {column} = 'plain'")
    bootstrapped_warehouse.run()
    assert bootstrapped_warehouse.column(f"SELECT {column} FROM bronze.raw_{table} LIMIT 1") == [
        "plain"
    ]
