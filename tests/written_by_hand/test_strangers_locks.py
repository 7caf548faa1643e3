"""G6: only the owner's code can block the pipeline, or make a dead run look alive."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from fdwarehouse.errors import FdwarehouseError
from tests.harness import Shop, Warehouse, failing, wait_until
from tests.servers import Servers
from tests.test_models import sell

# All advisory locks that the warehouse takes, and keys of future runs.
KEYS = [
    "hashtext('fdwarehouse.pipeline'), 0",
    "hashtext('fdwarehouse.run'), 0",
    *(f"hashtext('fdwarehouse.run'), {run_id}" for run_id in range(1, 9)),
    *(
        f"hashtext('fdwarehouse.step'), hashtext('{model}')"
        for model in ("bronze.raw_orders", "silver.clean_orders", "gold.fact_sales", "etl.backfill")
    ),
    *(str(run_id) for run_id in range(1, 9)),
]
CALLS = [
    "etl.run_pipeline()",
    "etl.reconcile()",
    "etl.backfill()",
    "etl.rebuild('all')",
    "etl.run_checks()",
    "silver.build_clean_orders()",
]


@pytest.fixture(params=["analyst", "stranger"])
def attacker(
    request: pytest.FixtureRequest, servers: Servers, warehouse: Warehouse
) -> Iterator[psycopg.Connection]:
    """A session of an analyst, or of a role that may only connect."""
    url = warehouse.urls["analyst"]
    if request.param == "stranger":
        admin = servers.url("warehouse", "admin", warehouse.name)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("DROP ROLE IF EXISTS mallory")
            connection.execute("CREATE ROLE mallory LOGIN PASSWORD 'm'")
        url = make_conninfo(url, user="mallory", password="m")
    with closing(psycopg.connect(url, autocommit=True, application_name="attack")) as connection:
        yield connection


def grab(attacker: psycopg.Connection) -> None:
    for key in KEYS:
        attacker.execute(f"SELECT pg_try_advisory_lock({key})".encode())


@pytest.mark.parametrize("call", CALLS)
def test_g6_strangers_locks_stop_no_run(
    shop: Shop, warehouse: Warehouse, attacker: psycopg.Connection, call: str
) -> None:
    grab(attacker)
    sell(shop, 1)
    with warehouse.connect("loader", autocommit=True) as connection:
        connection.execute("SET statement_timeout = '20s'")
        connection.execute(f"CALL {call}".encode())
    assert set(warehouse.column("SELECT status FROM etl.runs")) == {"succeeded"}


def test_g6_strangers_locks_stop_no_deploy(
    warehouse: Warehouse, attacker: psycopg.Connection, project: Path
) -> None:
    grab(attacker)
    file = project / "sql/silver/product_versions.sql"
    file.write_text(file.read_text() + "-- Changed.\n")
    warehouse.deploy(project, wait="2 seconds")


def test_g6_run_of_a_dead_session_is_not_kept_alive_by_a_stranger(
    shop: Shop, warehouse: Warehouse, attacker: psycopg.Connection
) -> None:
    sell(shop, 1)
    with warehouse.connect("owner") as holder:
        holder.execute(
            "SELECT FROM etl.pipeline_steps WHERE model = 'silver.clean_orders' FOR UPDATE"
        )
        run = warehouse.begin("etl.run_pipeline()")
        run.wait_until_blocked()
        # all roles can see the locks of the run: the attacker waits for the same ones
        seen = attacker.execute(
            """
            SELECT DISTINCT classid::bigint, objid::bigint, objsubid FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
            """
        ).fetchall()
        assert seen
        warehouse.execute(f"SELECT pg_terminate_backend({run.pid})", role="admin")
        with pytest.raises(psycopg.Error):
            run.result()
        for high, low, kind in seen:
            key = (
                f"({high}::bigint << 32 | {low})"
                if kind == 1
                else f"{high}::bit(32)::int, {low}::bit(32)::int"
            )

            def is_taken(key: str = key) -> bool:
                row = attacker.execute(f"SELECT pg_try_advisory_lock({key})".encode()).fetchone()
                return row == (True,)

            wait_until(is_taken)
    warehouse.run()
    assert warehouse.column("SELECT status FROM etl.runs ORDER BY run_id") == [
        "abandoned",
        "succeeded",
    ]


def test_g6_stranger_is_not_taken_for_who_works_on_a_run(
    warehouse: Warehouse, attacker: psycopg.Connection
) -> None:
    with warehouse.connect("loader", autocommit=True) as connection:
        connection.execute("CALL etl.start_run(NULL, NULL, '1 hour')")
    run_id = warehouse.last_run()
    key = warehouse.value("SELECT sign_of_life FROM etl.runs", role="admin")
    attacker.execute("SELECT pg_advisory_lock(%s)", [key])
    grab(attacker)
    assert warehouse.value(f"SELECT etl.run_owner({run_id})", role="owner") is None
    for call in ("etl.extract_and_load_bronze", "etl.build_silver", "etl.build_gold"):
        warehouse.call(f"{call}({run_id})")
    warehouse.call(f"etl.finish_run({run_id})")
    assert warehouse.column("SELECT status FROM etl.runs") == ["succeeded"]


def test_g6_stranger_cannot_lock_what_excludes(attacker: psycopg.Connection) -> None:
    for statement in (
        "LOCK TABLE etl.gate IN ACCESS SHARE MODE",
        "LOCK TABLE etl.gate IN EXCLUSIVE MODE",
        "SELECT FROM etl.pipeline_steps FOR SHARE",
        "SELECT FROM etl.runs FOR KEY SHARE",
        "LOCK TABLE gold.fact_sales IN ROW SHARE MODE",
        "LOCK TABLE gold.fact_sales IN ACCESS EXCLUSIVE MODE",
        "SELECT FROM gold.fact_sales FOR UPDATE",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), attacker.transaction():
            attacker.execute(statement.encode())


def test_g6_reader_of_gold_delays_no_run(
    shop: Shop, warehouse: Warehouse, attacker: psycopg.Connection
) -> None:
    if attacker.info.user == "mallory":
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            attacker.execute("SELECT FROM gold.fact_sales")
        return
    attacker.execute("BEGIN")
    attacker.execute("SELECT count(*) FROM gold.fact_sales, gold.dim_date, gold.dim_customers")
    attacker.execute("LOCK TABLE gold.daily_sales IN ACCESS SHARE MODE")
    sell(shop, 1)
    with warehouse.connect("loader", autocommit=True) as connection:
        connection.execute("SET statement_timeout = '30s'")
        connection.execute("CALL etl.run_pipeline()")
    assert warehouse.column("SELECT revenue FROM gold.daily_sales") == [10]


def test_deploy_names_who_keeps_it_waiting(warehouse: Warehouse, project: Path) -> None:
    file = project / "sql/silver/product_versions.sql"
    file.write_text(file.read_text() + "-- Changed.\n")
    with warehouse.connect("owner") as holder:
        holder.execute("SELECT etl.pass_gate()")
        pid = holder.info.backend_pid
        with pytest.raises(FdwarehouseError, match=f"Process {pid} of role warehouse_owner"):
            warehouse.deploy(project, wait="1 second")


def test_run_names_the_deploy_that_is_in_its_way(warehouse: Warehouse) -> None:
    with warehouse.connect("owner") as deploy:
        deploy.execute("LOCK TABLE etl.gate IN EXCLUSIVE MODE")
        with failing("DW006", f"Process {deploy.info.backend_pid} of role warehouse_owner"):
            warehouse.run()


def test_g6_one_run_at_a_time_whatever_strangers_lock(
    shop: Shop, warehouse: Warehouse, attacker: psycopg.Connection
) -> None:
    sell(shop, 1)
    stop = threading.Event()

    def attack() -> None:
        while not stop.is_set():
            for key in KEYS[:6]:
                attacker.execute(f"SELECT pg_try_advisory_lock({key})".encode())
            for high, low in attacker.execute(
                "SELECT classid::bigint, objid::bigint FROM pg_locks "
                "WHERE locktype = 'advisory' AND objsubid = 1"
            ).fetchall():
                attacker.execute(
                    f"SELECT pg_try_advisory_lock_shared({high}::bigint << 32 | {low})".encode()
                )
            attacker.execute("SELECT pg_advisory_unlock_all()")

    def run(_: int) -> str:
        try:
            warehouse_url = warehouse.urls["loader"]
            with psycopg.connect(warehouse_url, autocommit=True) as connection:
                connection.execute("CALL etl.run_pipeline()")
        except psycopg.Error as error:
            return str(error.sqlstate)
        return "succeeded"

    with ThreadPoolExecutor(9) as pool:
        attacking = pool.submit(attack)
        ends = list(pool.map(run, range(24)))
        stop.set()
        attacking.result()
    assert set(ends) <= {"succeeded", "DW001"}
    assert "succeeded" in ends
    overlapping = warehouse.value(
        """
        SELECT count(*) FROM etl.runs AS a INNER JOIN etl.runs AS b
            ON a.run_id < b.run_id AND a.finished_at > b.started_at
        """
    )
    assert overlapping == 0
    assert set(warehouse.column("SELECT status FROM etl.runs")) == {"succeeded"}
