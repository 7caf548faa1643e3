"""A table of a source and how it is read, from its settings and its contract."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fdwarehouse.errors import FdwarehouseError, Problems
from fdwarehouse.identifiers import qualified
from fdwarehouse.project.chosen_columns import (
    SourceColumn,
    compared_columns,
    left_out,
    mounted_columns,
    stored_type,
    watched_columns,
)
from fdwarehouse.project.config import MaxDeletedConfig, SourceConfig, TableConfig
from fdwarehouse.project.contract import Table as ContractTable
from fdwarehouse.project.hashing import HashedColumn, hashed_columns
from fdwarehouse.project.local_names import local_name
from fdwarehouse.project.table_rules import (
    OF_MULTISET,
    RISING,
    key_of,
    lower_bound,
    mode_of,
    problems_of_table,
)

_LOCAL_TIMES = ("etl.extract_since_local", "etl.extract_since_date")
_MOUNTED = "_mounted_"


@dataclass(frozen=True)
class SourceTable:
    """A table of a source and how it is read."""

    name: str
    """Name in the contract: ``orders``, or ``sales.orders`` in another schema than the source's."""
    schema_name: str
    table_name: str
    """Name in its schema."""
    raw_name: str
    foreign_table: str
    """The foreign table, quoted; a view over it if rows or values are changed while they are
    read."""
    mounted_table: str
    """The foreign table itself."""
    mounted_columns: dict[str, str]
    """Types of its columns, by name."""
    where: str | None
    """Condition of the rows that are read."""
    is_without_children: bool
    """Whether rows of the tables that inherit from it are left out."""
    watched_columns: list[SourceColumn]
    """Columns as the contract has them, with those that only the condition reads."""
    left_out: list[str | None]
    """Columns of production that are not missed; None: any."""
    key: list[str]
    mode: str
    watermark: str | None
    lower_bound: str | None
    """Function that returns the watermark from which the table must be read."""
    is_watermark_nullable: bool
    """Whether rows may have no watermark; every run reads these."""
    contract_columns: list[SourceColumn]
    """The columns that are taken, as the warehouse has them."""
    reconcile_every: str | None
    """Time between two reconciliations; None if every run compares the whole table."""
    is_hashed: bool
    """Whether the source can hash its rows in buckets; else a reconciliation reads all rows."""
    hashes_unstamped: bool
    """Whether the source can hash the rows that have no watermark, all at once, so that a run reads
    them only when they have changed."""
    key_hashes: list[HashedColumn]
    row_hashes: list[HashedColumn]
    retention: str | None
    """How long superseded versions are kept; None: for ever."""
    max_deleted: MaxDeletedConfig | None
    """How many rows may be gone at once; None: no limit."""
    fetch_size: int | None
    """Rows per fetch from the source; None: deploy chooses."""
    partitions: int | None
    """Number of partitions of its table in bronze; None: not partitioned."""
    is_mirrored: bool = False
    """Whether silver mirrors it, unless a file of silver reads it."""
    comment: str | None = None
    """Its comment in the source."""

    @property
    def local_name(self) -> str:
        """Its name in the warehouse."""
        return self.raw_name.removeprefix("raw_")

    @property
    def model(self) -> str:
        """Name of its step, which is that of its table in bronze."""
        return self.raw_table

    @property
    def raw_table(self) -> str:
        """Its table in bronze, quoted."""
        return qualified("bronze", self.raw_name)

    @property
    def bucket_function(self) -> str:
        """Function that returns the bucket of a row, from its key."""
        return qualified("bronze", f"bucket_of_{self.raw_name}")

    @property
    def hash_function(self) -> str:
        """Function that hashes a row."""
        return qualified("bronze", f"hash_{self.raw_name}")

    @property
    def partition_names(self) -> list[str]:
        """Names of the partitions of its table in bronze, in order of their remainders."""
        return [f"{self.raw_name}_p{n}" for n in range(self.partitions or 0)]

    @property
    def is_stamped_in_local_time(self) -> bool:
        """Whether its watermark is a time without time zone, whose clock can go back."""
        return self.lower_bound in _LOCAL_TIMES

    @property
    def can_be_unchanged(self) -> bool:
        """Whether a look at the source can show that nothing has changed."""
        return self.hashes_unstamped or not (self.watermark is None or self.is_watermark_nullable)

    @property
    def first_key(self) -> SourceColumn:
        """The column whose values divide a first load into chunks."""
        return next(c for c in self.contract_columns if c.name == self.key[0])

    @property
    def is_multiset(self) -> bool:
        """Whether it has no key, and identical rows are counted."""
        return self.mode == "multiset"

    @property
    def how_it_is_read(self) -> str:
        """How a run reads it, in a phrase."""
        every = f"compared as a whole every {self.reconcile_every}" if self.reconcile_every else ""
        if self.is_multiset:
            return "every run compares all rows; identical rows are counted, as it has no key"
        if self.watermark is None:
            return "every run compares all rows"
        if self.lower_bound == RISING:
            found = "updates and deletions are found when it is" if every else "only insertions"
            return (
                f"a rising number, {self.watermark}: larger ones are new; {found} {every}".rstrip()
            )
        return f"by {self.watermark}" + (f", {every}" if every else "")

    @property
    def raw_columns(self) -> list[SourceColumn]:
        """The columns that its table in bronze has, without metadata."""
        return self.contract_columns + (OF_MULTISET if self.is_multiset else [])

    @property
    def columns(self) -> list[str]:
        """Their names."""
        return [c.name for c in self.raw_columns]


