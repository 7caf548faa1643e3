"""A production other than the shop, with any key and column type, and its warehouse."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import psycopg
import yaml

from fdwarehouse.database.inspection import inspect
from fdwarehouse.project.config import load_config
from fdwarehouse.project.contract import contract_path, dump_contract
from tests.harness import Row, Shop, Warehouse

SCHEMA = """
CREATE SCHEMA "clinic 'A'";
SET search_path = "clinic 'A'";
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE visits (
    visit uuid PRIMARY KEY,
    report json,
    findings jsonb,
    tags text [],
    letter xml,
    "Mood" mood,
    "order" point,
    dose numeric,
    scan bytea,
    stay tsrange,
    device inet,
    lasted interval,
    changed_at timestamptz NOT NULL
);
CREATE TABLE readings (
    sensor text,
    number bigint,
    value double precision,
    received_at timestamp(3) NOT NULL,
    PRIMARY KEY (number, sensor)
);
CREATE TABLE wards (ward char(3) PRIMARY KEY, beds smallint);
CREATE TABLE diary (entry int PRIMARY KEY, said text, changed_on date NOT NULL);
GRANT USAGE ON SCHEMA "clinic 'A'"TO warehouse_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA "clinic 'A'"TO warehouse_reader;
"""
CONFIG: dict[str, Any] = {
    "project": "hospital",
    "sources": {
        "clinic": {
            "schema": "clinic 'A'",
            "source_system": "it's the clinic",
            "overlap": "0 seconds",
            "tables": {
                "visits": {"watermark": "changed_at"},
                "readings": {"watermark": "received_at"},
                "wards": {"mode": "snapshot"},
                "diary": {"key": ["entry"], "watermark": "changed_on"},
            },
        }
    },
}


class Clinic:
    """A production with another schema, and its warehouse, which has only bronze."""

    def __init__(self, shop: Shop, warehouse: Warehouse, root: Path) -> None:
        self.shop = shop
        self.warehouse = warehouse
        self.root = root
        with psycopg.connect(shop.urls["admin"]) as connection:
            connection.execute(SCHEMA.encode())
        self.configure(CONFIG)
        warehouse.deploy(root, source="clinic")

    def configure(self, config: dict[str, Any]) -> None:
        """Write warehouse.yaml, and the contract as the tool does."""
        (self.root / "warehouse.yaml").write_text(yaml.safe_dump(config))
        source = load_config(self.root).sources["clinic"]
        urls = self.warehouse.urls["owner"], self.shop.urls["reader"]
        path = contract_path(self.root, "clinic")
        path.parent.mkdir(exist_ok=True)
        path.write_text(dump_contract(inspect(urls[0], "clinic", source, urls[1])))

    def write(self, *statements: str) -> None:
        """Change production."""
        with self.shop.connect() as connection:
            connection.execute("""SET search_path = "clinic 'A'" """)
            for statement in statements:
                connection.execute(statement.encode())

    def run(self, table: str, columns: str) -> list[Row]:
        """Run the pipeline, and return what it appended to a table."""
        query = f"SELECT {columns} FROM bronze.raw_{table} WHERE _run_id = %s ORDER BY 1"
        return self.warehouse.rows(query, [self.warehouse.run()])


def with_tables(tables: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration with further tables."""
    config = deepcopy(CONFIG)
    config["sources"]["clinic"]["tables"] |= tables
    return config
