"""Two separate servers with a shop and a warehouse, and the failures that they can suffer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from shutil import copy, copytree

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fdwarehouse.database.deployment import deploy
from fdwarehouse.embedded import lifecycle
from fdwarehouse.embedded.server import EmbeddedServer
from fdwarehouse.rendering.render import render_project
from tests.harness import ROOT
from tests.servers import Servers
from tests.torture.production import Standby, SteppedServer
from tests.torture.proxy import Proxy

# Acknowledged commits must survive kill -9: unlike in other tests, they are written before they
# return (to the operating system, since the machine does not crash).
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "on",
    "shared_buffers": "64MB",
    "deadlock_timeout": "200ms",
    "max_connections": "60",
}

# The overlap would hide rows that a fence loses.
OVERLAP = "1 second"


class Arena:
    """A shop in production, and a warehouse that mounts it through a proxy.

    Args:
        folder: Folder of the servers' data and of the project.
    """

    def __init__(self, folder: Path) -> None:
        self._state = folder / "servers"
        self._servers = Servers(self._state, SETTINGS)
        self._machine = SteppedServer(self._state.resolve(), "production")
        self.stop("production")
        self.start()  # with a clock of its own
        shop = self._servers.shop("empty")
        warehouse = self._servers.warehouse("bootstrapped", shop)
        control = self._servers.create_database("warehouse", "control")
        shop.close()
        self.production = shop.urls["admin"]
        self.warehouse = warehouse.urls
        self.harness = warehouse
        self.control = self._servers.url("warehouse", "admin", control)
        self.proxy = Proxy(int(conninfo_to_dict(self.production)["port"] or 0))
        self._mounted = make_conninfo(shop.urls["reader"], port=self.proxy.port)
        self.project = folder / "project"
        self.project.mkdir()
        for part in ("contracts", "migrations", "sql"):
            copytree(ROOT / part, self.project / part)
        copy(ROOT / "warehouse.yaml", self.project)
        self.rewrite("warehouse.yaml", "overlap: 10 seconds", f"overlap: {OVERLAP}")
        self.deploy()

    def deploy(self) -> bool:
        """Deploy the project as it is now, and return whether that changed anything."""
        urls = {"production": self._mounted}
        plan = deploy(render_project(self.project), self.warehouse["owner"], urls, wait="2 seconds")
        return not plan.is_empty

    def rewrite(self, file: str, old: str, new: str) -> None:
        """Replace a text in a file of the project."""
        path = self.project / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def kill(self, server: str) -> None:
        """Send SIGKILL to every process of a server, `production` or `warehouse`."""
        data = EmbeddedServer(self._state.resolve(), server).data
        postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # ended just now
                process.kill()
        psutil.wait_procs(processes)

    def stop(self, server: str) -> None:
        """Stop a server in an orderly way, ending all sessions."""
        EmbeddedServer(self._state.resolve(), server).stop()

    def start(self) -> None:
        """Start the servers that do not run."""
        self._machine.start(self._password, self._settings)
        lifecycle.up(self._state, settings=SETTINGS)

    def step_clock(self, seconds: float) -> None:
        """Set production's clock ahead of the machine's or, if negative, behind it."""
        self._machine.step_to(seconds)

    def fail_over(self, random: Random, wait: Callable[[float], object]) -> None:
        """Let a standby follow production for a moment, kill production, promote the standby.

        Synchronous commits are kept; asynchronous ones may be lost, although they were read.

        Args:
            random: Chooses how long it follows.
            wait: Waits for some seconds.
        """
        standby = Standby(self._state.resolve(), self._machine, self._password, self._settings)
        try:
            standby.follow()
            wait(random.uniform(0.1, 1))
            standby.take_over(lambda: self.kill("production"))
        finally:
            standby.remove()
            self.start()

    def alter(self, command: str, seconds: float = 8) -> None:
        """Alter a table of production with a lock timeout, so that no session waits for long.

        Args:
            command: The ALTER command.
            seconds: How long to try.
        """
        deadline = time.monotonic() + seconds
        with session(self.production) as production:
            production.execute("SET lock_timeout = '400ms'")
            while True:
                try:
                    production.execute(command.encode())
                except psycopg.errors.LockNotAvailable:
                    production.execute("ROLLBACK")
                    if time.monotonic() > deadline:
                        raise
                else:
                    return

    def close(self) -> None:
        """Clean up."""
        self.harness.close()
        self.proxy.close()
        lifecycle.remove(self._state)

    @property
    def _password(self) -> str:
        return lifecycle.passwords(self._state)["production_superuser"]

    @property
    def _settings(self) -> dict[str, str]:
        return lifecycle.server_settings("production", SETTINGS)


@contextmanager
def session(url: str, name: str = "torture") -> Iterator[psycopg.Connection]:
    """Open a session in autocommit, and close it."""
    with psycopg.connect(url, autocommit=True, application_name=name) as connection:
        yield connection


def copy_rows(
    source: psycopg.Connection, query: str, target: psycopg.Connection, table: str
) -> None:
    """Copy the rows of a query into a table of another server, as text, for infinite times."""
    with (
        source.cursor().copy(f"COPY ({query}) TO STDOUT".encode()) as rows,
        target.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copied,
    ):
        for block in rows:
            copied.write(block)
