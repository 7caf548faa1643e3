"""The names and parts that the three files of dbt share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from fdwarehouse.artifacts.naming import short_names
from fdwarehouse.artifacts.observed import Observed
from fdwarehouse.identifiers import unqualified

DBT_VERSION = "1.11.0"
"""The version of dbt whose files these are like."""
_SCHEMAS = "https://schemas.getdbt.com/dbt"


class Names:
    """The ids of a warehouse's tables and checks in dbt's files.

    Args:
        observed: the warehouse.
    """

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.package = re.sub(r"\W", "_", observed.project)

    @cached_property
    def tables(self) -> Mapping[str, str]:
        """The name of each table's model."""
        return short_names(table.name for table in self.observed.described.tables)

    @cached_property
    def models(self) -> Mapping[str, str]:
        """The id of each table's model."""
        return {table: f"model.{self.package}.{name}" for table, name in self.tables.items()}

    @cached_property
    def sources(self) -> Mapping[str, str]:
        """The id of each table of a source that bronze reads, by its foreign table."""
        read = {origin.from_table for origin in self.observed.described.origins}
        return {
            table: f"source.{self.package}.{table.partition('.')[0]}.{unqualified(table)}"
            for table in sorted(self.observed.sources)
            if table in read
        }

    def test(self, name: str) -> str:
        """Return the id of a test.

        Args:
            name: of the test.
        """
        return f"test.{self.package}.{name}.{sha256(name.encode()).hexdigest()[:10]}"

    def metadata(self, artifact: str, version: int) -> dict[str, object]:
        """Return the metadata of a file.

        Args:
            artifact: name of its schema, such as `catalog`.
            version: of the schema.
        """
        at = self.observed.observed_at
        return {
            "dbt_schema_version": f"{_SCHEMAS}/{artifact}/v{version}.json",
            "dbt_version": DBT_VERSION,
            "generated_at": at,
            "invocation_id": str(uuid5(NAMESPACE_URL, f"{self.observed.place.namespace} {at}")),
            "env": {},
        }
