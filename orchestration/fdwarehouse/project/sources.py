"""A source as the templates see it: configuration and contract, combined and validated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fdwarehouse.errors import FdwarehouseError, Problems
from fdwarehouse.identifiers import qualified
from fdwarehouse.project.chosen_tables import Pattern, exclusions, patterns, settings_of
from fdwarehouse.project.config import Config, SourceConfig
from fdwarehouse.project.contract import Contract
from fdwarehouse.project.source_tables import SourceTable, make_table
from fdwarehouse.project.table_rules import RISING

# Of every foreign server, unless the connection string says otherwise.
SERVER_OPTIONS = {
    "fetch_size": "10000",
    "updatable": "false",
    "truncatable": "false",
    "application_name": "fdwarehouse",
    "connect_timeout": "10",
    # A silently broken network connection is detected after a minute.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
# Of every session on a source, with the first version of PostgreSQL that knows them: the server
# refuses a connection with an unknown name. bootstrap.sql sets the same for the reader, for poolers
# that drop `options`.
SESSION_SETTINGS: dict[str, tuple[str, int]] = {
    "cursor_tuple_fraction": ("1.0", 12),  # every cursor is read to its end
    "statement_timeout": ("0", 12),  # a load takes as long as timeouts.step allows
    "idle_in_transaction_session_timeout": ("0", 12),  # it waits while bronze is written
    "idle_session_timeout": ("0", 14),
    "transaction_timeout": ("0", 17),
    # How values are written. postgres_fdw sets some of these itself, but once per connection; with
    # a transaction pooler, the next transaction may use another server process.
    "IntervalStyle": ("postgres", 12),
    "extra_float_digits": ("3", 12),
    "bytea_output": ("hex", 12),
    "xmlbinary": ("base64", 12),
    "xmloption": ("content", 12),
    "lc_monetary": ("C", 12),
    "quote_all_identifiers": ("off", 12),
}
LATER_SETTINGS = re.compile("-c (idle_session_timeout|transaction_timeout)=0 ?")
# The same, but a connection string cannot override them: nothing is written there, whatever code of
# production runs, and rows that are hidden from the reader are an error.
SAFETY_SETTINGS = {"default_transaction_read_only": "on", "row_security": "off"}
# Options of postgres_fdw that an administrator may add to a server; a deploy keeps them.
OPTIONS_BY_HAND = (
    *("use_remote_estimate", "fdw_startup_cost", "fdw_tuple_cost", "extensions", "batch_size"),
    *("async_capable", "parallel_commit", "parallel_abort", "analyze_sampling", "keep_connections"),
)


@dataclass(frozen=True)
class Source:
    """A source: a foreign server and the tables taken from it."""

    name: str
    schema_name: str
    """The schema of its tables that are named without one."""
    source_system: str
    fence: str
    lookback: str
    overlap: str
    warn_after: str
    fresh_within: str | None
    on_error: str
    time_zone: str | None
    local_time_zone: str
    """Time zone of its time stamps without time zone."""
    server_options: dict[str, str]
    """Options of its foreign server, unless its connection string says otherwise."""
    tables: list[SourceTable]
    patterns: list[Pattern]
    """Which other tables of it are reported."""
    exclusions: list[Pattern]
    """Which of them are not."""

    @property
    def numbered_tables(self) -> list[SourceTable]:
        """Its tables whose watermark is a rising number."""
        return [table for table in self.tables if table.lower_bound == RISING]


def make_sources(config: Config, contracts: dict[str, Contract]) -> list[Source]:
    """Combine configuration and contracts.

    Args:
        config: of the project.
        contracts: by name of the source; a source without one is omitted.

    Raises:
        FdwarehouseError: a table, key or watermark of the configuration is not in the contract, or
            cannot be used as configured; the message names it.
    """
    problems = Problems()
    sources = []
    for name, source in config.sources.items():
        if name not in contracts:
            continue
        with problems.collected():
            _require_same_tables(name, source, contracts[name])
        tables = []
        for table, settings in settings_of(source, contracts[name]).items():
            with problems.collected():
                described = contracts[name].tables.get(table)
                made = make_table(name, source, table, settings, described)
                is_mirrored = source.mirror if settings.mirror is None else settings.mirror
                tables.append(replace(made, is_mirrored=is_mirrored))
        sources.append(
            Source(
                name=name,
                schema_name=source.schema_name,
                source_system=source.source_system,
                fence=source.fence,
                lookback=source.lookback,
                overlap=source.overlap,
                warn_after=source.warn_after,
                fresh_within=source.fresh_within,
                on_error=source.on_error,
                time_zone=source.time_zone,
                local_time_zone=source.time_zone or contracts[name].time_zone,
                server_options=server_options(
                    contracts[name].server_version, config.timeouts.settings["lock"]
                ),
                tables=tables,
                patterns=[pattern for pattern, _ in patterns(source)],
                exclusions=exclusions(source),
            )
        )
    with problems.collected():
        _require_different_names(sources)
    problems.raise_found()
    return sources


def server_options(version: int, lock_timeout: str) -> dict[str, str]:
    """Return the options of a source's foreign server.

    Args:
        version: major version of PostgreSQL there, or one before it.
        lock_timeout: how long a query there waits for a lock.
    """
    settings = {"lock_timeout": lock_timeout} | {
        name: value for name, (value, since) in SESSION_SETTINGS.items() if since <= version
    }
    return SERVER_OPTIONS | {"options": as_switches(settings)}


def as_switches(settings: Mapping[str, str]) -> str:
    """Write settings as the ``options`` of a connection.

    Args:
        settings: values by name.
    """
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _require_same_tables(name: str, source: SourceConfig, contract: Contract) -> None:
    taken = settings_of(source, contract)
    if more := [table for table in contract.tables if table not in taken]:
        new = [table for table in taken if table not in contract.tables]
        raise FdwarehouseError(
            f"contracts/{name}.yaml: warehouse.yaml has no table {', '.join(more)}"
            + (f", but {', '.join(new)}" if new else ""),
            hint="Write it again with `fdwarehouse contract`, or remove the table.",
        )


def _require_different_names(sources: list[Source]) -> None:
    seen: dict[str, str] = {}
    for source in sources:
        for table in source.tables:
            in_source = qualified(table.schema_name, table.table_name)
            known_as = f"{in_source} of source {source.name}"
            for name in (table.raw_name, *table.partition_names):
                if name in seen:
                    raise FdwarehouseError(
                        f"warehouse.yaml: {qualified('bronze', name)} would be created from "
                        f"{seen[name]} and from {known_as}",
                        hint="Name one of them in warehouse.yaml, with another name for the "
                        "warehouse: the_table: {as: another_name}.",
                    )
                seen[name] = known_as
