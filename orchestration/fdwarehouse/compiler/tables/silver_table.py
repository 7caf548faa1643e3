"""A table of silver: the latest accepted version of each row of one table of bronze."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import jinja2

from fdwarehouse.compiler.algebra.catalog import Relation
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.table import constraints, table_context
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.compiler.tables.versions import VersionSelect
from fdwarehouse.project.checks import Check, check_name
from fdwarehouse.project.source_tables import SourceTable

_BY_TIME = ("etl.extract_since", "etl.extract_since_local")


@dataclass(frozen=True)
class SilverTable:
    """A table of silver with its definition.

    Attributes:
        target: its last column is `is_deleted`.
        definition: its file.
        select: its SELECT, split into parts.
        source: the table that it reads.
        zone: time zone of the source's time stamps without time zone.
        source_key: columns of the source that are its key; empty if the key is computed, so that
            several rows of the source can have one key.
    """

    target: Target
    definition: Definition
    select: VersionSelect
    source: SourceTable
    zone: str
    source_key: tuple[str, ...]

    @property
    def is_computed(self) -> bool:
        """Whether several rows of the source can have one key."""
        return not self.source_key

    @property
    def logs(self) -> Mapping[Relation, tuple[str, ...]]:
        """It reads no log: rows are only added to bronze."""
        return {}

    @property
    def kept_up(self) -> str:
        """How it is maintained, in one line."""
        key = ", ".join(self.target.key)
        return f"incremental by {key} from {self.source.raw_table}{self.target.partitioned}"

    def files(self, environment: jinja2.Environment) -> Iterator[tuple[str, str]]:
        """Yield name and SQL of each object, the table first.

        Args:
            environment: has the templates of the mechanics.
        """
        is_live = "is_deleted OR "
        context = table_context(self.target, self.definition, self.kept_up) | {
            "constraints": [
                *constraints(self.target, self.definition.header.columns, unless=is_live),
                (f"{self.target.name}__is_deleted__not_null"[:63], "NOT NULL is_deleted"),
            ],
            "indexes": [],
            "select": self.select,
            "table": self.source,
            "zone": self.zone,
            "rules": self.definition.header.reject,
            "is_computed": self.is_computed,
        }

        def rendered(name: str) -> str:
            return environment.get_template(f"per_select/{name}.sql").render(context)

        yield self.target.qualified, rendered("table")
        yield self.target.versions, rendered("versions")
        if self.target.partitions:
            yield self.target.dates, rendered("silver_dates")
        if self.target.logged:
            yield self.target.log_row, rendered("image")
        yield self.target.writer, rendered("silver_writer")
        yield self.target.as_of, rendered("versions_as_of")

    def checks(self, environment: jinja2.Environment) -> Iterator[Check]:
        """Yield the check that compares it with its source, if rows correspond to the source's.

        Args:
            environment: has the templates of the mechanics.
        """
        if self.is_computed or self.select.condition or self.source.lower_bound not in _BY_TIME:
            return
        totals = self.definition.header.totals
        select = environment.get_template("per_select/matches_source.sql").render(
            target=self.target,
            table=self.source,
            keys=list(zip(self.target.key, self.source_key, strict=True)),
            totals=totals,
        )
        what = " and ".join(["rows", *totals])
        yield Check(
            check_name(self.target.name, "matches_source"),
            "silver",
            "warn",
            "full",
            f"{self.target.qualified} has the {what} of its source as of the last fence, except "
            "for rows that are rejected; a difference is a change that is not reconciled yet.",
            select.strip(),
            self.definition.path,
        )
