"""A production that a test fills, and a project that takes parts of it."""

from pathlib import Path

import psycopg
import yaml

from fdwarehouse.project.contract import load_contract
from tests.command import Command
from tests.harness import Shop, Warehouse


class Place:
    """A production that a test fills, and a project that the command works on."""

    def __init__(self, command: Command, shop: Shop, warehouse: Warehouse, root: Path) -> None:
        self.command, self.shop, self.warehouse, self.root = command, shop, warehouse, root
        with psycopg.connect(shop.urls["admin"]) as connection:
            connection.execute(b"DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        command.use(warehouse.environment)
        command.project(root)

    def configure(self, tables: object, **settings: object) -> None:
        """Write warehouse.yaml."""
        source = {"source_system": "s", "overlap": "0 seconds", "tables": tables, **settings}
        config = {"project": "several", "sources": {"production": source}}
        (self.root / "warehouse.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def works(self, *commands: str) -> None:
        """Run commands that must succeed, whatever they warn of."""
        for words in commands:
            said = self.command(*words.split())
            assert said.exit_code == 0, said.err

    def write(self, *statements: str) -> None:
        """Change production in one transaction."""
        with self.shop.connect("admin") as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def require_equal(self, tables: dict[str, str], condition: str = "true") -> None:
        """Compare each table of production with its latest versions in bronze, row by row."""
        for there, here in tables.items():
            wanted = self.shop.column(f"SELECT t::text FROM {there} AS t WHERE {condition}")
            raw = f'bronze."raw_{here}"'
            columns = ", ".join(
                self.warehouse.column(
                    "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::regclass "
                    "AND attnum > 0 AND NOT attisdropped AND attname !~ '^_' ORDER BY attnum",
                    [raw],
                )
            )
            found = self.warehouse.column(
                f"SELECT row({columns})::text FROM (SELECT DISTINCT ON (id) * FROM {raw} "
                "ORDER BY id, _run_id DESC) AS t WHERE NOT _is_deleted"
            )
            assert sorted(found) == sorted(wanted) != []

    def tables_of_contract(self) -> set[str]:
        """Name the tables of the contract."""
        return set(load_contract(self.root, "production").tables)
