"""A pgbouncer with one database on a server."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fdwarehouse.embedded import programs
from tests.harness import wait_until

_WANTED = os.environ.get("FDWAREHOUSE_PGBOUNCER")  # set in CI: then it must exist
_FOUND = [path for path in ("/usr/sbin/pgbouncer", "/usr/bin/pgbouncer") if Path(path).exists()]
PROGRAM = Path(_WANTED or _FOUND[0]) if _WANTED or _FOUND else None


@contextmanager
def pooled(url: str, mode: str, *, ignored: str, database: str | None = None) -> Iterator[str]:
    """Start a pgbouncer for one login, and return the connection string through it.

    Args:
        url: connection string of the login, which has a password.
        mode: session, transaction or statement.
        ignored: startup parameters that it drops; it refuses other unknown ones.
        database: name of the database in the pooler; by default the same name.
    """
    assert PROGRAM
    options = conninfo_to_dict(url)
    database = database or str(options["dbname"])
    folder = Path(tempfile.mkdtemp(prefix="fdwarehouse-pooler-"))
    account = programs.account_of(folder / "none")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    programs.write_private(
        folder / "users", f'"{options["user"]}" "{options["password"]}"\n', account
    )
    programs.write_private(
        folder / "pgbouncer.ini",
        f"""[databases]
{database} = host=127.0.0.1 port={options["port"]} dbname={options["dbname"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = {mode}
ignore_startup_parameters = {ignored}
logfile = {folder}/log
pidfile = {folder}/pid
""",
        account,
    )
    programs.hand_over(folder, account)
    done = programs.run([PROGRAM, "-d", folder / "pgbouncer.ini"], account)
    assert done.returncode == 0, done.stdout
    pooled_url = make_conninfo(url, port=port, dbname=database)

    def is_up() -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(make_conninfo(pooled_url, connect_timeout=2)).close()
            return True
        return False

    try:
        wait_until(is_up)
        yield pooled_url
    finally:
        with suppress(ProcessLookupError):
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
