"""Production as a machine: its clock can be stepped, and a standby can replace it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from fdwarehouse.embedded.programs import (
    Account,
    account_of,
    binaries,
    hand_over,
    run,
    write_private,
)
from fdwarehouse.embedded.server import SUPERUSER, EmbeddedServer
from tests.harness import wait_until

# Debian's package faketime: https://github.com/wolfcw/libfaketime
_LIBRARIES = sorted(Path("/usr/lib").glob("*-linux-gnu*/faketime/libfaketime.so.1"))

_ALLOW_REPLICATION = "host replication all 127.0.0.1/32 scram-sha-256\n"


def has_clock() -> bool:
    """Return whether a server's clock can be stepped on this machine."""
    return bool(_LIBRARIES)


class SteppedServer(EmbeddedServer):
    """An embedded server whose clock has the offset in a file in its folder."""

    def step_to(self, seconds: float) -> None:
        """Set the server's clock at once, for all its processes.

        Args:
            seconds: Offset from the machine's clock; negative values set it back.
        """
        write_private(self._clock, f"{seconds:+g}\n", account_of(self.data))

    @property
    def _clock(self) -> Path:
        return self.data / "clock"

    def _spawn(self, command: Sequence[str | Path], account: Account) -> psutil.Process | None:
        if not has_clock():
            return super()._spawn(command, account)
        if not self._clock.exists():
            self.step_to(0)
        environment = {
            "LD_PRELOAD": _LIBRARIES[0],
            "FAKETIME_TIMESTAMP_FILE": self._clock,
            "FAKETIME_NO_CACHE": 1,  # all processes step at once
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,  # time limits are not stepped
            "NO_FAKE_STAT": 1,
        }
        settings = [f"{name}={value}" for name, value in environment.items()]
        return super()._spawn(["/usr/bin/env", *settings, *command], account)


class Standby:
    """A standby that follows a server until it replaces it.

    Args:
        state: Folder of the servers.
        primary: The server to copy; it runs.
        password: Of its superuser.
        settings: Server settings, as the primary's.
    """

    def __init__(
        self, state: Path, primary: SteppedServer, password: str, settings: Mapping[str, str]
    ) -> None:
        self._primary = primary
        self._password = password
        self._settings = settings
        self._link = state / "standby"
        self._data = primary.data.with_name("standby")
        self._server = SteppedServer(state, "standby")

    def follow(self) -> None:
        """Copy the primary, and follow it synchronously."""
        account = account_of(self._primary.data)
        with (self._primary.data / "pg_hba.conf").open("r+") as rules:
            if _ALLOW_REPLICATION not in rules.read():
                rules.write(_ALLOW_REPLICATION)
        self._ask(self._primary, "SELECT pg_reload_conf()")
        self._data.mkdir(mode=0o700)
        hand_over(self._data, account)
        if self._data != self._link:
            self._link.symlink_to(self._data)
        program = binaries(account) / "pg_basebackup"
        options = ["-d", self._url(self._primary), "-c", "fast", "--no-sync", "-R"]
        done = run([program, "-D", self._data, *options], account)
        assert done.returncode == 0, done.stdout
        self._server.start(self._password, self._settings)
        self._ask(self._primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self._ask(self._primary, "SELECT pg_reload_conf()")
        wait_until(lambda: self._ask(self._primary, _FOLLOWED) == [(True,)])

    def take_over(self, kill: Callable[[], None]) -> None:
        """Become the primary, at its address, once that is dead.

        Args:
            kill: Kills the primary.
        """
        data = self._primary.data
        kill()
        self._ask(self._server, "SELECT pg_promote()")
        self._server.stop()
        wait_until(lambda: _removed(data))  # its last processes may still write there
        self._data.rename(data)
        self._link.unlink(missing_ok=True)

    def remove(self) -> None:
        """Stop and delete it, if it exists."""
        if self._link.exists():
            self._server.remove()
            self._link.unlink(missing_ok=True)

    def _url(self, server: SteppedServer) -> str:
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{server.port()}/postgres"

    def _ask(self, server: SteppedServer, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self._url(server), autocommit=True) as connection:
            cursor = connection.execute(sql.SQL(statement))
            return cursor.fetchall() if cursor.description else []


_FOLLOWED = "SELECT coalesce(bool_or(sync_state = 'sync'), false) FROM pg_stat_replication"


def _removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
