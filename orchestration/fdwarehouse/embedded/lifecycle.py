"""The two embedded servers, production and warehouse, for demos, development and tests."""

import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import psycopg
from psycopg import sql

from fdwarehouse.embedded.programs import write_private
from fdwarehouse.embedded.server import SUPERUSER, EmbeddedServer
from fdwarehouse.errors import FdwarehouseError

SERVERS = ("production", "warehouse")
ROLES = (
    "warehouse_owner",
    "warehouse_loader",
    "warehouse_analyst",
    "warehouse_orchestrator",
    "warehouse_monitor",
    "warehouse_reader",
)

# For a demo on a laptop: little memory, and bulk loads without frequent checkpoints.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "jit": "off",
    "timezone": "Etc/UTC",  # not the machine's: the demo's contract names production's
}
_SERVER_SETTINGS = {
    "production": {"max_prepared_transactions": "10"},
    "warehouse": {"synchronous_commit": "on", "max_locks_per_transaction": "512"},
}

# Characters of a password: it is used unquoted in URLs and in `eval "$(fdwarehouse up)"`.
_IN_A_URL = re.compile("[A-Za-z0-9_.~-]+")

T = TypeVar("T")


def up(
    state_dir: Path,
    *,
    production_db: str = "xyz_store",
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Start both servers unless they run, create their databases, and return the connection URLs.

    The servers keep running after this process ends. Concurrent calls wait for each other.

    Args:
        state_dir: Folder of the servers' data, logs and secrets; created if missing.
        production_db: Database of the production server; the warehouse's is `warehouse`.
        settings: Further server settings, name to value, for servers that are not running yet.

    Returns:
        WAREHOUSE_URL (warehouse_owner), PRODUCTION_URL (warehouse_reader), WAREHOUSE_ADMIN_URL and
        PRODUCTION_ADMIN_URL (superuser). Bootstrap creates the roles other than the superuser.

    Raises:
        FdwarehouseError: A server cannot be created or started, or another user owns its data.
    """
    databases = {"production": production_db, "warehouse": "warehouse"}
    with _locked(state_dir) as state:
        known = passwords(state)

        def serve(server: str) -> int:
            password = known[f"{server}_superuser"]
            merged = server_settings(server, settings)
            port = EmbeddedServer(state, server).start(password, merged)
            _ensure_database(state, _url(SUPERUSER, password, port, "postgres"), databases[server])
            return port

        ports = _for_both(serve)
    return {
        f"{server}{suffix}".upper(): _url(role, known[key], ports[server], databases[server])
        for server, suffix, role, key in (
            ("warehouse", "_url", "warehouse_owner", "warehouse_owner"),
            ("production", "_url", "warehouse_reader", "warehouse_reader"),
            ("warehouse", "_admin_url", SUPERUSER, "warehouse_superuser"),
            ("production", "_admin_url", SUPERUSER, "production_superuser"),
        )
    }


def server_settings(server: str, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the settings that `up` gives to a server, name to value.

    Args:
        server: `production` or `warehouse`.
        settings: Further ones, which override its own.
    """
    merged = _SETTINGS | _SERVER_SETTINGS[server] | dict(settings or {})
    return merged | {"cluster_name": f"fdwarehouse {server}"}


def is_up(state_dir: Path) -> bool:
    """Return whether both servers run and accept connections.

    Args:
        state_dir: Folder given to `up`.
    """
    return all(EmbeddedServer(state_dir.resolve(), server).port() for server in SERVERS)


def down(state_dir: Path) -> bool:
    """Stop both servers cleanly, ending open connections, and return whether any was running.

    Args:
        state_dir: Folder given to `up`.

    Raises:
        FdwarehouseError: A server has not stopped after 60 s.
    """
    if not state_dir.exists():
        return False
    with _locked(state_dir) as state:
        return any(_for_both(lambda server: EmbeddedServer(state, server).stop()).values())


def remove(state_dir: Path) -> None:
    """Stop both servers and delete their data, logs and secrets.

    Args:
        state_dir: Folder given to `up`.

    Raises:
        FdwarehouseError: A server has not stopped after 60 s.
    """
    if state_dir.exists():
        with _locked(state_dir) as state:
            _for_both(lambda server: EmbeddedServer(state, server).remove())
            shutil.rmtree(state)


def passwords(state_dir: Path) -> dict[str, str]:
    """Return the password of every role, generating the missing ones.

    Args:
        state_dir: Folder given to `up`; the passwords are in its `secrets.json`, mode 0600.

    Returns:
        Password by role of `ROLES`, and `production_superuser`, `warehouse_superuser`.

    Raises:
        FdwarehouseError: Another user owns the file, or it is missing while the data exists.
    """
    path = state_dir / "secrets.json"
    known: Any = {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if any((state_dir / server).exists() for server in SERVERS):
            raise FdwarehouseError(
                f"The embedded servers' passwords are lost: {path} is missing",
                hint=f"Restore the file, or stop the servers and delete {state_dir} to start over",
            ) from None
    except OSError as error:
        raise FdwarehouseError(
            f"Cannot read the embedded servers' passwords: {error}",
            hint=f"Run this as the user who owns {state_dir}",
        ) from error
    except (ValueError, RecursionError):
        known = {"": ""}  # an empty file, half of one, one that is not text
    superusers = [f"{server}_superuser" for server in SERVERS]
    made = [server for server in SERVERS if (state_dir / server).exists()]
    if (
        not isinstance(known, dict)
        or not all(isinstance(v, str) and _IN_A_URL.fullmatch(v) for v in known.values())
        or not all(f"{server}_superuser" in known for server in made)
    ):
        raise FdwarehouseError(
            f"{path} does not contain the embedded servers' passwords, as JSON by role",
            hint=f"Restore the right file, or stop the servers and delete {state_dir} to start "
            "again"
            if made
            else f"Delete {path}; new passwords are generated",
        )
    names = (*superusers, *ROLES)
    if missing := [name for name in names if name not in known]:
        known |= {name: secrets.token_urlsafe(24) for name in missing}
        write_private(path, json.dumps(known, indent=4) + "\n")
    return dict(known)


@contextmanager
def _locked(state_dir: Path) -> Iterator[Path]:
    """Lock the state folder; the lock ends with this process, however it ends."""
    state = state_dir.resolve()
    try:
        state.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FdwarehouseError(
            f"Cannot use the folder of the embedded servers: {error}",
            hint=f"Run this as the user who owns {state}",
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield state
    finally:
        os.close(descriptor)


def _for_both(work: Callable[[str], T]) -> dict[str, T]:
    with ThreadPoolExecutor(len(SERVERS)) as pool:
        return dict(zip(SERVERS, pool.map(work, SERVERS), strict=True))


def _url(role: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{quote(database, safe='')}"


def _ensure_database(state: Path, admin_url: str, database: str) -> None:
    try:
        with psycopg.connect(admin_url, autocommit=True) as connection:
            found = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s"
            if not connection.execute(found, (database,)).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    except psycopg.OperationalError as error:
        if "password authentication failed" not in str(error):
            raise
        raise FdwarehouseError(
            f"The embedded servers in {state} do not accept the passwords of its secrets.json",
            hint=f"Restore the right file, or stop the servers and delete {state} to start over",
        ) from error
