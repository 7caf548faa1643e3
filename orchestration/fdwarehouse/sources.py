"""A source as the templates see it: configuration and contract brought together and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fdwarehouse.config import Config, TableConfig
from fdwarehouse.contract import Contract
from fdwarehouse.contract import Table as ContractTable
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.hashing import HashedColumn, base_type, hashed_columns
from fdwarehouse.identifiers import ident

LOWER_BOUNDS = {
    "timestamp with time zone": "etl.extract_since",
    "timestamp without time zone": "etl.extract_since_local",
    "date": "etl.extract_since_date",
}
LOWER_BOUNDS_OF_IDS = {
    "xid8": "etl.extract_since_xid",
    "bigint": "etl.extract_since_number",
}

_WATERMARKS = {
    "time": ("a time", "Name a column with the time of the last change, or say mode: snapshot."),
    "xid": (
        "a transaction id",
        "Name a column of type xid8 or bigint: see docs/fence-by-transaction-id.md.",
    ),
}
# Of every foreign server, unless the connection string says otherwise. cursor_tuple_fraction: all
# rows of a cursor are read, so production should plan for all.
SERVER_OPTIONS = {
    "fetch_size": "10000",
    "updatable": "false",
    "truncatable": "false",
    "application_name": "fdwarehouse",
    "connect_timeout": "10",
    "options": "-c cursor_tuple_fraction=1.0",
    # A network that is cut without a word is noticed after a minute.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
# Options of postgres_fdw's own that an administrator may add to a server; a deploy leaves them.
OPTIONS_BY_HAND = (
    *("use_remote_estimate", "fdw_startup_cost", "fdw_tuple_cost", "extensions", "batch_size"),
    *("async_capable", "parallel_commit", "parallel_abort", "analyze_sampling", "keep_connections"),
)


@dataclass(frozen=True)
class SourceColumn:
    """A column as it is mounted."""

    name: str
    type: str
    """As a person would write it: ``numeric(10, 2)``."""
    source_type: str | None = None
    """Type in the source, where the warehouse does not know it."""
    key_position: int | None = None
    """Place in the primary key that the table is known by, from 1."""


@dataclass(frozen=True)
class SourceTable:
    """A table of a source and how it is read."""

    name: str
    raw_name: str
    foreign_table: str
    key: list[str]
    mode: str
    watermark: str | None
    lower_bound: str | None
    """Function that says from which watermark on the table must be read."""
    contract_columns: list[SourceColumn]
    reconcile_every: str | None
    """Time between two reconciliations; None where every run compares the whole table."""
    is_hashed: bool
    """Whether the source can hash its rows in buckets; else a reconciliation reads all of them."""
    key_hashes: list[HashedColumn]
    row_hashes: list[HashedColumn]

    @property
    def model(self) -> str:
        """Name of its step, and of its table in bronze."""
        return f"bronze.{self.raw_name}"

    @property
    def raw_table(self) -> str:
        """Its table in bronze, quoted."""
        return f"bronze.{ident(self.raw_name)}"

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [c.name for c in self.contract_columns]


@dataclass(frozen=True)
class Source:
    """A source: a foreign server and the tables taken from it."""

    name: str
    schema_name: str
    source_system: str
    fence: str
    lookback: str
    overlap: str
    warn_after: str
    time_zone: str | None
    local_time_zone: str
    """In which its time stamps without time zone are written."""
    tables: list[SourceTable]


def make_sources(config: Config, contracts: dict[str, Contract]) -> list[Source]:
    """Bring configuration and contracts together.

    Args:
        config: what the user decided.
        contracts: what each source looks like, by name.

    Raises:
        FdwarehouseError: a table, key or watermark of the configuration is not in the contract, or
            cannot serve as what it should be; the message names it.
    """
    return [
        Source(
            name=name,
            schema_name=source.schema_name,
            source_system=source.source_system,
            fence=source.fence,
            lookback=source.lookback,
            overlap=source.overlap,
            warn_after=source.warn_after,
            time_zone=source.time_zone,
            local_time_zone=source.time_zone or contracts[name].time_zone,
            tables=[
                _make_table(name, source.fence, table, settings, contracts[name].tables.get(table))
                for table, settings in source.tables.items()
            ],
        )
        for name, source in config.sources.items()
    ]


def _make_table(
    source: str, fence: str, name: str, settings: TableConfig, contract: ContractTable | None
) -> SourceTable:
    def wrong(problem: str, hint: str) -> FdwarehouseError:
        return FdwarehouseError(f"{source}.{name}: {problem}", hint=hint)

    again = "If production has changed, run `fdwarehouse contract`; else mend warehouse.yaml."
    if contract is None:
        raise wrong("warehouse.yaml names a table that the contract does not have", again)
    key = settings.key or contract.primary_key
    if not key:
        raise wrong("it has no primary key", "Say in warehouse.yaml which columns are its key.")
    for column in (*key, *([settings.watermark] if settings.watermark else [])):
        if column not in contract.columns:
            raise wrong(f"column {column} of warehouse.yaml is not in the contract", again)
    lower_bound = None
    if settings.watermark:
        watermark = contract.columns[settings.watermark]
        type_ = base_type(watermark.type)
        lower_bound = (LOWER_BOUNDS_OF_IDS if fence == "xid" else LOWER_BOUNDS).get(type_)
        if lower_bound is None:
            expected, hint = _WATERMARKS["xid" if fence == "xid" else "time"]
            raise wrong(
                f"watermark {settings.watermark} is of type {watermark.type}, not {expected}", hint
            )
        if not watermark.not_null:
            raise wrong(
                f"watermark {settings.watermark} may be null, and such rows would be missed",
                "Declare it NOT NULL in production, or say mode: snapshot.",
            )
    wanted = contract.columns
    if settings.reconcile.depth == "key":
        wanted = {n: c for n, c in wanted.items() if n in (*key, settings.watermark)}
    row_hashes = hashed_columns(wanted)
    reconcile_every = settings.reconcile.every if settings.mode != "snapshot" else None
    return SourceTable(
        name=name,
        raw_name=f"raw_{name}",
        foreign_table=f"{ident(source)}.{ident(name)}",
        key=key,
        mode=settings.mode,
        watermark=settings.watermark,
        lower_bound=lower_bound,
        contract_columns=[
            SourceColumn(
                n,
                re.sub(", *", ", ", c.type),
                c.source_type,
                key.index(n) + 1 if n in key and key == contract.primary_key else None,
            )
            for n, c in contract.columns.items()
        ],
        reconcile_every=reconcile_every,
        is_hashed=reconcile_every is not None and len(row_hashes) == len(wanted),
        key_hashes=[h for h in row_hashes if h.name in key],
        row_hashes=row_hashes,
    )
