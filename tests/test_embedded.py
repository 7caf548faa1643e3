"""The embedded servers: reachable only with a password, and restartable after any failure."""

import multiprocessing
import os
import pwd
import socket
import stat
import subprocess
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from psycopg import conninfo

from fdwarehouse.embedded import lifecycle, programs
from fdwarehouse.errors import FdwarehouseError

SETTINGS = {"fsync": "off", "shared_buffers": "16MB"}


def start(state_dir: Path) -> dict[str, str]:
    return lifecycle.up(state_dir, settings=SETTINGS)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def server_process(state_dir: Path, server: str) -> psutil.Process:
    lock_file = (state_dir / server / "postmaster.pid").read_text()
    return psutil.Process(int(lock_file.splitlines()[0]))


def kill_9(state_dir: Path, server: str) -> None:
    process = server_process(state_dir, server)
    process.kill()
    with suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # Spaces, quotes, and longer than the 107 bytes of a Unix socket's path.
    deep = tmp_path_factory.mktemp("a project's folder") / ("deep folder " * 10) / "$HOME"
    yield deep
    lifecycle.remove(deep)
    assert not deep.exists()


@pytest.fixture
def urls(state_dir: Path) -> dict[str, str]:
    return start(state_dir)


def test_up_gives_four_urls_of_two_servers(urls: dict[str, str]) -> None:
    assert {
        name: (parts["user"], parts["host"], parts["dbname"])
        for name, url in urls.items()
        for parts in [conninfo.conninfo_to_dict(url)]
    } == {
        "WAREHOUSE_URL": ("warehouse_owner", "127.0.0.1", "warehouse"),
        "PRODUCTION_URL": ("warehouse_reader", "127.0.0.1", "xyz_store"),
        "WAREHOUSE_ADMIN_URL": ("postgres", "127.0.0.1", "warehouse"),
        "PRODUCTION_ADMIN_URL": ("postgres", "127.0.0.1", "xyz_store"),
    }
    wanted = """
        SELECT
            current_setting('cluster_name'),
            current_setting('max_prepared_transactions'),
            current_setting('fsync')
    """
    assert query(urls["PRODUCTION_ADMIN_URL"], wanted) == [("fdwarehouse production", "10", "off")]
    assert query(urls["WAREHOUSE_ADMIN_URL"], wanted) == [("fdwarehouse warehouse", "0", "off")]


def test_up_again_changes_nothing(urls: dict[str, str], state_dir: Path) -> None:
    before = [server_process(state_dir, server) for server in lifecycle.SERVERS]
    assert start(state_dir) == urls
    assert [server_process(state_dir, server) for server in lifecycle.SERVERS] == before


@pytest.mark.usefixtures("urls")
def test_another_production_database_is_made_beside_the_first(state_dir: Path) -> None:
    other = lifecycle.up(state_dir, production_db="my shop/2")["PRODUCTION_ADMIN_URL"]
    assert query(other, "SELECT current_database()") == [("my shop/2",)]


