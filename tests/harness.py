"""A shop and a warehouse of its own for each test: fresh databases and connections by role."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fdwarehouse import embedded
from fdwarehouse.deploy import deploy
from fdwarehouse.render import MECHANICS, render_project

ROOT = Path(__file__).parents[1]
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
}
LAYERS = ("bronze", "silver", "gold")

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any] | None
T = TypeVar("T")


def wait_until(condition: Callable[[], T], seconds: float = 30) -> T:
    """Poll until the condition is true, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return result


class Database:
    """One database and the connection strings to it, by role.

    Args:
        urls: Connection string by the role's short name; the first is used by default.
    """

    def __init__(self, urls: Mapping[str, str]) -> None:
        self.urls = dict(urls)
        self._default = next(iter(urls))
        self._open: list[psycopg.Connection] = []
        self._idle: dict[str, psycopg.Connection] = {}

    @property
    def name(self) -> str:
        """Name of the database."""
        return str(conninfo_to_dict(self.urls[self._default])["dbname"])

    def connect(self, role: str | None = None, *, autocommit: bool = False) -> psycopg.Connection:
        """Open another connection; it is closed after the test."""
        url = self.urls[role or self._default]
        connection = psycopg.connect(url, autocommit=autocommit, application_name="test")
        self._open.append(connection)
        return connection

    def rows(
        self, query: str, parameters: Parameters = None, *, role: str | None = None
    ) -> list[Row]:
        """Run one statement in a transaction of its own and return its rows."""
        role = role or self._default
        connection = self._idle.get(role)
        if connection is None or connection.broken:
            connection = self._idle[role] = self.connect(role, autocommit=True)
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def value(self, query: str, parameters: Parameters = None, *, role: str | None = None) -> Any:
        """Return the one value that a query has."""
        ((value,),) = self.rows(query, parameters, role=role)
        return value

    def column(self, query: str, parameters: Parameters = None) -> list[Any]:
        """Return the first column of a query."""
        return [row[0] for row in self.rows(query, parameters)]

    def execute(self, *statements: str, role: str | None = None) -> None:
        """Run statements, each in a transaction of its own."""
        for statement in statements:
            self.rows(statement, role=role)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._open:
            with suppress(psycopg.Error):
                connection.close()
        self._open.clear()
        self._idle.clear()


class Shop(Database):
    """A production database; `admin` writes, `reader` is the warehouse's role."""

    def force(self, *statements: str) -> None:
        """Write as replication does, in one transaction.

        No trigger fires, so time stamps stay as given, and foreign keys are not enforced.
        """
        with self.connect("admin") as connection:
            connection.execute("SET session_replication_role = replica")
            for statement in statements:
                connection.execute(statement.encode())


class Warehouse(Database):
    """A warehouse; roles `owner`, `loader`, `analyst`, `orchestrator` and `admin`."""

    def __init__(self, urls: Mapping[str, str], shop: Shop) -> None:
        super().__init__(urls)
        self.shop = shop

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables with which the command works on this warehouse and its shop."""
        return {
            "WAREHOUSE_URL": self.urls["owner"],
            "PRODUCTION_URL": self.shop.urls["reader"],
            "WAREHOUSE_ADMIN_URL": self.urls["admin"],
            "PRODUCTION_ADMIN_URL": self.shop.urls["admin"],
        }

    def deploy(self, root: Path = ROOT, *, wait: str = "10 seconds") -> None:
        """Deploy a project, which mounts the shop."""
        deploy(
            render_project(root),
            self.urls["owner"],
            {"production": self.shop.urls["reader"]},
            wait=wait,
        )

    def call(self, procedure: str, *, role: str = "loader") -> None:
        """CALL a procedure as the loader: `etl.run_pipeline()`."""
        self.rows(f"CALL {procedure}", role=role)

    def run(self) -> int:
        """Run the whole pipeline as the loader and return the run's id."""
        self.call("etl.run_pipeline()")
        return self.last_run()

    def last_run(self) -> int:
        """Id of the last run."""
        return int(self.value("SELECT max(run_id) FROM etl.runs"))

    def tables(self, *schemas: str) -> list[str]:
        """Name the tables of some schemas, bronze, silver and gold when none is given."""
        return self.column(
            """
            SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables
            WHERE schemaname = ANY(%s) ORDER BY 1
            """,
            [list(schemas or LAYERS)],
        )

    def contents(self, *schemas: str) -> dict[str, list[Row]]:
        """Return all rows of all tables, in an order of their own."""
        return {
            table: self.rows(f"SELECT t.* FROM {table} AS t ORDER BY t::text")
            for table in self.tables(*schemas)
        }

    def row_versions(self, *schemas: str) -> dict[str, list[Row]]:
        """Return who wrote each row, and where it lies: the same when nothing was written."""
        return {
            table: self.rows(f"SELECT xmin::text, ctid::text FROM {table} ORDER BY ctid")
            for table in self.tables(*schemas)
        }

    def step_counts(self, run_id: int) -> dict[str, Row]:
        """Return rows (read, inserted, updated, deleted, rejected) by model of a run."""
        return {
            row[0]: row[1:]
            for row in self.rows(
                """
                SELECT model, rows_read, rows_inserted, rows_updated, rows_deleted, rows_rejected
                FROM etl.steps WHERE run_id = %s ORDER BY position
                """,
                [run_id],
            )
        }

    def fence(self, run_id: int) -> dict[str, Any]:
        """Return the fence that a run read."""
        (row,) = self.rows("SELECT to_jsonb(f) FROM etl.fences AS f WHERE run_id = %s", [run_id])
        return dict(row[0])


class Servers:
    """Two embedded servers with template databases, copied for each test.

    Args:
        state_dir: Folder of the servers' data, logs and secrets.
    """

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.urls = embedded.up(state_dir, settings=SETTINGS)
        self.passwords = embedded.passwords(state_dir)
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
        """Make a database from nothing, or from the template of a kind once that is there."""
        name = f"{kind}_{next(self._numbers)}"
        command = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"  # five times as fast as WAL
        self._administrate(server, command, name, self._templates.get(kind, "template0"))
        return name

    def drop_database(self, server: str, name: str) -> None:
        """Drop a database, whoever still uses it."""
        self._administrate(server, "DROP DATABASE {} WITH (FORCE)", name)

    def bootstrap(self, server: str, database: str) -> None:
        """Make roles, extensions and grants, as an administrator."""
        with psycopg.connect(self.url(server, "admin", database)) as connection:
            settings = {
                f"{r.removeprefix('warehouse_')}_password": self.passwords[r]
                for r in embedded.ROLES
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
        roles = ("owner", "loader", "analyst", "orchestrator", "admin")
        warehouse = Warehouse({role: self.url("warehouse", role, name) for role in roles}, shop)
        if kind not in self._templates:
            self.bootstrap("warehouse", name)
            if kind == "deployed":
                warehouse.deploy()
            warehouse.close()
            self._templates[kind] = name
            return self.warehouse(kind, shop)
        # a copy has no rights on the database, and the template's connection
        self._administrate(
            "warehouse", "GRANT CREATE, CONNECT ON DATABASE {} TO warehouse_owner", name
        )
        if kind == "deployed":
            warehouse.execute(f"ALTER SERVER production OPTIONS (SET dbname '{shop.name}')")
        return warehouse

    def _administrate(self, server: str, command: str, *names: str) -> None:
        with psycopg.connect(self.url(server, "admin", "postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))
