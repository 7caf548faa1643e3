"""Two servers of its own with a shop and a warehouse, and what can be done to them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import copy, copytree

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fdwarehouse import embedded
from fdwarehouse.deploy import deploy
from fdwarehouse.embedded_server import EmbeddedServer
from fdwarehouse.render import render_project
from tests.harness import ROOT
from tests.servers import Servers
from tests.torture.proxy import Proxy

# What a server has acknowledged must survive kill -9: unlike in other tests, commits are written
# before they return (to the system: it is not the machine that crashes).
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "on",
    "shared_buffers": "64MB",
    "deadlock_timeout": "200ms",
    "max_connections": "60",
}

# The overlap would hide what a fence loses.
OVERLAP = "1 second"


class Arena:
    """A shop in production, and a warehouse that mounts it through a proxy.

    Args:
        folder: Where the servers' data and the project are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._state = folder / "servers"
        self._servers = Servers(self._state, SETTINGS)
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
        """Deploy the project as it is now, and tell whether that changed anything."""
        urls = {"production": self._mounted}
        plan = deploy(render_project(self.project), self.warehouse["owner"], urls, wait="2 seconds")
        return not plan.is_empty

    def rewrite(self, file: str, old: str, new: str) -> None:
        """Replace a text that is in a file of the project."""
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
        embedded.up(self._state, settings=SETTINGS)

    def close(self) -> None:
        """Leave nothing behind."""
        self.harness.close()
        self.proxy.close()
        embedded.remove(self._state)


@contextmanager
def session(url: str, name: str = "torture") -> Iterator[psycopg.Connection]:
    """Open a session in autocommit, and close it."""
    with psycopg.connect(url, autocommit=True, application_name=name) as connection:
        yield connection


def copy_rows(
    source: psycopg.Connection, query: str, target: psycopg.Connection, table: str
) -> None:
    """Copy the rows of a query into a table of another server, as text: infinite times too."""
    with (
        source.cursor().copy(f"COPY ({query}) TO STDOUT".encode()) as rows,
        target.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copied,
    ):
        for block in rows:
            copied.write(block)