def test_g6_nobody_connects_without_a_password(urls: dict[str, str], state_dir: Path) -> None:
    for url in urls.values():
        for password in ("", "wrong"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(url, password=password, passfile="/dev/null")
    for server in lifecycle.SERVERS:
        assert not list((state_dir / server).glob(".s.PGSQL.*"))


@pytest.mark.usefixtures("urls")
def test_g6_passwords_are_in_one_private_file_and_nowhere_else(state_dir: Path) -> None:
    file = state_dir / "secrets.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    known = lifecycle.passwords(state_dir)
    assert set(known) == {*lifecycle.ROLES, "production_superuser", "warehouse_superuser"}
    assert len(set(known.values())) == len(known)
    texts = [
        path.read_text(errors="replace")
        for server in lifecycle.SERVERS
        for path in (state_dir / f"{server}.log", *(state_dir / server).glob("*.conf"))
    ]
    texts += [" ".join(server_process(state_dir, server).cmdline()) for server in lifecycle.SERVERS]
    assert not [word for word in known.values() if any(word in text for text in texts)]


@pytest.mark.usefixtures("urls")
def test_g6_no_folder_is_opened_to_other_users(state_dir: Path) -> None:
    for server in lifecycle.SERVERS:
        assert stat.S_IMODE((state_dir / server).stat().st_mode) == 0o700
    pytest_folder = state_dir.parents[2]
    assert stat.S_IMODE(pytest_folder.stat().st_mode) == 0o700


def test_an_ordinary_role_reads_production_through_the_warehouse(
    urls: dict[str, str], state_dir: Path
) -> None:
    known = lifecycle.passwords(state_dir)
    production, warehouse = urls["PRODUCTION_ADMIN_URL"], urls["WAREHOUSE_ADMIN_URL"]
    reader, owner = known["warehouse_reader"], known["warehouse_owner"]
    query(production, f"CREATE ROLE warehouse_reader LOGIN PASSWORD '{reader}'")
    query(production, "CREATE TABLE orders AS SELECT 7 AS order_id")
    query(production, "GRANT SELECT ON orders TO warehouse_reader")
    query(warehouse, f"CREATE ROLE warehouse_owner LOGIN PASSWORD '{owner}'")
    query(warehouse, "CREATE EXTENSION postgres_fdw")
    query(warehouse, "GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO warehouse_owner")
    query(warehouse, "GRANT CREATE ON DATABASE warehouse TO warehouse_owner")
    parts = conninfo.conninfo_to_dict(urls["PRODUCTION_URL"])
    with psycopg.connect(urls["WAREHOUSE_URL"]) as connection:
        connection.execute(f"""
            CREATE SERVER shop FOREIGN DATA WRAPPER postgres_fdw
            OPTIONS (host '{parts["host"]}', port '{parts["port"]}', dbname '{parts["dbname"]}');
            CREATE USER MAPPING FOR CURRENT_USER SERVER shop
            OPTIONS (user '{parts["user"]}', password '{parts["password"]}');
            CREATE SCHEMA production;
            IMPORT FOREIGN SCHEMA public FROM SERVER shop INTO production;
        """)
        assert connection.execute("SELECT order_id FROM production.orders").fetchall() == [(7,)]


def test_down_stops_both_and_up_finds_data_and_urls_as_they_were(
    urls: dict[str, str], state_dir: Path
) -> None:
    query(urls["PRODUCTION_ADMIN_URL"], "CREATE TABLE kept AS SELECT 1 AS id")
    assert lifecycle.is_up(state_dir)
    with psycopg.connect(urls["PRODUCTION_ADMIN_URL"]) as idle:
        assert lifecycle.down(state_dir)
        with pytest.raises(psycopg.errors.AdminShutdown):
            idle.execute("SELECT 1")
        idle.close()
    assert not lifecycle.is_up(state_dir)
    assert not lifecycle.down(state_dir)
    assert "database system is shut down" in (state_dir / "production.log").read_text()
    assert start(state_dir) == urls
    assert query(urls["PRODUCTION_ADMIN_URL"], "SELECT id FROM kept") == [(1,)]


def test_up_after_kill_9_finds_what_was_committed(urls: dict[str, str], state_dir: Path) -> None:
    query(urls["WAREHOUSE_ADMIN_URL"], "CREATE TABLE committed AS SELECT 1 AS id")
    for server in lifecycle.SERVERS:
        kill_9(state_dir, server)
    assert start(state_dir) == urls
    assert query(urls["WAREHOUSE_ADMIN_URL"], "SELECT id FROM committed") == [(1,)]


def test_up_after_a_restart_that_gave_the_process_id_to_another(
    urls: dict[str, str], state_dir: Path
) -> None:
    lock_file = state_dir / "warehouse" / "postmaster.pid"
    lines = lock_file.read_text().splitlines()
    query(urls["WAREHOUSE_ADMIN_URL"], "CREATE TABLE survives AS SELECT 1 AS id")
    kill_9(state_dir, "warehouse")
    account = programs.account_of(state_dir / "warehouse")
    with subprocess.Popen(["sleep", "60"], **account) as stranger:
        lock_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert not lifecycle.is_up(state_dir)
        assert start(state_dir) == urls
        assert stranger.poll() is None
        stranger.terminate()
    assert query(urls["WAREHOUSE_ADMIN_URL"], "SELECT id FROM survives") == [(1,)]


def test_up_takes_another_port_when_its_own_is_taken(urls: dict[str, str], state_dir: Path) -> None:
    lifecycle.down(state_dir)
    port = urlsplit(urls["PRODUCTION_URL"]).port
    with socket.create_server(("127.0.0.1", port or 0)):
        moved = start(state_dir)
    assert urlsplit(moved["PRODUCTION_URL"]).port != port
    assert moved["WAREHOUSE_URL"] == urls["WAREHOUSE_URL"]
    assert query(moved["PRODUCTION_ADMIN_URL"], "SELECT 1") == [(1,)]
    lifecycle.down(state_dir)


def test_a_server_that_does_not_start_says_why(state_dir: Path) -> None:
    lifecycle.down(state_dir)
    with pytest.raises(FdwarehouseError, match="unrecognized configuration parameter") as caught:
        lifecycle.up(state_dir, settings={"no_such_setting": "1"})
    assert ".log" in str(caught.value.hint)
    assert start(state_dir)


def test_up_side_by_side_makes_one_pair_of_servers(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        first, second, third = pool.map(start, [tmp_path / "state"] * 3)
    try:
        assert first == second == third
        assert query(first["WAREHOUSE_ADMIN_URL"], "SELECT 1") == [(1,)]
        # Started by processes that have ended; the servers outlive them.
        (tmp_path / "state" / "secrets.json").rename(tmp_path / "secrets.json")
        with pytest.raises(FdwarehouseError, match=r"secrets\.json is missing"):
            start(tmp_path / "state")
    finally:
        lifecycle.remove(tmp_path / "state")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a system user")
def test_servers_started_at_the_same_time_run_as_the_same_new_system_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "fdwarehouse_test_user"
    monkeypatch.setattr(programs, "_SYSTEM_USER", name)
    try:
        with ThreadPoolExecutor(8) as pool:
            accounts = list(pool.map(programs.account_of, [tmp_path / "none"] * 8))
        entry = pwd.getpwnam(name)
        assert {(a["user"], a["group"]) for a in accounts} == {(entry.pw_uid, entry.pw_gid)}
    finally:
        subprocess.run(["userdel", name], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.usefixtures("urls")
def test_up_as_an_ordinary_user() -> None:
    nobody = 65534
    account = {"user": nobody, "group": nobody, "extra_groups": []}
    binaries = programs.binaries(account)
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, nobody, nobody)
    # A fork, since the user nobody may be unable to reach this Python and its packages.
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(nobody)
            os.setuid(nobody)
            pytest.MonkeyPatch().setattr("fdwarehouse.embedded.server.binaries", lambda _: binaries)
            own = start(folder / "state")
            assert query(own["PRODUCTION_ADMIN_URL"], "SELECT 1") == [(1,)]
            assert (folder / "state" / "production" / "PG_VERSION").exists()
            lifecycle.remove(folder / "state")
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    folder.rmdir()
