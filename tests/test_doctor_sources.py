"""`fdwarehouse doctor` finds what is wrong or slow on production, seen from both sides."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.command import Command
from tests.diagnosis import Found, doctor, one, troubles
from tests.harness import ROOT, Shop, Warehouse, wait_until
from tests.old_server import IS_MISSING, PASSWORD, old_server
from tests.pooler import PROGRAM, pooled
from tests.servers import Servers

needs_old = pytest.mark.skipif(IS_MISSING, reason="PostgreSQL 15 is not installed")


def examined(command: Command, patient: Warehouse, url: str) -> dict[str, list[Found]]:
    """Return the findings with another connection string of production."""
    command.use(patient.environment | {"PRODUCTION_URL": url})
    return doctor(command)


def test_a_production_without_bootstrap_has_an_uncertain_fence(
    command: Command, patient: Warehouse, project: Path
) -> None:
    patient.shop.execute("DROP SCHEMA fdwarehouse CASCADE")
    found = doctor(command)
    assert troubles(found) == ["production fence", "production views"]
    assert "`fdwarehouse bootstrap --side production`" in found["production fence"][0].hint
    config = (project / "warehouse.yaml").read_text().replace("fence: activity", "fence: lookback")
    (project / "warehouse.yaml").write_text(config)
    command.project(project)
    assert troubles(doctor(command)) == ["production views"]


def test_a_missing_table_does_not_hide_what_is_wrong_with_others(
    command: Command, patient: Warehouse, project: Path
) -> None:
    config = (project / "warehouse.yaml").read_text()
    (project / "warehouse.yaml").write_text(
        config.replace("    tables:\n", "    tables:\n      gone: {key: id}\n")
    )
    command.project(project)
    patient.shop.execute("REVOKE SELECT ON orders FROM warehouse_reader")
    found = doctor(command)
    assert "no table public.gone" in found["production contract"][0].message
    assert "production.orders read" in troubles(found)


def test_transactions_that_hold_the_fence_are_named(
    command: Command, patient: Warehouse, project: Path
) -> None:
    config = (project / "warehouse.yaml").read_text()
    (project / "warehouse.yaml").write_text(
        config.replace("    lookback: 1 hour", "    lookback: 1 hour\n    warn_after: 0 seconds")
    )
    command.project(project)
    with patient.shop.connect("admin") as idle:
        idle.execute("SELECT 1")
        held = one(command, "production fence")
        pid = idle.info.backend_pid
    assert held.state == "warning"
    assert f"process {pid}, postgres test, idle in transaction" in held.message


def test_sessions_that_are_hidden_make_the_fence_uncertain(
    command: Command, patient: Warehouse
) -> None:
    hiding = psycopg.connect(patient.shop.urls["admin"], autocommit=True)
    with closing(hiding):
        hiding.execute("SET track_activities = off")
        wait_until(lambda: one(command, "production fence").state == "warning")
        assert "track_activities" in one(command, "production fence").message


@needs_old
def test_a_standby_and_prepared_transactions_of_an_older_production(
    command: Command, patient: Warehouse
) -> None:
    def url(port: int, user: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{port}/postgres"

    command.secrets.add(PASSWORD)
    with old_server(standby=True) as port:
        found = examined(command, patient, url(port))
        assert found["production version"][0].message.startswith("it is PostgreSQL 15.")
        (standby,) = found["production standby"]
        assert standby.state == "warning"
        assert "does not show the transactions of its primary" in standby.message
        (reads,) = found["production long_reads"]
        assert (reads.state, "more than 30s" in reads.message) == ("warning", True)
    with old_server(settings="-c max_prepared_transactions=2") as port:
        with psycopg.connect(url(port), autocommit=True) as admin:
            admin.execute((ROOT / "production/schema.sql").read_bytes())
        command.use(
            patient.environment
            | {
                "PRODUCTION_URL": url(port, "warehouse_reader", "of-the-reader"),
                "PRODUCTION_ADMIN_URL": url(port),
            }
        )
        assert command("bootstrap", "--side", "production").exit_code == 0
        with psycopg.connect(url(port), autocommit=True) as admin:
            admin.execute("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'of-the-bank'")
        (prepared,) = doctor(command)["production prepared"]
        assert (prepared.state, "of-the-bank" in prepared.hint) == ("warning", True)


@needs_old
def test_tls_between_the_servers_is_looked_at(command: Command, patient: Warehouse) -> None:
    with old_server(certificate=True) as port:
        url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres"
        found = examined(command, patient, make_conninfo(url, sslmode="require"))
        assert found["production tls"][0].message == "the connection from here is encrypted"
        # the embedded warehouse has no TLS
        (mount,) = found["production mount"]
        assert (mount.state, "does not support TLS" in mount.hint) == ("error", True)


def test_rows_that_cross_a_network_unencrypted_are_a_warning(
    command: Command, patient: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("server", "through"):
        path = f"fdwarehouse.database.diagnosis.{module}.is_local"
        monkeypatch.setattr(path, lambda _host: False)
    found = doctor(command)
    assert troubles(found) == ["production tls", "production tls_of_mount", "warehouse tls"]
    assert "sslmode=verify-full in WAREHOUSE_URL" in found["warehouse tls"][0].hint


def test_an_unreachable_production_is_an_error_only_from_the_warehouse(
    command: Command, patient: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = patient.shop.urls["reader"]
    found = examined(command, patient, make_conninfo(reader, host="127.0.0.1", port=1))
    assert found["production reachable"][0].state == "unknown"
    assert found["production mount"][0].state == "error"
    found = examined(command, patient, make_conninfo(reader, password="wrong"))
    assert found["production reachable"][0].state == "error"
    assert "Check the password in PRODUCTION_URL" in found["production reachable"][0].hint
    command.use({k: v for k, v in patient.environment.items() if k != "PRODUCTION_URL"})
    assert one(command, "production reachable").message == "PRODUCTION_URL is not set"


def test_a_deployed_connection_that_no_longer_works_is_found(
    command: Command, patient: Warehouse
) -> None:
    patient.deploy()
    assert troubles(doctor(command)) == []
    patient.execute("ALTER SERVER production OPTIONS (SET dbname 'elsewhere')")
    found = doctor(command)
    assert troubles(found) == ["production deployed_mount", "production deployed_url"]
    (url,) = found["production deployed_url"]
    assert f"dbname is elsewhere, not {patient.shop.name}" in url.message


def test_settings_of_the_reader_are_looked_at(command: Command, patient: Warehouse) -> None:
    patient.shop.execute(
        f"ALTER ROLE warehouse_reader IN DATABASE {patient.shop.name} SET TimeZone = 'Asia/Tokyo'"
    )
    zone = one(command, "production time_zone")
    assert (zone.state, "is Asia/Tokyo, by ALTER ROLE" in zone.message) == ("warning", True)


def test_an_encoding_that_is_none_is_found(
    command: Command, patient: Warehouse, servers: Servers
) -> None:
    name = f"ascii_{patient.name}"
    with psycopg.connect(servers.url("production", "admin", "postgres"), autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {name} ENCODING SQL_ASCII LOCALE 'C' LOCALE_PROVIDER libc "
            "TEMPLATE template0".encode()
        )
    with closing(Shop({"admin": servers.url("production", "admin", name)})) as shop:
        with shop.connect() as connection:
            connection.execute((ROOT / "production/schema.sql").read_bytes())
        servers.bootstrap("production", name)
        found = examined(command, patient, servers.url("production", "reader", name))
    servers.drop_database("production", name)
    assert troubles(found) == ["production encoding"]
    assert "SQL_ASCII" in found["production encoding"][0].message


@pytest.mark.skipif(not PROGRAM, reason="pgbouncer is not installed")
def test_a_pooler_that_drops_settings_is_found(command: Command, patient: Warehouse) -> None:
    shop = patient.shop
    shop.execute(
        f"ALTER ROLE warehouse_reader IN DATABASE {shop.name} RESET ALL",
        f"ALTER ROLE warehouse_reader IN DATABASE {shop.name} SET statement_timeout = 900",
    )
    with pooled(
        shop.urls["reader"], "transaction", ignored="extra_float_digits,options"
    ) as through:
        found = examined(command, patient, through)
    assert found["production pooler"][0].state == "warning"
    (session,) = found["production session"]
    assert session.state == "error"
    assert "default_transaction_read_only is off" in session.message
    assert "statement_timeout is 900" in found["production limits"][0].message


def test_clocks_are_compared(
    command: Command, patient: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one(command, "production clock").state == "ok"
    monkeypatch.setattr("fdwarehouse.database.diagnosis.report.CLOCK_SECONDS", -1)
    assert one(command, "production clock").state == "warning"