def make_table(
    source: str,
    config: SourceConfig,
    name: str,
    settings: TableConfig,
    contract: ContractTable | None,
) -> SourceTable:
    """Combine the settings of a table with its contract.

    Args:
        source: name of the source.
        config: of the source.
        name: of the table, in the contract.
        settings: of the table, in ``warehouse.yaml``.
        contract: of the table; None if the source's contract lacks it.

    Raises:
        FdwarehouseError: they do not match, or the warehouse cannot use such names; the message
            names the table.
    """
    problems = Problems()
    for error in problems_of_table(config.fence, settings, contract):
        problem, way_out = error.args
        problems.add(
            FdwarehouseError(f"warehouse.yaml: {qualified(source, name)}: {problem}", hint=way_out)
        )
    problems.raise_found()
    assert contract
    return _make_table(source, config, name, settings, contract)


def _make_table(
    source: str, config: SourceConfig, name: str, settings: TableConfig, contract: ContractTable
) -> SourceTable:
    table_name = contract.name_in_schema(name)
    known_as = local_name(settings, contract.schema_name, table_name)
    key = key_of(settings, contract)
    wanted = compared_columns(settings, key, contract)
    row_hashes = hashed_columns({n: c for n, c in wanted.items() if n not in settings.mask})
    watched = watched_columns(settings, contract)
    is_only = settings.inherit == "only"
    is_changed = is_only or settings.where is not None or bool(settings.mask)
    foreign_table = qualified(source, known_as)
    reconcile_every = settings.reconcile.every if settings.watermark else None
    is_watermark_nullable = (
        settings.watermark is not None and not contract.columns[settings.watermark].not_null
    )
    can_hash = 0 < len(row_hashes) == len(wanted)
    return SourceTable(
        name=name,
        schema_name=contract.schema_name or config.schema_name,
        table_name=table_name,
        raw_name=f"raw_{known_as}",
        foreign_table=foreign_table,
        mounted_table=(qualified(source, f"{_MOUNTED}{known_as}") if is_changed else foreign_table),
        mounted_columns=mounted_columns(settings, contract.columns),
        where=settings.where,
        is_without_children=is_only,
        watched_columns=watched,
        left_out=left_out(settings),
        key=key,
        mode=mode_of(settings, contract),
        watermark=settings.watermark,
        lower_bound=lower_bound(config.fence, settings.watermark, contract),
        is_watermark_nullable=is_watermark_nullable,
        contract_columns=[
            replace(c, type=stored_type(contract.columns[c.name], c.mask) if c.mask else c.type)
            for c in watched
            if not contract.columns[c.name].only_where
        ],
        reconcile_every=reconcile_every,
        is_hashed=reconcile_every is not None and can_hash,
        hashes_unstamped=(
            (settings.watermark is None or is_watermark_nullable)
            and can_hash
            and settings.reconcile.depth == "all"
        ),
        key_hashes=[h for h in row_hashes if h.name in key],
        row_hashes=row_hashes,
        retention=settings.retention,
        max_deleted=settings.max_deleted if settings.max_deleted != "any" else None,
        fetch_size=settings.fetch_size,
        partitions=settings.partitions,
        comment=contract.comment,
    )
