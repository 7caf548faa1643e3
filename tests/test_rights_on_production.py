"""G6: the reader's privileges on production, and what bootstrap needs and reports there."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from fdwarehouse.rendering.templates import MECHANICS
from tests.command import Command
from tests.harness import ROOT, Shop, Warehouse, failing
from tests.servers import Servers

VIEWS = ("fence", "storage", "rewritten")


def bootstrap(url: str) -> list[str]:
    """Run bootstrap.sql for production, and return its notices."""
    notices: list[str] = []
    with psycopg.connect(url) as connection:
        connection.add_notice_handler(lambda n: notices.append(f"{n.message_primary}"))
        connection.execute("SELECT set_config('fdwarehouse.side', 'production', true)")
        connection.execute((MECHANICS / "bootstrap.sql").read_bytes())
    return notices


def as_role(shop: Shop, role: str) -> str:
    return make_conninfo(shop.urls["admin"], user=role, password="secret")


@pytest.fixture
def managed(servers: Servers) -> Iterator[Shop]:
    """A shop owned by an administrator that is not a superuser, as on a managed service."""
    name = servers.create_database("production", "managed")
    admin = servers.url("production", "admin", name)
    with closing(Shop({"admin": admin})) as superuser:
        superuser.execute(
            "CREATE ROLE managed_admin LOGIN CREATEROLE PASSWORD 'secret'",
            "GRANT pg_monitor TO managed_admin",
            "GRANT pg_read_all_stats TO managed_admin WITH ADMIN OPTION",
            f"ALTER DATABASE {name} OWNER TO managed_admin",
            "ALTER SCHEMA public OWNER TO managed_admin",
        )
        shop = Shop({"admin": as_role(superuser, "managed_admin")})
        with closing(shop):
            with shop.connect() as connection:
                connection.execute((ROOT / "production/schema.sql").read_bytes())
            shop.urls["reader"] = servers.url("production", "reader", name)
            shop.urls["superuser"] = admin
            yield shop
        superuser.execute(
            "REASSIGN OWNED BY managed_admin TO CURRENT_USER",
            "DROP OWNED BY managed_admin CASCADE",
            "DROP ROLE managed_admin",
        )
    servers.drop_database("production", name)


@pytest.fixture
def its_warehouse(servers: Servers, managed: Shop) -> Iterator[Warehouse]:
    bootstrap(managed.urls["admin"])
    with closing(servers.warehouse("deployed", managed)) as warehouse:
        yield warehouse
    servers.drop_database("warehouse", warehouse.name)


def test_g6_reader_sees_no_query_of_others(shop: Shop) -> None:
    secret = "SELECT 'a secret of the application'"
    with shop.connect("admin") as other:
        other.execute(secret.encode())
        for query in (
            "SELECT * FROM pg_stat_activity",
            *(f"SELECT * FROM fdwarehouse.{view}" for view in VIEWS),
        ):
            rows = shop.rows(query, role="reader")
            assert "a secret of" not in str(rows).replace(query, "")
        (fence,) = shop.rows("SELECT to_jsonb(f) FROM fdwarehouse.fence AS f", role="reader")
        pid = other.info.backend_pid
        assert fence[0]["held_by"] == f"process {pid}, postgres test, idle in transaction"
        assert not shop.value(
            "SELECT pg_has_role('warehouse_reader', 'pg_read_all_stats', 'MEMBER')"
        )


def test_g6_views_are_for_the_reader_alone(shop: Shop) -> None:
    shop.execute("CREATE ROLE somebody LOGIN PASSWORD 'secret'")
    try:
        with closing(Shop({"somebody": as_role(shop, "somebody")})) as theirs:
            for view in VIEWS:
                with failing("42501"):
                    theirs.rows(f"SELECT * FROM fdwarehouse.{view}")
            with failing("42501"):
                theirs.rows("SELECT * FROM fdwarehouse.observe()")
    finally:
        shop.execute("DROP ROLE somebody")


def test_g6_storage_shows_only_what_the_reader_may_read(shop: Shop) -> None:
    shop.execute(
        "CREATE TABLE salaries (id int PRIMARY KEY)", "REVOKE ALL ON salaries FROM warehouse_reader"
    )
    tables = [
        name
        for (name,) in shop.rows(
            "SELECT table_name FROM fdwarehouse.storage WHERE schema_name = 'public' ORDER BY 1",
            role="reader",
        )
    ]
    assert tables == ["customers", "order_items", "orders", "products"]


def test_g1_table_of_which_the_reader_sees_some_columns_is_watched(shop: Shop) -> None:
    shop.execute(
        "CREATE TABLE staff (id int PRIMARY KEY, salary int)",
        "CREATE TABLE staff_abroad () INHERITS (staff)",
        "REVOKE ALL ON staff, staff_abroad FROM warehouse_reader",
        "GRANT SELECT (id) ON staff TO warehouse_reader",
    )
    look = "SELECT relations FROM fdwarehouse.storage WHERE table_name = 'staff'"
    ((before,),) = shop.rows(look, role="reader")
    shop.execute("TRUNCATE ONLY staff_abroad")
    ((after,),) = shop.rows(look, role="reader")
    assert len(before.split()) == 2
    assert before != after


def test_bootstrap_makes_again_what_is_missing(shop: Shop) -> None:
    shop.execute("DROP VIEW fdwarehouse.fence")
    bootstrap(shop.urls["admin"])
    assert shop.value("SELECT count(*) FROM fdwarehouse.fence", role="reader") == 1


def test_g6_what_a_view_calls_is_never_called_as_the_administrator(shop: Shop) -> None:
    """The planner calls immutable functions of a view with the privileges of the planning role."""
    shop.execute(
        """
        CREATE FUNCTION planted() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN
            IF current_user <> 'warehouse_reader' THEN
                RAISE EXCEPTION 'called as %', current_user;
            END IF;
            RETURN 'x';
        END $$
        """,
        "CREATE VIEW trap AS SELECT customer_id FROM customers WHERE email > planted()",
        "GRANT SELECT ON trap TO warehouse_reader",
    )
    relations = "SELECT relations FROM fdwarehouse.storage WHERE table_name = 'trap'"
    ((seen,),) = shop.rows(relations, role="reader")
    oid = shop.value("SELECT 'customers'::regclass::oid")
    assert f"{oid}:" in seen


@pytest.mark.parametrize("was_granted_by", ["the administrator", "a superuser", "nobody"])
def test_g6_bootstrap_takes_the_sight_of_queries_away(managed: Shop, was_granted_by: str) -> None:
    grant = "GRANT pg_read_all_stats TO warehouse_reader"
    if was_granted_by == "the administrator":
        managed.execute(grant)
    elif was_granted_by == "a superuser":
        managed.rows(grant, role="superuser")
    bootstrap(managed.urls["admin"])
    has = "SELECT pg_has_role('warehouse_reader', 'pg_read_all_stats', 'MEMBER')"
    try:
        if was_granted_by != "a superuser":
            assert not managed.value(has)
        else:
            said = "warehouse_reader still sees the queries of other roles"
            assert [said in bootstrap(managed.urls["admin"])] == [managed.value(has)]
            managed.rows("ALTER SCHEMA fdwarehouse OWNER TO CURRENT_USER", role="superuser")
            bootstrap(managed.urls["superuser"])
            assert not managed.value(has)
    finally:
        managed.rows("REVOKE pg_read_all_stats FROM warehouse_reader", role="superuser")


def test_administrator_who_is_no_superuser_gives_the_best_fence(
    managed: Shop, its_warehouse: Warehouse
) -> None:
    assert "fence is a margin of time" not in str(bootstrap(managed.urls["admin"])), "again"
    with psycopg.connect(managed.urls["superuser"]) as writer:
        writer.execute("SELECT 1")
        pid = writer.info.backend_pid
        fence = its_warehouse.fence(its_warehouse.run())
    assert fence["kind"] == "activity"
    assert fence["held_by"].startswith(f"process {pid}, postgres")
    managed.execute("TRUNCATE orders CASCADE")
    counts = its_warehouse.step_counts(its_warehouse.run())
    assert "bronze.raw_orders.reconciliation" in counts


def test_administrator_who_sees_no_sessions_is_told_so(
    managed: Shop, its_warehouse: Warehouse
) -> None:
    managed.rows("REVOKE pg_monitor, pg_read_all_stats FROM managed_admin", role="superuser")
    said = bootstrap(managed.urls["admin"])
    assert any("the fence is a margin of time" in line for line in said)
    with psycopg.connect(managed.urls["superuser"]) as writer:
        writer.execute("SELECT 1")
        fence = its_warehouse.fence(its_warehouse.run())
    assert fence["kind"] == "lookback"
    assert "hidden from the owner of fdwarehouse.fence" in fence["held_by"]


@pytest.mark.parametrize("owner", ["somebody", "managed_admin"])
def test_g6_schema_of_somebody_else_is_refused(managed: Shop, owner: str) -> None:
    managed.rows("CREATE ROLE somebody", role="superuser")
    try:
        managed.rows(f"CREATE SCHEMA fdwarehouse AUTHORIZATION {owner}", role="superuser")
        with pytest.raises(psycopg.Error, match=f"schema fdwarehouse belongs to {owner}"):
            bootstrap(managed.urls["superuser"])
    finally:
        managed.rows("DROP OWNED BY somebody CASCADE", role="superuser")
        managed.rows("DROP ROLE somebody", role="superuser")


def test_bootstrap_says_what_public_leaves_open(command: Command, warehouse: Warehouse) -> None:
    command.use(warehouse.environment)
    said = " ".join(command.works("bootstrap", "--side", "production").split())
    name = warehouse.shop.name
    assert f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC" in said
    assert "REVOKE CREATE ON SCHEMA" not in said
    warehouse.shop.execute(
        f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
    )
    said = " ".join(command.works("bootstrap", "--side", "production").split())
    assert "REVOKE TEMPORARY" not in said
    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in said
