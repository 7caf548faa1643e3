"""G1: fences without a clock, and fences of a production that is a replica."""

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from fdwarehouse.database.deployment import deploy
from fdwarehouse.database.inspection import inspect
from fdwarehouse.embedded import programs
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.config import load_config
from fdwarehouse.project.contract import contract_path, dump_contract
from fdwarehouse.rendering.render import render_project
from tests.harness import ROOT, Shop, Warehouse, wait_until
from tests.servers import Servers
from tests.test_extraction_fences import fence_and_margin, without_right_to_see_others
from tests.test_models import sell

TABLES = ("customers", "products", "orders", "order_items")


def stamp_transaction_ids(shop: Shop, type_: str) -> None:
    """Set up production as the documentation says."""
    page = (ROOT / "docs/fence-by-transaction-id.md").read_text()
    (ddl,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    once, for_each = ddl.split("-- for each table")
    for_each = for_each.partition("\n")[2].replace("CONCURRENTLY ", "")
    if type_ == "bigint":
        once = once.replace("pg_current_xact_id()", "pg_current_xact_id()::text::bigint")
        for_each = for_each.replace("xid8", "bigint")
    shop.execute(once)
    for table in TABLES:
        shop.execute(re.sub(r"\borders\b|orders(?=_)", table, for_each))


def by_transaction_id(shop: Shop, warehouse: Warehouse, project: Path) -> None:
    path = project / "warehouse.yaml"
    config = yaml.safe_load(path.read_text())
    config["sources"]["production"]["fence"] = "xid"
    for table in config["sources"]["production"]["tables"].values():
        table["watermark"] = "changed_by"
    path.write_text(yaml.safe_dump(config))
    contract = inspect(
        warehouse.urls["owner"],
        "production",
        load_config(project).sources["production"],
        shop.urls["reader"],
    )
    contract_path(project, "production").write_text(dump_contract(contract))
    warehouse.deploy(project)


@pytest.mark.parametrize("type_", ["xid8", "bigint"])
def test_g1_fence_by_transaction_id_needs_no_clock(
    shop: Shop, warehouse: Warehouse, project: Path, type_: str
) -> None:
    sell(shop, 1)
    stamp_transaction_ids(shop, type_)
    by_transaction_id(shop, warehouse, project)
    warehouse.run()
    names = "SELECT customer_id, full_name FROM silver.clean_customers ORDER BY 1"
    assert warehouse.rows(names) == [(1, "Ana")]
    late, prepared = shop.connect(), shop.connect(autocommit=True)
    insert = (
        "INSERT INTO customers VALUES ({}, '{}@example.com', 'Late', '2000-01-01', '2000-01-01')"
    )
    late.execute(insert.format(2, "b").encode())
    prepared.execute("BEGIN")
    prepared.execute(insert.format(3, "c").encode())
    prepared.execute("PREPARE TRANSACTION 'late'")
    fence = warehouse.fence(warehouse.run())
    assert fence["kind"] == "xid"
    late.commit()
    prepared.execute("COMMIT PREPARED 'late'")
    counts = warehouse.step_counts(warehouse.run())
    assert counts["bronze.raw_customers"][:2] == (2, 2)
    assert warehouse.rows(names) == [(1, "Ana"), (2, "Late"), (3, "Late")]
    counts = warehouse.step_counts(warehouse.run())
    assert {counts[f"bronze.raw_{table}"][0] for table in TABLES} == {0}
    assert warehouse.step_counts(warehouse.reconcile())["bronze.raw_orders.reconciliation"][0] == 0


def test_g1_transaction_ids_that_begin_anew_are_noticed(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    stamp_transaction_ids(shop, "xid8")
    by_transaction_id(shop, warehouse, project)
    warehouse.run()
    warehouse.execute("UPDATE etl.watermarks SET snapshot_xmin = snapshot_xmin + 1000000000")
    sell(shop, 1)
    shop.execute("UPDATE customers SET full_name = 'New'")
    warehouse.run()
    assert warehouse.column("SELECT full_name FROM silver.clean_customers") == ["New"]


def test_fence_by_transaction_id_says_what_it_needs(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    path = project / "warehouse.yaml"
    path.write_text(path.read_text().replace("fence: activity", "fence: xid"))
    with pytest.raises(
        FdwarehouseError, match=r"updated_at is of type .*, not a transaction id"
    ) as e:
        render_project(project)
    assert "`fdwarehouse docs fence-by-transaction-id`" in f"{e.value}{e.value.hint}"
    stamp_transaction_ids(shop, "xid8")
    shop.execute("DROP VIEW fdwarehouse.fence")
    with pytest.raises(FdwarehouseError, match=r"production\._fence cannot be read") as e:
        by_transaction_id(shop, warehouse, project)
    assert "bootstrap --side production" in str(e.value.hint)


@pytest.fixture
def replica_port(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start a streaming replica of the production server."""
    admin = conninfo_to_dict(servers.url("production", "admin", "postgres"))
    with psycopg.connect(servers.url("production", "admin", "postgres")) as connection:
        (hba,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        with Path(hba).open("a") as rules:
            rules.write("host replication all 127.0.0.1/32 scram-sha-256\n")
        connection.execute("SELECT pg_reload_conf()")
    folder = Path(tempfile.mkdtemp(prefix="fdwarehouse-replica-"))
    account = programs.account_of(folder / "none")
    programs.hand_over(folder, account)
    bin_, data = programs.binaries(account), folder / "data"
    port = int(str(admin["port"])) + 1000
    primary = (
        f"host=127.0.0.1 port={admin['port']} user={admin['user']} password={admin['password']}"
    )
    backup: list[str | Path] = [bin_ / "pg_basebackup", "-D", data, "-d", primary]
    copied = programs.run([*backup, "--write-recovery-conf", "--checkpoint=fast"], account)
    assert copied.returncode == 0, copied.stdout
    control: list[str | Path] = [bin_ / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    started = programs.run([*control, "-o", f"-c port={port}", "start"], account, stdout=None)
    assert started.returncode == 0, (folder / "log").read_text()
    yield port
    programs.run([*control, "-m", "immediate", "stop"], account)
    shutil.rmtree(folder)


def test_g1_replica_has_a_margin_of_time_for_a_fence(
    shop: Shop, warehouse: Warehouse, replica_port: int, project: Path
) -> None:
    assert warehouse.fence(warehouse.run())["kind"] == "activity"
    warehouse.execute(f"ALTER SERVER production OPTIONS (SET port '{replica_port}')")
    why = "a replica does not show the transactions of its primary"
    assert fence_and_margin(warehouse) == ("lookback", "01:00:00", why)
    replica = Shop({"reader": re.sub(r"port=\d+", f"port={replica_port}", shop.urls["reader"])})
    in_replica = "SELECT full_name FROM customers ORDER BY 1"
    with closing(replica):
        late = shop.connect()
        late.execute("INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'Late')")
        warehouse.run()
        late.commit()
        wait_until(lambda: replica.column(in_replica) == ["Late"])
        warehouse.run()
        assert warehouse.column("SELECT full_name FROM silver.clean_customers") == ["Late"]
        warehouse.reconcile()

        stamp_transaction_ids(shop, "xid8")
        by_transaction_id(shop, warehouse, project)
        url = {"production": replica.urls["reader"]}
        stamped = "SELECT count(*) FROM pg_attribute WHERE attname = 'changed_by'"
        wait_until(lambda: replica.value(stamped) == shop.value(stamped))
        deploy(render_project(project), warehouse.urls["owner"], url)
        warehouse.run()
        late = shop.connect()
        late.execute("INSERT INTO customers (email, full_name) VALUES ('d@e.f', 'Later')")
        assert warehouse.fence(warehouse.run())["kind"] == "xid"
        late.commit()
        wait_until(lambda: replica.column(in_replica) == ["Late", "Later"])
        warehouse.run()
        names = "SELECT full_name FROM silver.clean_customers ORDER BY 1"
        assert warehouse.column(names) == ["Late", "Later"]


def test_g1_prepared_transaction_holds_the_last_certain_fence(
    shop: Shop, warehouse: Warehouse
) -> None:
    certain = warehouse.fence(warehouse.run())["fence"]
    with shop.connect(autocommit=True) as forgetful:
        forgetful.execute("BEGIN")
        forgetful.execute("INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'Late')")
        forgetful.execute("PREPARE TRANSACTION 'forgotten'")
    warehouse.execute("UPDATE etl.sources SET lookback = '0', overlap = '0'")
    with without_right_to_see_others(shop):
        margin = warehouse.fence(warehouse.run())  # promises nothing: no margin
        assert margin["kind"] == "lookback"
        assert margin["fence"] > certain
    held = warehouse.fence(warehouse.run())
    assert (held["fence"], held["held_by"]) == (certain, "prepared transaction forgotten")
    assert certain < held["held_since"] < held["observed_at"]
    shop.execute("COMMIT PREPARED 'forgotten'")
    warehouse.run()
    assert warehouse.column("SELECT full_name FROM silver.clean_customers") == ["Late"]


def test_g1_what_a_promoted_standby_and_a_crash_lost_is_reconciled(
    servers: Servers, shop: Shop, warehouse: Warehouse, replica_port: int
) -> None:
    names = "SELECT full_name FROM silver.clean_customers WHERE NOT is_deleted ORDER BY 1"
    sell(shop, 1)
    warehouse.run()
    at_replica = {
        "admin": re.sub(r"port=\d+", f"port={replica_port}", shop.urls["admin"]),
        "reader": re.sub(r"port=\d+", f"port={replica_port}", shop.urls["reader"]),
    }
    with closing(Shop(at_replica)) as standby:
        wait_until(lambda: standby.value("SELECT count(*) FROM customers") == 1)
        standby.execute("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
        wait_until(lambda: standby.value("SELECT count(*) FROM pg_stat_wal_receiver") == 0)
        sell(shop, 2)
        shop.execute("UPDATE customers SET full_name = 'Read Lost' WHERE customer_id = 1")
        warehouse.run()
        assert warehouse.column(names) == ["Ana", "Read Lost"]

        assert standby.value("SELECT pg_promote()")
        warehouse.execute(f"ALTER SERVER production OPTIONS (SET port '{replica_port}')")
        warehouse.run()
        assert warehouse.column(names) == ["Ana"]
        fence = warehouse.fence(warehouse.last_run())
        assert (fence["timeline"], fence["is_in_recovery"], fence["kind"]) == (2, False, "activity")
        assert warehouse.rows("SELECT * FROM etl.unreconciled") == []

        # the postmaster lives on, and what was committed asynchronously may be gone
        started = "SELECT pg_postmaster_start_time()"
        before = standby.value(started)
        os.kill(standby.connect().info.backend_pid, signal.SIGKILL)
        standby.close()

        def is_back() -> bool:
            with suppress(psycopg.OperationalError):
                return bool(standby.value(started) == before)
            return False

        wait_until(is_back)
        standby.force("UPDATE customers SET full_name = 'Lost Again'")
        warehouse.close()
        warehouse.run()
        assert warehouse.column(names) == ["Lost Again"]
        counts = warehouse.step_counts(warehouse.run())
        assert "bronze.raw_customers.reconciliation" not in counts
