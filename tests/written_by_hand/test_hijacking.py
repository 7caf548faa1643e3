"""G6: no role can make the code of an administrator, the owner or the loader call its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.rendering.templates import MECHANICS
from tests.harness import Database, Warehouse
from tests.servers import Servers
from tests.traps import CALLS, RELATIONS, is_sprung, open_public, plant

HOSTILE_PATH = "SET search_path = evil, public, pg_catalog"
CLOSE = "REVOKE CREATE ON SCHEMA public FROM PUBLIC"

# Every procedure that a user may call; a run id is that of the run which the first begins.
PROCEDURES = [
    "etl.start_run(NULL, 'trapped')",
    "etl.extract_and_load_bronze()",
    "etl.build_silver()",
    "etl.build_gold()",
    "etl.run_checks()",
    "etl.finish_run()",
    "etl.run_pipeline()",
    "etl.run_selection('{gold.fact_sales}')",
    "etl.reconcile()",
    "etl.reconcile('orders')",
    "etl.rebuild('all')",
    "etl.rebuild('gold')",
    "etl.backfill(100)",
    "bronze.load_raw_orders()",
    "silver.build_clean_orders()",
    "gold.build_fact_sales()",
]


@pytest.fixture(params=["warehouse", "production"])
def side(request: pytest.FixtureRequest, servers: Servers) -> Iterator[tuple[str, Database]]:
    name = servers.create_database(request.param, "trapped")
    with closing(Database({"admin": servers.url(request.param, "admin", name)})) as database:
        yield request.param, database
    servers.drop_database(request.param, name)


@pytest.fixture
def trapped(seeded_warehouse: Warehouse) -> Warehouse:
    """A warehouse with traps in every schema that a session may have on its path."""
    open_public(seeded_warehouse)
    seeded_warehouse.execute("CREATE SCHEMA evil", role="admin")
    seeded_warehouse.execute("GRANT USAGE ON SCHEMA evil TO PUBLIC", role="admin")
    for schema in ("evil", "public"):
        plant(seeded_warehouse, schema)
    return seeded_warehouse


def set_traps_in_session(connection: psycopg.Connection) -> None:
    """Put a hostile schema on the path, with views that shadow the catalogue's."""
    for relation in RELATIONS:
        connection.execute(
            f"CREATE TEMPORARY VIEW {relation} AS SELECT pg_catalog.nextval('{CALLS}')".encode()
        )
    connection.execute(HOSTILE_PATH)


@pytest.mark.parametrize(
    "call",
    [
        "SELECT format('%s', 'x'::pg_catalog.text)",
        "SELECT 'a'::pg_catalog.varchar = 'b'::pg_catalog.varchar",
        "SELECT 'a'::text",
        "SELECT now()",
        "SELECT count(*) FROM pg_locks",
    ],
)
def test_traps_are_sprung_by_who_names_nothing_fully(trapped: Warehouse, call: str) -> None:
    with trapped.connect("loader", autocommit=True) as connection:
        set_traps_in_session(connection)
        connection.execute(call.encode())
    assert is_sprung(trapped)


@pytest.mark.parametrize("schema", ["public", "postgres"])
def test_g6_bootstrap_calls_nothing_of_others(side: tuple[str, Database], schema: str) -> None:
    name, database = side
    open_public(database)
    if schema != "public":  # which "$user" on the administrator's path stands for
        database.execute(f"CREATE SCHEMA {schema}")
    plant(database, schema)
    with psycopg.connect(database.urls["admin"]) as connection:
        connection.execute("SELECT pg_catalog.set_config('fdwarehouse.side', %s, true)", [name])
        connection.execute((MECHANICS / "bootstrap.sql").read_bytes())
    assert not is_sprung(database)


def test_g6_bootstrap_closes_public_in_the_warehouse_and_warns_of_it_in_production(
    side: tuple[str, Database],
) -> None:
    name, database = side
    database.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
    said: list[str] = []
    with psycopg.connect(database.urls["admin"]) as connection:
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        connection.execute("SELECT pg_catalog.set_config('fdwarehouse.side', %s, true)", [name])
        connection.execute((MECHANICS / "bootstrap.sql").read_bytes())
    is_open = database.value("SELECT has_schema_privilege('public', 'public', 'CREATE')")
    assert is_open == (name == "production")
    assert any("every role may create functions in schema public" in m for m in said) == is_open


