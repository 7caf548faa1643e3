"""A table that is written: its columns, its key, and the names of its objects."""

from __future__ import annotations

from dataclasses import dataclass, field

from fdwarehouse.compiler.algebra.lineage import Lineage
from fdwarehouse.compiler.deltas.images import look_alike
from fdwarehouse.identifiers import qualified
from fdwarehouse.project.header import Partitions


@dataclass(frozen=True)
class Target:
    """The table that is written."""

    schema: str
    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    """Name and type of each column, in the order of the definition."""
    logged: tuple[str, ...] = ()
    """Columns of its change log; none if no table reads one."""
    generated: tuple[tuple[str, str], ...] = ()
    """Name and type of generated columns, which are read but not written."""
    partitions: Partitions | None = None
    types_read: frozenset[str] = frozenset()
    """Columns that its definition reads, with their types."""
    checked: frozenset[str] = frozenset()
    """Columns whose reference cannot be a foreign key: they refer to a partitioned table."""
    lineage: Lineage = field(default_factory=dict)
    """Where the columns of its SELECT come from."""

    def _named(self, prefix: str = "", suffix: str = "") -> str:
        return qualified(self.schema, f"{prefix}{self.name}{suffix}")

    @property
    def qualified(self) -> str:
        """The table, quoted."""
        return self._named()

    @property
    def writer(self) -> str:
        """The function that writes it."""
        return self._named(prefix="write_")

    @property
    def affected(self) -> str:
        """The function that returns the affected keys, unless all rows are computed."""
        return self._named(suffix="_affected")

    @property
    def definition(self) -> str:
        """The view with its definition."""
        return self._named(suffix="_definition")

    @property
    def versions(self) -> str:
        """In silver, the view of all versions, cleaned."""
        return self._named(suffix="_versions")

    @property
    def state(self) -> str:
        """The state of its groups, if they are counted."""
        return self._named(suffix="_state")

    @property
    def dates(self) -> str:
        """If it is partitioned, the view or function with the dates of new rows."""
        return self._named(suffix="_dates")

    @property
    def as_of(self) -> str:
        """Of a dimension or a table of silver, the function that returns it as of a moment."""
        return self._named(suffix="_as_of")

    @property
    def log(self) -> str:
        """Its change log."""
        return self._named(suffix="_changes")

    @property
    def log_row(self) -> str:
        """A view whose row type is that of an image."""
        return self._named(suffix="_image")

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns that the table keeps unique: if partitioned, the key with the date."""
        by = self.partitions.by if self.partitions else self.key[0]
        return self.key if by in self.key else (*self.key, by)

    @property
    def partitioned(self) -> str:
        """How it is partitioned, to append to a sentence; empty if it is not."""
        return f", {self.partitions.description}" if self.partitions else ""

    @property
    def names(self) -> list[str]:
        """Names of its columns."""
        return [name for name, _ in self.columns]

    @property
    def readable(self) -> tuple[tuple[str, str], ...]:
        """Name and type of each column that others may read."""
        return (*self.columns, *self.generated)

    @property
    def logged_columns(self) -> list[tuple[str, str]]:
        """Name and type of each column of the change log."""
        return [(name, kind) for name, kind in self.readable if name in self.logged]

    @property
    def imaged(self) -> list[str]:
        """Columns to compare: all except keys whose equal values look the same."""
        coarse = {name for name, kind in self.columns if not look_alike(kind)}
        return [n for n in self.names if n not in self.key or n in coarse]

    @property
    def values(self) -> list[str]:
        """Names of the columns other than the key."""
        return [n for n in self.names if n not in self.key]
