"""Two servers, with fresh databases for every contestant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from benchmarks.options import ROOT, Size
from fdwarehouse.database.deployment import deploy
from fdwarehouse.demo import seeding
from fdwarehouse.embedded import lifecycle
from fdwarehouse.rendering.render import render_project
from fdwarehouse.rendering.templates import MECHANICS

# For both servers, on a machine with two cores and 24 GB that they share with the clients. All
# settings for durability are on.
SETTINGS = {
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "16GB",
    "min_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "jit": "off",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "10000",
}
EXPLAIN = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
}
READER, OWNER, LOADER, ANALYST = (
    f"warehouse_{role}" for role in ("reader", "owner", "loader", "analyst")
)


class Pair:
    """A production database and an empty or deployed warehouse, for one contestant.

    Args:
        arena: The servers.
        production: Name of the production database.
        warehouse: Name of the warehouse.
    """

    def __init__(self, arena: Arena, production: str, warehouse: str) -> None:
        self.arena = arena
        self.production = production
        self.warehouse = warehouse

    def url(self, server: str, role: str = "admin") -> str:
        """URL for a role, `admin` or one of the warehouse's."""
        return self.arena.url(server, role, getattr(self, server))

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a contestant's process: variables of the command, and of libpq."""
        return os.environ | {
            "WAREHOUSE_URL": self.url("warehouse", OWNER),
            "PRODUCTION_URL": self.url("production", READER),
        }

    def deploy(self, project: Path = ROOT) -> None:
        """Deploy a project to the warehouse, by default this repository's."""
        urls = {"production": self.url("production", READER)}
        deploy(render_project(project), self.url("warehouse", OWNER), urls)

    def rows(self, server: str, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Query one of the databases as administrator."""
        with psycopg.connect(self.url(server), autocommit=True) as connection:
            return connection.execute(query.encode(), parameters).fetchall()


class Arena:
    """The servers.

    Args:
        state: Folder of their data.
        explains: Whether they log the plans of all statements.
    """

    def __init__(self, state: Path, *, explains: bool = False) -> None:
        self._state = state
        self._urls = lifecycle.up(state, settings=SETTINGS | (EXPLAIN if explains else {}))
        self._passwords = lifecycle.passwords(state)
        self._numbers = count(1)
        self._shops: dict[Size, str] = {}
        for server in ("production", "warehouse"):
            with self.administrator(server) as connection:
                connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def url(self, server: str, role: str, database: str) -> str:
        """URL for a role, `admin` or one of the warehouse's."""
        admin = urlsplit(self._urls[f"{server}_admin_url".upper()])
        place = admin.netloc.rpartition("@")[2]
        login = f"{role}:{self._passwords.get(role)}@{place}" if role != "admin" else admin.netloc
        return admin._replace(netloc=login, path=f"/{database}").geturl()

    @contextmanager
    def administrator(self, server: str) -> Iterator[psycopg.Connection]:
        """Open a session in database postgres."""
        with psycopg.connect(self.url(server, "admin", "postgres"), autocommit=True) as connection:
            yield connection

    @contextmanager
    def pair(self, size: Size) -> Iterator[Pair]:
        """Copy a shop and create a warehouse with only its roles; both are dropped afterwards.

        Args:
            size: Of the shop; the first one of a size is seeded.
        """
        number = next(self._numbers)
        pair = Pair(self, f"shop_{number}", f"warehouse_{number}")
        self._create("production", pair.production, self._shop(size))
        self._create("warehouse", pair.warehouse)
        self._bootstrap("production", pair.production)
        self._bootstrap("warehouse", pair.warehouse)
        try:
            yield pair
        finally:
            self._administrate("production", "DROP DATABASE {} WITH (FORCE)", pair.production)
            self._administrate("warehouse", "DROP DATABASE {} WITH (FORCE)", pair.warehouse)

    def settle(self) -> None:
        """Write dirty pages to disk, so that no contestant pays for the work of another."""
        for server in ("production", "warehouse"):
            self._administrate(server, "CHECKPOINT")

    def close(self, *, keeps: bool = False) -> None:
        """Stop the servers and delete their data, unless they are kept."""
        if not keeps:
            lifecycle.remove(self._state)

    def _shop(self, size: Size) -> str:
        if size not in self._shops:
            name = f"shop_of_{size.orders}_orders_{size.customers}"
            with self.administrator("production") as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name]
                ).fetchone()
            if not found:
                self._seed(name, size)
            self._shops[size] = name
        return self._shops[size]

    def _seed(self, name: str, size: Size) -> None:
        self._administrate("production", "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._create("production", name)
        url = self.url("production", "admin", name)
        counts = {
            "customers": size.customers,
            "products": size.products,
            "orders": size.orders,
        }
        options = " ".join(f"-c fdwarehouse.{what}={number}" for what, number in counts.items())
        seeding.seed(make_conninfo(url, options=options), ROOT / "production")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
        self._administrate("production", "ALTER DATABASE {} IS_TEMPLATE true", name)

    def _create(self, server: str, name: str, template: str = "template0") -> None:
        command = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
        self._administrate(server, command, name, template)

    def _bootstrap(self, server: str, database: str) -> None:
        settings: Mapping[str, str] = {"side": server} | {
            f"{role.removeprefix('warehouse_')}_password": self._passwords[role]
            for role in lifecycle.ROLES
        }
        with psycopg.connect(self.url(server, "admin", database)) as connection:
            for setting, value in settings.items():
                name = f"fdwarehouse.{setting}"
                connection.execute("SELECT set_config(%s, %s, true)", [name, value])
            connection.execute((MECHANICS / "bootstrap.sql").read_bytes())

    def _administrate(self, server: str, command: str, *names: str) -> None:
        with self.administrator(server) as connection:
            connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))
