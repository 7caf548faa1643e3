"""Facts from PostgreSQL's catalogue about the relations and functions of a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RUN_ID = "_run_id"
"""The column with the run that last wrote a row."""


@dataclass(frozen=True)
class ColumnFact:
    """One column of a table or of a definition's result."""

    name: str
    type: str
    """As `format_type` prints it: `numeric(10,2)`."""
    not_null: bool = False
    scale: int | None = None
    """Of a numeric column, the digits after the decimal point, if all values have the same."""


@dataclass(frozen=True)
class Dependency:
    """A functional dependency: rows that agree in some columns agree in others."""

    by: tuple[str, ...]
    columns: frozenset[str]


@dataclass(frozen=True)
class Period:
    """The validity of a row, `start <= t < end`; rows of one key do not overlap."""

    key: tuple[str, ...]
    start: str
    end: str


@dataclass(frozen=True)
class Known:
    """Facts from the definition of a table that PostgreSQL's catalogue does not have."""

    scales: Mapping[str, int] = field(default_factory=dict)
    """Of numeric columns, digits after the decimal point that all values have."""
    dependencies: tuple[Dependency, ...] = ()
    period: Period | None = None


@dataclass(frozen=True, eq=False)
class Relation:
    """A table that definitions read."""

    schema: str
    name: str
    columns: tuple[ColumnFact, ...]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    """Other unique column lists; nulls count as different."""
    removes_rows: bool = True
    """Whether rows can be deleted; if not, a deleted row is marked in a column."""
    logged: frozenset[str] | None = None
    """Columns that its change log has or can have; None if it cannot have a log."""
    dependencies: tuple[Dependency, ...] = ()
    period: Period | None = None

    @property
    def qualified(self) -> str:
        """`schema.name`, unquoted."""
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> ColumnFact:
        """Find a column by its name."""
        return next(c for c in self.columns if c.name == name)


@dataclass(frozen=True)
class View:
    """A view that definitions read: its text, as `pg_get_viewdef` prints it."""

    definition: str


@dataclass(frozen=True)
class Catalog:
    """The facts of all relations that a set of definitions reads."""

    relations: Mapping[tuple[str, str], Relation | View] = field(default_factory=dict)
    aggregates: frozenset[tuple[str, ...]] = frozenset()
    """Names of aggregate functions: one part for pg_catalog's, else schema and name."""
    set_returning: frozenset[tuple[str, ...]] = frozenset()
    """Names of functions that return sets."""
