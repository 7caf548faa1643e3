"""Counts what a run costs: rows written, rows that production sent, pages touched."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from tests.harness import Row, Shop, Warehouse
from tests.servers import Servers

# The names in the statements that the runner calls and that it sends to the source.
_STEP = re.compile(r"SELECT \* FROM (\w+\.\w+)\(\$1, \$2\)")
_CHECK = re.compile(r"FROM (etl\.check_\w+)\(\$1\)")
_FETCHED = re.compile(r"FROM public\.(\w+)")

_RUN = "CALL etl.run_pipeline()"


class Cost(NamedTuple):
    """The cost of one run.

    Attributes:
        written: Rows inserted, updated and deleted, by table.
        sent: Rows that production sent, by table.
        read: Pages that production touched to find them, by table.
        touched: Pages that the warehouse touched, by step and check.
    """

    written: dict[str, int]
    sent: dict[str, int]
    read: dict[str, int]
    touched: dict[str, int]

    @property
    def all_touched(self) -> int:
        """Pages that all steps and checks touched."""
        return sum(self.touched.values())


class Meter:
    """Runs a warehouse in one session, which has run before, and counts rows and pages.

    Args:
        servers: Where the databases are; they have pg_stat_statements.
        shop: The production database.
        warehouse: Its warehouse, deployed.
    """

    def __init__(self, servers: Servers, shop: Shop, warehouse: Warehouse) -> None:
        self._servers = servers
        self._databases = {"production": shop.name, "warehouse": warehouse.name}
        self.shop = shop
        self.warehouse = warehouse
        for server in self._databases:
            self._ask(server, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        for database in (shop, warehouse):
            tracks = "SET pg_stat_statements.track = 'all'"
            database.execute(f"ALTER DATABASE {database.name} {tracks}", role="admin")
        # for solid state disks
        warehouse.execute(
            f"ALTER DATABASE {warehouse.name} SET random_page_cost = 1.1", role="admin"
        )
        self._session = warehouse.connect("loader", autocommit=True)
        for _ in range(2):
            self._session.execute(_RUN)

    def run(self) -> Cost:
        """Run the pipeline and count what it costs."""
        written = self._written()
        for server in self._databases:
            reset = "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = %s"
            self._ask(server, reset, self._databases[server])
        self._session.execute(_RUN)
        fetched = self._statements("production", "warehouse_reader")
        called = self._statements("warehouse", "warehouse_owner")
        return Cost(
            {table: n - written[table] for table, n in self._written().items()},
            _by_name(_FETCHED, ((query, rows) for query, rows, _ in fetched)),
            _by_name(_FETCHED, ((query, pages) for query, _, pages in fetched)),
            _by_name(_STEP, ((query, pages) for query, _, pages in called))
            | _by_name(_CHECK, ((query, pages) for query, _, pages in called)),
        )

    def _written(self) -> dict[str, int]:
        self._session.execute("SELECT pg_stat_force_next_flush()")
        return dict(
            self.warehouse.rows(
                """
                SELECT schemaname || '.' || relname, n_tup_ins + n_tup_upd + n_tup_del
                FROM pg_stat_user_tables WHERE schemaname IN ('bronze', 'silver', 'gold')
                """,
                role="admin",
            )
        )

    def _statements(self, server: str, role: str) -> list[Row]:
        return self._ask(
            server,
            """
            SELECT query, rows, shared_blks_hit + shared_blks_read
            FROM pg_stat_statements AS s
            INNER JOIN pg_database AS d ON s.dbid = d.oid
            INNER JOIN pg_roles AS r ON s.userid = r.oid
            WHERE d.datname = %s AND r.rolname = %s
            """,
            self._databases[server],
            role,
        )

    def _ask(self, server: str, query: str, *parameters: str) -> list[Row]:
        url = self._servers.url(server, "admin", "postgres")
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []


def _by_name(pattern: re.Pattern[str], statements: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add up numbers of statements by the name that the pattern finds in them."""
    sums: dict[str, int] = {}
    for query, number in statements:
        if found := pattern.search(query):
            sums[found.group(1)] = sums.get(found.group(1), 0) + number
    return sums
