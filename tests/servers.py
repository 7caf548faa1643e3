"""Two embedded servers per session, with template databases that are copied for each test."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from fdwarehouse.embedded import lifecycle
from fdwarehouse.rendering.templates import MECHANICS
from tests.harness import ROOT, Shop, Warehouse

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "shared_preload_libraries": "pg_stat_statements",  # for the tests of the cost of a run
}


class Servers:
    """Two embedded servers with template databases, copied for each test.

    Args:
        state_dir: Folder of the servers' data, logs and secrets.
        settings: Settings of both servers, name to value.
    """

    def __init__(self, state_dir: Path, settings: Mapping[str, str] = SETTINGS) -> None:
        self.state_dir = state_dir
        self.urls = lifecycle.up(state_dir, settings=settings)
        self.passwords = lifecycle.passwords(state_dir)
        self._numbers = count(1)
        self._templates: dict[str, str] = {}

    def url(self, server: str, role: str, database: str) -> str:
        """Connection string of a role: `admin`, `owner`, `loader`, `analyst`, ..."""
        admin = self.urls[f"{server}_admin_url".upper()]
        if role == "admin":
            return make_conninfo(admin, dbname=database)
        role = f"warehouse_{role}"
        return make_conninfo(admin, dbname=database, user=role, password=self.passwords[role])

    def create_database(self, server: str, kind: str) -> str:
        """Create an empty database, or a copy of the template of a kind, once that exists."""
        name = f"{kind}_{next(self._numbers)}"
        command = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"  # five times as fast as WAL
        self._administrate(server, command, name, self._templates.get(kind, "template0"))
        return name

    def drop_database(self, server: str, name: str) -> None:
        """Drop a database, even if sessions still use it."""
        self._administrate(server, "DROP DATABASE {} WITH (FORCE)", name)

    def bootstrap(self, server: str, database: str) -> None:
        """Create roles, extensions and grants, as an administrator."""
        with psycopg.connect(self.url(server, "admin", database)) as connection:
            settings = {
                f"{r.removeprefix('warehouse_')}_password": self.passwords[r]
                for r in lifecycle.ROLES
            }
            for setting, value in {"side": server, **settings}.items():
                connection.execute(
                    "SELECT set_config(%s, %s, true)", [f"fdwarehouse.{setting}", value]
                )
            connection.execute((MECHANICS / "bootstrap.sql").read_bytes())

    def shop(self, kind: str) -> Shop:
        """Copy a shop: `empty` or `seeded`."""
        name = self.create_database("production", kind)
        if kind not in self._templates:
            files = ["schema.sql"] + (["seed.sql"] if kind == "seeded" else [])
            with psycopg.connect(self.url("production", "admin", name)) as connection:
                for file in files:
                    connection.execute((ROOT / "production" / file).read_bytes())
            self.bootstrap("production", name)
            self._templates[kind] = name
            return self.shop(kind)
        self._administrate("production", "GRANT CONNECT ON DATABASE {} TO warehouse_reader", name)
        return Shop({role: self.url("production", role, name) for role in ("admin", "reader")})

    def warehouse(self, kind: str, shop: Shop) -> Warehouse:
        """Copy a warehouse, `bootstrapped` or `deployed`, and mount a shop in it."""
        name = self.create_database("warehouse", kind)
        roles = ("owner", "loader", "analyst", "orchestrator", "monitor", "admin")
        warehouse = Warehouse({role: self.url("warehouse", role, name) for role in roles}, shop)
        if kind not in self._templates:
            self.bootstrap("warehouse", name)
            if kind == "deployed":
                warehouse.deploy()
            warehouse.close()
            self._templates[kind] = name
            return self.warehouse(kind, shop)
        # a copy has no privileges on the database, and the template's connection
        self._administrate(
            "warehouse", "GRANT CREATE, CONNECT ON DATABASE {} TO warehouse_owner", name
        )
        if kind == "deployed":
            warehouse.execute(f"ALTER SERVER production OPTIONS (SET dbname '{shop.name}')")
        return warehouse

    def _administrate(self, server: str, command: str, *names: str) -> None:
        with psycopg.connect(self.url(server, "admin", "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))
