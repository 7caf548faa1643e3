"""Debian's PostgreSQL 15: a production of another version, and one with TLS."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fdwarehouse.embedded import programs

FOUND = Path("/usr/lib/postgresql/15/bin")
WANTED = os.environ.get("FDWAREHOUSE_OLDER_POSTGRES")  # set in CI: then it must exist
BIN = Path(WANTED) if WANTED else FOUND
IS_MISSING = not WANTED and not FOUND.exists()
PASSWORD = "of-the-old-server"


@contextmanager
def old_server(
    hba: str = "",
    certificate: bool = False,
    *,
    standby: bool = False,
    settings: str = "",
    passwords: str = "",
) -> Iterator[int]:
    """Start PostgreSQL 15 on a free port of the loopback, and return the port.

    Args:
        hba: content of pg_hba.conf; by default, all roles log in with a password.
        certificate: whether it supports TLS, with a self-signed certificate.
        standby: whether it waits for a primary that it never hears of.
        settings: more options of the server.
        passwords: a file of passwords for the connections that it makes itself, see libpq.
    """
    folder = Path(tempfile.mkdtemp(prefix="fdwarehouse-old-"))
    account = programs.account_of(folder / "none")
    programs.hand_over(folder, account)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    password_file = folder / "password"
    programs.write_private(password_file, PASSWORD, account)
    data = folder / "data"
    options: list[str | Path] = ["-D", data, "-U", "postgres", "--pwfile", password_file]
    options += ["--auth", "scram-sha-256", "--no-sync"]
    done = programs.run([BIN / "initdb", *options], account)
    assert done.returncode == 0, done.stdout
    settings += (
        f" -c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    )
    if certificate:
        request = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
        made: list[str | Path] = [*request.split(), "-keyout", folder / "key"]
        made += ["-out", folder / "crt"]
        assert programs.run(made, account).returncode == 0
        settings += f" -c ssl=on -c ssl_key_file={folder}/key -c ssl_cert_file={folder}/crt"
    if hba:
        programs.write_private(data / "pg_hba.conf", hba, account)
    if standby:
        programs.write_private(data / "standby.signal", "", account)
    programs.write_private(folder / "passwords", passwords, account)
    start: list[str | Path] = ["env", f"PGPASSFILE={folder}/passwords"]
    start += [BIN / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    started = programs.run([*start, "-o", settings, "start"], account, stdout=None)
    assert started.returncode == 0, (folder / "log").read_text()
    try:
        yield port
    finally:
        programs.run([BIN / "pg_ctl", "-D", data, "-m", "immediate", "stop"], account)
        shutil.rmtree(folder)
