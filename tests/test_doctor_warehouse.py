"""`fdwarehouse doctor` finds what is wrong with the warehouse, before a deploy and after one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.command import Command
from tests.diagnosis import doctor, one, troubles
from tests.harness import Warehouse
from tests.old_server import IS_MISSING, PASSWORD, old_server
from tests.pooler import PROGRAM, pooled
from tests.servers import Servers


@contextmanager
def altered(warehouse: Warehouse, what: str, undo: str) -> Iterator[None]:
    """Change a role or the database as an administrator, and undo it."""
    warehouse.execute(what, role="admin")
    try:
        yield
    finally:
        warehouse.execute(undo, role="admin")


def test_a_warehouse_that_works_has_no_trouble_before_and_after_a_deploy(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    command.use(bootstrapped_warehouse.environment)
    assert troubles(doctor(command)) == []
    assert one(command, "warehouse deployed").message == "nothing is deployed yet"
    command("deploy")
    assert troubles(doctor(command)) == []
    assert one(command, "warehouse deployed").message == "a warehouse is deployed"
    assert "0 errors, 0 warnings, 0 unknown" in command.works("doctor")


def test_an_unreachable_warehouse_is_an_error_and_the_report_goes_on(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    environment = bootstrapped_warehouse.environment
    nowhere = make_conninfo(environment["WAREHOUSE_URL"], host="127.0.0.1", port=1)
    command.use(environment | {"WAREHOUSE_URL": nowhere})
    found = doctor(command)
    assert found["warehouse reachable"][0].state == "error"
    assert "127.0.0.1" in found["warehouse reachable"][0].message
    del environment["WAREHOUSE_URL"]
    command.use(environment)
    assert "WAREHOUSE_URL is not set" in one(command, "warehouse reachable").message
    assert "Hint: Each stops a deploy" in command.fails(1, "doctor")


def test_missing_roles_extensions_and_rights_are_found(
    command: Command, servers: Servers, bootstrapped_warehouse: Warehouse
) -> None:
    name = servers.create_database("warehouse", "nothing")
    url = servers.url("warehouse", "owner", name)
    command.use(bootstrapped_warehouse.environment | {"WAREHOUSE_URL": url})
    found = doctor(command)
    servers.drop_database("warehouse", name)
    (missing,) = found["warehouse bootstrap"]
    assert missing.state == "error"
    assert missing.message == "it has no extension postgres_fdw, no extension btree_gist"
    assert "`fdwarehouse bootstrap --side warehouse`" in missing.hint
    (rights,) = found["warehouse rights"]
    assert rights.message == (
        "warehouse_owner lacks CREATE on the database, USAGE on foreign data wrapper postgres_fdw"
    )


def test_other_roles_than_the_owner_are_found(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    urls = bootstrapped_warehouse.urls
    command.use(bootstrapped_warehouse.environment | {"WAREHOUSE_URL": urls["admin"]})
    rights = one(command, "warehouse rights")
    assert (rights.state, "superuser" in rights.message) == ("warning", True)
    command.use(bootstrapped_warehouse.environment | {"WAREHOUSE_URL": urls["loader"]})
    rights = one(command, "warehouse rights")
    assert (rights.state, "CREATE on the database" in rights.message) == ("error", True)


def test_a_public_schema_that_others_may_write_is_found(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    bootstrapped_warehouse.execute("GRANT CREATE ON SCHEMA public TO PUBLIC", role="admin")
    command.use(bootstrapped_warehouse.environment)
    found = one(command, "warehouse public")
    assert (found.state, found.message.splitlines()[0]) == (
        "error",
        "every role may create objects in schema public",
    )
    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in found.hint
    assert "may create objects in schema public" in command.fails(1, "deploy")


def test_settings_that_end_a_step_or_forbid_writes_are_found(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    command.use(bootstrapped_warehouse.environment)
    role = f"ALTER ROLE warehouse_owner IN DATABASE {bootstrapped_warehouse.name}"
    bootstrapped_warehouse.execute(
        f"{role} SET statement_timeout = '5min'",
        f"{role} SET default_transaction_read_only = on",
        f"{role} SET DateStyle = 'SQL, DMY'",
        role="admin",
    )
    found = doctor(command)
    assert [f.message for f in found["warehouse limits"]] == [
        "statement_timeout is 300000: a step that takes longer fails"
    ]
    assert found["warehouse limits"][0].state == "warning"
    assert found["warehouse standby"][0].state == "error"
    assert "default_transaction_read_only is on" in found["warehouse standby"][0].message


def test_an_encoding_without_every_character_is_found(
    command: Command, servers: Servers, bootstrapped_warehouse: Warehouse
) -> None:
    name = f"latin_{bootstrapped_warehouse.name}"
    with psycopg.connect(servers.url("warehouse", "admin", "postgres"), autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {name} ENCODING LATIN1 LOCALE 'C' LOCALE_PROVIDER libc "
            "TEMPLATE template0".encode()
        )
    url = servers.url("warehouse", "owner", name)
    command.use(bootstrapped_warehouse.environment | {"WAREHOUSE_URL": url})
    found = one(command, "warehouse encoding")
    servers.drop_database("warehouse", name)
    assert found.state == "warning"
    assert "LATIN1" in found.message


def test_few_connections_left_are_found(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    command.use(bootstrapped_warehouse.environment)
    limit = "ALTER ROLE warehouse_owner CONNECTION LIMIT"
    with altered(bootstrapped_warehouse, f"{limit} 4", f"{limit} -1"):
        found = one(command, "warehouse connections")
    assert (found.state, found.message) == ("warning", "only 4 more connections are possible")


def test_too_few_locks_for_the_tables_are_found(
    command: Command, bootstrapped_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.use(bootstrapped_warehouse.environment)
    monkeypatch.setattr("fdwarehouse.database.diagnosis.warehouse.LOCKS_PER_TABLE", 50_000)
    found = one(command, "warehouse locks")
    assert (found.state, found.message.split(" locks")[0]) == (
        "warning",
        "a deploy of 4 tables takes about 200,000",
    )
    assert "max_locks_per_transaction" in found.hint


@pytest.mark.skipif(IS_MISSING, reason="PostgreSQL 15 is not installed")
def test_a_server_that_is_too_old_is_found(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    with old_server() as port:
        url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"
        command.use(bootstrapped_warehouse.environment | {"WAREHOUSE_URL": url})
        found = doctor(command)
    assert [f.state for f in found["warehouse version"]] == ["error"]
    assert "too old" in found["warehouse version"][0].message
    assert "no role warehouse_owner" in found["warehouse bootstrap"][0].message


@pytest.mark.skipif(not PROGRAM, reason="pgbouncer is not installed")
@pytest.mark.parametrize(
    ("mode", "state", "words"),
    [
        ("session", "warning", "to one client at a time"),
        ("transaction", "warning", "transaction mode"),
        ("statement", "error", "statement mode"),
    ],
)
def test_a_pooler_and_its_mode_are_noticed(
    command: Command, bootstrapped_warehouse: Warehouse, mode: str, state: str, words: str
) -> None:
    url = bootstrapped_warehouse.urls["owner"]
    with (
        closing(bootstrapped_warehouse),
        pooled(url, mode, ignored="extra_float_digits") as through,
    ):
        command.use(bootstrapped_warehouse.environment | {"WAREHOUSE_URL": through})
        found = one(command, "warehouse pooler")
    assert (found.state, words in found.message) == (state, True)
    assert "pool_mode" in found.hint or "query_timeout" in found.hint
