"""The tables of the warehouse as assets of Airflow, named by where they are.

An asset's URI, `postgres://host:port/database/schema/table`, is the same in every DAG, and means
the same table as OpenLineage's name of it. The connection is read from AIRFLOW_CONN_WAREHOUSE, a
URI or JSON. If Airflow keeps it elsewhere, WAREHOUSE_ASSETS says where the tables are, such as
`postgres://host:5432/database`. With neither, an asset has only the name of its table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from urllib.parse import urlsplit

from airflow.sdk import Asset


def assets(schema: str, tables: Iterable[str]) -> list[Asset]:
    """Return the assets of some tables.

    Args:
        schema: Schema of the tables; that of a source has its foreign tables.
        tables: Their names.
    """
    place = os.environ.get("WAREHOUSE_ASSETS") or _place(os.environ.get("AIRFLOW_CONN_WAREHOUSE"))
    names = {table: f"{schema}.{table}" for table in tables}
    if place is None:
        return [Asset(name) for name in names.values()]
    return [
        Asset(name, uri=f"{place.rstrip('/')}/{schema}/{table}") for table, name in names.items()
    ]


def _place(connection: str | None) -> str | None:
    """Return the database of a connection as a URI without user and password; None if unknown."""
    if not connection:
        return None
    if connection.lstrip().startswith("{"):
        known = json.loads(connection)
        host, port, database = (known.get(name) for name in ("host", "port", "schema"))
    else:
        parts = urlsplit(connection)
        host, port, database = parts.hostname, parts.port, parts.path.strip("/")
    return f"postgres://{host}:{port or 5432}/{database}" if host and database else None
