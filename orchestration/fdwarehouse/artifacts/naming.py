"""What other tools call the tables of a warehouse and of its sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fdwarehouse.identifiers import ident, unqualified


@dataclass(frozen=True)
class Place:
    """A database: its server and its name."""

    host: str
    port: int
    database: str

    @property
    def namespace(self) -> str:
        """The server, as OpenLineage names it."""
        return f"postgres://{self.host}:{self.port}"


@dataclass(frozen=True)
class Relation:
    """A table or view in a database, with plain names."""

    place: Place
    schema: str
    name: str

    @property
    def dataset(self) -> tuple[str, str]:
        """Namespace and name, as OpenLineage's naming specification has them for PostgreSQL."""
        return self.place.namespace, f"{self.place.database}.{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        """The table with its database, every name in quotes, as dbt writes it."""
        return ".".join(f'"{p}"' for p in (self.place.database, self.schema, self.name))


def relation_of(table: str, place: Place) -> Relation:
    """Return the relation of a table of the warehouse.

    Args:
        table: its name, quoted where needed: `gold.fact_sales`.
        place: the warehouse.
    """
    name = unqualified(table)
    schema = table[: len(table) - len(ident(name)) - 1]
    return Relation(place, schema.strip('"').replace('""', '"'), name)


def short_names(tables: Iterable[str]) -> Mapping[str, str]:
    """Name tables without their schema; those of two schemas with it: `silver_orders`.

    Args:
        tables: names as `schema.name`, quoted where needed.
    """
    by_short: dict[str, list[str]] = {}
    for table in tables:
        by_short.setdefault(unqualified(table), []).append(table)
    return {
        table: short if len(same) == 1 else f"{table.partition('.')[0]}_{short}"
        for short, same in by_short.items()
        for table in same
    }
