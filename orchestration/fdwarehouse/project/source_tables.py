"""A table of a source and how it is read, from its settings and its contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fdwarehouse.errors import FdwarehouseError, Problems
from fdwarehouse.identifiers import qualified
from fdwarehouse.project.chosen_tables import generated_name
from fdwarehouse.project.config import MaxDeletedConfig, Mode, SourceConfig, TableConfig
from fdwarehouse.project.contract import Table as ContractTable
from fdwarehouse.project.hashing import HashedColumn, base_type, hashed_columns

LOWER_BOUNDS = {
    "timestamp with time zone": "etl.extract_since",
    "timestamp without time zone": "etl.extract_since_local",
    "date": "etl.extract_since_date",
}
RISING = "etl.extract_since_rising"
_LOWER_BOUNDS_OF_NUMBERS = dict.fromkeys(("smallint", "integer", "bigint"), RISING)
LOWER_BOUNDS_OF_IDS = {
    "xid8": "etl.extract_since_xid",
    "bigint": "etl.extract_since_number",
}

_LOCAL_TIMES = ("etl.extract_since_local", "etl.extract_since_date")

_WATERMARKS = {
    "time": (
        "a time or a rising integer",
        "Name a column with the time of the last change, or use mode: snapshot.",
    ),
    "xid": (
        "a transaction id",
        "Name a column of type xid8 or bigint: see docs/fence-by-transaction-id.md.",
    ),
}
# Columns that bronze adds, and names that mean something else in the mechanics' statements.
_TAKEN_COLUMNS = {
    *("_run_id", "_extracted_at", "_is_deleted", "_source_system", "_sign", "_was_deleted"),
    *("_row_hash", "_copies", "_tableoid"),
    *("p_run_id", "p_since_run_id", "p_chunk", "p_from_key", "p_before_key", "p_buckets"),
}
_UNSORTABLE_TYPES = {
    *("json", "jsonpath", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"),
    *("xid", "cid", "pg_snapshot", "txid_snapshot", "refcursor", "gtsvector"),
}
_UNHASHABLE_TYPES = {"bit", "bit varying", "money", "tsvector", "tsquery"}
_TAKEN_TABLES = re.compile("_columns|_tables|_fence|_storage|_rewritten|_(pg|all)_.*")
_AGAIN = "If production has changed, run `fdwarehouse contract`; else fix warehouse.yaml."
# PostgreSQL truncates a name to 63 bytes; the longest name derived from a table's is that of its
# constraint.
MAX_NAME_BYTES = 63 - len("raw__one_version_a_run")


@dataclass(frozen=True)
class SourceColumn:
    """A column of a foreign table."""

    name: str
    type: str
    """As usually written: ``numeric(10, 2)``."""
    source_type: str | None = None
    """Type in the source, if the warehouse does not know it."""
    key_position: int | None = None
    """Position in the key of the table, from 1."""
    comment: str | None = None
    """Its comment in the source."""


# What bronze has instead of a key: identical rows are one row with their number.
_OF_MULTISET = [SourceColumn("_row_hash", "uuid"), SourceColumn("_copies", "bigint")]


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
    """The foreign table, quoted; or the view of it with the rows that are read."""
    mounted_table: str
    """The foreign table, quoted."""
    key: list[str]
    mode: str
    watermark: str | None
    lower_bound: str | None
    """Function that returns the watermark from which the table must be read."""
    is_watermark_nullable: bool
    """Whether rows may have no watermark; every run reads these."""
    contract_columns: list[SourceColumn]
    reconcile_every: str | None
    """Time between two reconciliations; None if every run compares the whole table."""
    is_hashed: bool
    """Whether the source can hash its rows in buckets; else a reconciliation reads all rows."""
    key_hashes: list[HashedColumn]
    row_hashes: list[HashedColumn]
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
    def first_key(self) -> SourceColumn:
        """The column whose values divide a first load into chunks."""
        return next(c for c in self.contract_columns if c.name == self.key[0])

    @property
    def is_without_children(self) -> bool:
        """Whether rows of the tables that inherit from it are left out."""
        return self.mounted_table != self.foreign_table

    @property
    def is_multiset(self) -> bool:
        """Whether it has no key, and identical rows are counted."""
        return self.mode == "multiset"

    @property
    def raw_columns(self) -> list[SourceColumn]:
        """The columns that its table in bronze has, without metadata."""
        return self.contract_columns + (_OF_MULTISET if self.is_multiset else [])

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


class UnfitError(Exception):
    """What is wrong with a table, and what to do: its two arguments."""


def problems_of_table(
    fence: str, settings: TableConfig, contract: ContractTable | None
) -> Iterator[UnfitError]:
    """Yield why a table cannot be read as its settings say; see `make_table`."""
    if settings.local_name and (problem := _problem_of_name(settings.local_name)):
        way_out = "Give it another name in warehouse.yaml: as: a_name."
        yield UnfitError(problem, way_out)
    if contract is None:
        yield UnfitError("warehouse.yaml names a table that the contract does not have", _AGAIN)
        return
    for column in contract.columns:
        if column in _TAKEN_COLUMNS:
            yield UnfitError(
                f"column {column}: the name is reserved in bronze",
                "Read a view in production that renames it.",
            )
    if settings.inherit == "only" and not contract.has_children:
        yield UnfitError(
            "inherit: only, but no table inherits from it",
            f"Remove it from warehouse.yaml. {_AGAIN}",
        )
    yield from _problems_of_key(settings, contract)
    if settings.watermark in contract.columns:
        try:
            _lower_bound(fence, settings.watermark, contract)
        except UnfitError as error:
            yield error


def local_name(settings: TableConfig, schema: str | None, table: str) -> str:
    """Name a table in the warehouse: as chosen, else with its schema, cut and hashed if too long.

    Args:
        settings: of the table.
        schema: of the table, if that is not the source's; else None.
        table: its name there.
    """
    name = table if schema is None else f"{schema}_{table}"
    return settings.local_name or (
        generated_name(name, MAX_NAME_BYTES) if _problem_of_name(name) else name
    )


def _make_table(
    source: str, config: SourceConfig, name: str, settings: TableConfig, contract: ContractTable
) -> SourceTable:
    table_name = contract.name_in_schema(name)
    known_as = local_name(settings, contract.schema_name, table_name)
    key = _key(settings, contract)
    is_only = settings.inherit == "only"
    wanted = contract.columns
    if settings.reconcile.depth == "key":
        wanted = {n: c for n, c in wanted.items() if n in (*key, settings.watermark)}
    row_hashes = hashed_columns(wanted)
    reconcile_every = settings.reconcile.every if settings.watermark else None
    return SourceTable(
        name=name,
        schema_name=contract.schema_name or config.schema_name,
        table_name=table_name,
        raw_name=f"raw_{known_as}",
        foreign_table=qualified(source, known_as),
        mounted_table=qualified(source, f"_all_{known_as}" if is_only else known_as),
        key=key,
        mode=_mode(settings, contract),
        watermark=settings.watermark,
        lower_bound=_lower_bound(config.fence, settings.watermark, contract),
        is_watermark_nullable=(
            settings.watermark is not None and not contract.columns[settings.watermark].not_null
        ),
        contract_columns=[
            SourceColumn(
                n,
                re.sub(", *", ", ", c.type),
                c.source_type,
                key.index(n) + 1 if n in key and key == contract.primary_key else None,
                c.comment,
            )
            for n, c in contract.columns.items()
        ],
        reconcile_every=reconcile_every,
        is_hashed=reconcile_every is not None and len(row_hashes) == len(wanted),
        key_hashes=[h for h in row_hashes if h.name in key],
        row_hashes=row_hashes,
        max_deleted=settings.max_deleted if settings.max_deleted != "any" else None,
        fetch_size=settings.fetch_size,
        partitions=settings.partitions,
        comment=contract.comment,
    )


def _mode(settings: TableConfig, contract: ContractTable) -> Mode:
    if settings.mode or settings.watermark:
        return settings.mode or "watermark"
    return "snapshot" if settings.key or contract.primary_key else "multiset"


def _key(settings: TableConfig, contract: ContractTable) -> list[str]:
    if _mode(settings, contract) == "multiset":
        return [_OF_MULTISET[0].name]
    return settings.key or contract.primary_key


def _problem_of_name(name: str) -> str | None:
    """Say why a table cannot have a name in the warehouse; None if it can."""
    if not name.isprintable():
        return (
            f"the name contains a line break or another character that cannot be printed: {name!r}"
        )
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"is too long a name for the warehouse; the limit is {MAX_NAME_BYTES} bytes"
    if _TAKEN_TABLES.fullmatch(name):
        return f"the warehouse has its own {name} for every source"
    return None


def _problems_of_key(settings: TableConfig, contract: ContractTable) -> Iterator[UnfitError]:
    is_multiset = _mode(settings, contract) == "multiset"
    key = [] if is_multiset else _key(settings, contract)
    if not key and not is_multiset:
        yield UnfitError(
            "it has no primary key",
            "Name the columns of its key in warehouse.yaml; if it has none, use mode: multiset.",
        )
    for column in dict.fromkeys((*key, *([settings.watermark] if settings.watermark else []))):
        if column not in contract.columns:
            yield UnfitError(f"column {column} of warehouse.yaml is not in the contract", _AGAIN)
    for column in dict.fromkeys(c for c in key if c in contract.columns):
        type_ = contract.columns[column].type
        if key.count(column) > 1:
            yield UnfitError(f"its key names column {column} twice", "Name it once.")
        if base_type(type_).removesuffix("[]") in _UNSORTABLE_TYPES:
            yield UnfitError(
                f"column {column} is of type {type_}, whose values cannot be sorted",
                "Name other columns as its key.",
            )
        if settings.partitions and base_type(type_).removesuffix("[]") in _UNHASHABLE_TYPES:
            yield UnfitError(
                f"column {column} is of type {type_}, which cannot be hashed for partitions",
                "Name other columns as its key, or remove partitions.",
            )


def _lower_bound(fence: str, watermark: str | None, contract: ContractTable) -> str | None:
    """Name the function that returns the watermark from which the table must be read."""
    if watermark is None:
        return None
    column = contract.columns[watermark]
    is_id = fence == "xid"
    bounds = LOWER_BOUNDS_OF_IDS if is_id else LOWER_BOUNDS | _LOWER_BOUNDS_OF_NUMBERS
    lower_bound = bounds.get(base_type(column.type))
    if lower_bound is None:
        expected, way_out = _WATERMARKS["xid" if is_id else "time"]
        raise UnfitError(f"watermark {watermark} is of type {column.type}, not {expected}", way_out)
    return lower_bound