def test_g6_deploy_calls_nothing_of_others(trapped: Warehouse, project: Path) -> None:
    trapped.execute(CLOSE, role="admin")
    file = project / "sql/silver/product_versions.sql"
    file.write_text(file.read_text() + "-- Changed.\n")
    (project / "sql/gold/loud_products.sql").write_text(
        "CREATE VIEW gold.loud_products AS\n"
        "SELECT upper(btrim(name)) AS name FROM bronze.raw_products WHERE category <> name;\n"
        "COMMENT ON VIEW gold.loud_products IS 'Names. Grain: one version of a product.';\n"
    )
    trapped.deploy(project)
    trapped.run()
    assert trapped.rows("SELECT * FROM gold.loud_products LIMIT 1", role="analyst")
    assert not is_sprung(trapped)


def test_g6_deploy_refuses_a_public_where_others_may_make_functions(
    bootstrapped_warehouse: Warehouse,
) -> None:
    warehouse = bootstrapped_warehouse
    for grantee, said in (("PUBLIC", "every role"), ("warehouse_analyst", "warehouse_analyst")):
        warehouse.execute(f"GRANT CREATE ON SCHEMA public TO {grantee}", role="admin")
        with pytest.raises(
            FdwarehouseError, match=f"{said} may create objects in schema public"
        ) as e:
            warehouse.deploy()
        assert "REVOKE CREATE ON SCHEMA public" in str(e.value.hint)
        warehouse.execute(f"REVOKE CREATE ON SCHEMA public FROM {grantee}", role="admin")
    warehouse.deploy()


def test_g6_deploy_refuses_to_read_from_a_schema_where_others_may_make_functions(
    warehouse: Warehouse, project: Path
) -> None:
    warehouse.execute(
        "CREATE SCHEMA shared",
        "CREATE FUNCTION shared.tidy(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN btrim($1)",
        "GRANT USAGE ON SCHEMA shared TO PUBLIC",
        "GRANT CREATE ON SCHEMA shared TO warehouse_analyst",
        role="admin",
    )
    file = project / "sql/silver/product_versions.sql"
    file.write_text(file.read_text().replace("btrim(name)", "shared.tidy(name)"))
    with pytest.raises(
        FdwarehouseError, match="warehouse_analyst may create objects in schema shared"
    ):
        warehouse.deploy(project)
    warehouse.execute("REVOKE CREATE ON SCHEMA shared FROM warehouse_analyst", role="admin")
    warehouse.deploy(project)
    warehouse.run()


def test_name_that_only_the_owners_path_has_is_told_to_be_qualified(
    warehouse: Warehouse, project: Path
) -> None:
    warehouse.execute(
        "CREATE FUNCTION public.tidy(text) RETURNS text LANGUAGE sql IMMUTABLE RETURN btrim($1)",
        role="admin",
    )
    file = project / "sql/silver/product_versions.sql"
    file.write_text(file.read_text().replace("btrim(name)", "tidy(name)"))
    with pytest.raises(FdwarehouseError, match="function tidy") as caught:
        warehouse.deploy(project)
    assert "with their schema" in str(caught.value.hint)


@pytest.mark.parametrize("role", ["loader", "orchestrator", "owner"])
def test_g6_procedures_call_nothing_of_others(trapped: Warehouse, role: str) -> None:
    with trapped.connect(role, autocommit=True) as connection:
        set_traps_in_session(connection)
        for procedure in PROCEDURES:
            connection.execute(f"CALL {procedure}".encode())
            assert not is_sprung(trapped), procedure
        if role == "owner":
            connection.execute("CALL etl.prune_bronze('1 day')")
        connection.execute("CALL etl.start_run()")
        open_run = trapped.last_run()
        connection.execute(f"CALL etl.abandon_run({open_run})".encode())
        path = connection.execute("SHOW search_path").fetchall()
    assert not is_sprung(trapped)
    assert path == [("evil, public, pg_catalog",)]  # the caller's own is unchanged
    assert trapped.value("SELECT count(*) FROM gold.fact_sales") > 0
