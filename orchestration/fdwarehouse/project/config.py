"""The user's configuration: the model of ``warehouse.yaml`` and the project's folders."""

from __future__ import annotations

import os
import re
from collections.abc import Container
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project import config_values as values
from fdwarehouse.project.alert_channels import AlertChannel, require_different_names
from fdwarehouse.project.environments import (
    EnvironmentConfig,
    EnvironmentName,
    require_different_schemas,
)
from fdwarehouse.project.yaml_files import load_yaml


def _share(value: Any) -> Any:
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?) ?%", value)):
        return float(match[1]) / 100
    raise ValueError("expected a share such as '20 %'")


def _mode(value: Any) -> Any:
    if value == "append":
        raise ValueError("for rows that are never changed, mode: watermark costs no more")
    return value


def _tables(value: Any) -> Any:
    return {value: {}} if isinstance(value, str) else value


def _mask(value: Any) -> Any:
    return "null" if value is None else value


OneOrMany = Annotated[
    list[str], BeforeValidator(values.one_or_many, json_schema_input_type=str | list[str])
]
"""A list, or its only element."""
Mask = Annotated[
    Literal["hash", "redact", "null", "domain"],
    BeforeValidator(
        _mask, json_schema_input_type=Literal["hash", "redact", "null", "domain"] | None
    ),
]
"""hash: the value is replaced by its hash with a key that only the warehouse's owner can read, so
that equal values stay equal; redact: by ``***``; null: by null; domain: by what follows its @."""
Interval = Annotated[str, AfterValidator(values.interval)]
Age = Annotated[str, AfterValidator(values.age)]
Every = Literal["year", "month"]
"""How much time a partition by a date holds."""
ServerSetting = Annotated[str, AfterValidator(values.server_setting)]
Mode = Literal["watermark", "snapshot", "multiset"]
SourceName = Annotated[str, AfterValidator(values.schema_name)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ReconcileConfig(_Strict):
    """How often a whole table is compared with the source, and how closely."""

    every: Interval = "1 day"
    depth: Literal["all", "key"] = "all"
    """all: hash every column; key: hash only key and watermark, which finds deletions faster."""


class MaxDeletedConfig(_Strict):
    """Limit of rows gone at once: exceeding both counts as a fault of the source."""

    share: Annotated[
        float, BeforeValidator(_share, json_schema_input_type=str), Field(ge=0, le=1)
    ] = 0.2
    """Of the previous rows: ``20 %``."""
    rows: Annotated[int, Field(ge=0)] = 20


class TableConfig(_Strict):
    """How one table of a source is read."""

    key: OneOrMany = []
    """Key columns; empty: the primary key or the unique key in the contract."""
    mode: Annotated[Mode | None, BeforeValidator(_mode)] = None
    """watermark: read the rows stamped since the last fence; snapshot: compare the whole table in
    every run; multiset: the same for a table without a key, whose identical rows are counted.
    None: watermark if a watermark is given, else snapshot, or multiset without a key."""
    watermark: str | None = None
    """Column with the time of the last change, or an integer that rises with every new row: then
    reconciliation finds updates. Rows where it is null are read in every run. That of a pattern
    applies to the tables that have such a column."""
    inherit: Literal["all", "only"] = "all"
    """Of a table that others inherit from: all: their rows too, as a SELECT in production returns
    them; only: its own rows. Partitions are always read."""
    columns: OneOrMany = []
    """Columns to take; empty: all. The others are never read."""
    exclude: OneOrMany = []
    """Columns that are never read."""
    mask: dict[str, Mask] = {}
    """Columns whose values are replaced while they are read, before anything is stored."""
    where: Annotated[str, Field(min_length=1)] | None = None
    """Condition in SQL for the rows to take. The source evaluates it, so it may only have what
    postgres_fdw sends: columns, constants, and built-in operators and immutable functions."""
    reconcile: ReconcileConfig = ReconcileConfig()
    retention: Age | None = None
    """How long superseded versions are kept when bronze is pruned; None: for ever."""
    max_deleted: MaxDeletedConfig | Literal["any"] = MaxDeletedConfig()
    """How many rows a run may find gone; any: no limit."""
    fetch_size: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Rows per fetch from the source; None: as many as fit into 16 MB by its statistics."""
    partitions: Annotated[int, AfterValidator(values.partitions)] | None = None
    """Number of hash partitions of its table in bronze; None: not partitioned."""
    local_name: str | None = Field(default=None, alias="as", min_length=1)
    """Its name in the warehouse, if that differs from its name in the source."""
    mirror: bool | None = None
    """Whether silver mirrors it unless a file of silver reads it; None: as the source says."""

    @model_validator(mode="after")
    def _mode_has_its_column(self) -> TableConfig:
        if self.mode == "multiset" and self.key:
            raise ValueError("mode multiset takes no key; with one, use mode: snapshot")
        if self.mode and (self.watermark is None) != (self.mode in ("snapshot", "multiset")):
            raise ValueError(
                f"mode {self.mode} takes no watermark"
                if self.watermark
                else f"mode {self.mode} needs a watermark column; without one, use mode: snapshot"
            )
        return self

    def for_columns(self, columns: Container[str]) -> TableConfig:
        """Return the settings of a pattern for a table that it matches.

        Args:
            columns: of the table; what the settings say of others does not apply. Without the
                watermark, it is read as a whole.
        """
        taken = [c for c in self.columns if c in columns] or self.columns
        update: dict[str, object] = {
            "columns": taken,
            "mask": {c: mask for c, mask in self.mask.items() if c in columns},
        }
        if self.watermark is not None and self.watermark not in columns:
            update |= {"watermark": None, "mode": None}
        return self.model_copy(update=update)


class PartitionsConfig(_Strict):
    """How a table of silver or gold is partitioned by a date."""

    every: Every
    dates: Annotated[str, AfterValidator(values.column)]
    """Where its dates come from: a column of an upstream table or view."""

    @property
    def dates_table(self) -> str:
        """The table or view: ``silver.clean_orders``."""
        return self.dates.rpartition(".")[0]

    @property
    def dates_column(self) -> str:
        """Its column: ``order_date``."""
        return self.dates.rpartition(".")[2]


class SourceConfig(_Strict):
    """One database that the warehouse reads."""

    schema_name: str = Field(default="public", alias="schema")
    """The schema of a table that is named without one."""
    source_system: str
    fence: Literal["activity", "xid", "lookback"] = "activity"
    lookback: Interval = "1 hour"
    overlap: Interval = "10 seconds"
    warn_after: Interval = "1 hour"
    """How long a session of the source may hold the fence back before status warns."""
    fresh_within: Interval | None = None
    """How old the data of the source may be in the last successful run; None: no promise."""
    time_zone: str | None = None
    on_error: Literal["isolate", "error"] = "isolate"
    """isolate: a table that cannot be read fails alone, and what is built on it is held back;
    error: it fails the extraction, and nothing is built."""
    mirror: bool = False
    """Whether silver has a table for each of its tables that no file of silver reads."""
    exclude: OneOrMany = []
    """Patterns of tables that no pattern takes, such as "*_archive", "audit.*". Without a schema, a
    pattern is for the tables of every schema."""
    tables: Annotated[
        dict[str, TableConfig],
        Field(min_length=1),
        BeforeValidator(_tables, json_schema_input_type=str | dict[str, TableConfig]),
    ]
    """By name, or by pattern: ``sales.orders``, ``"hr.*"``, ``"*"``. A name without a schema is in
    ``schema``. A table has the settings of its name, else of the first pattern that matches."""


class TimeoutsConfig(_Strict):
    """Limits of what the warehouse waits for."""

    lock: Interval = "1 minute"
    """For a lock that a step needs."""
    step: Interval | None = "12 hours"
    """For a transaction of a run, after which its session is ended. None: no limit."""
    source: Interval = "5 minutes"
    """For a source to accept a connection, and to answer about its fence and its catalogue."""

    @property
    def settings(self) -> dict[str, str]:
        """The limits in the notation of PostgreSQL's settings: ``1min``."""
        return {
            "lock": values.setting(self.lock),
            "step": values.setting(self.step) if self.step else "0",
            "source": values.setting(self.source),
        }


class Config(_Strict):
    """The content of ``warehouse.yaml``."""

    project: str
    work_mem: Annotated[str, AfterValidator(values.memory)] = "128MB"
    """Memory for each sort or hash of a step, on the warehouse's server."""
    timeouts: TimeoutsConfig = TimeoutsConfig()
    sources: dict[SourceName, SourceConfig] = Field(min_length=1)
    settings: dict[str, dict[ServerSetting, bool | str | int | float]] = {}
    """Settings of PostgreSQL that are in effect while a step's statement runs, by step."""
    partitions: dict[str, PartitionsConfig] = {}
    """Tables of silver and gold that are partitioned by a date."""
    alerts: Annotated[list[AlertChannel], AfterValidator(require_different_names)] = []
    """Who is told of problems by `fdwarehouse alert`."""
    environments: dict[EnvironmentName, EnvironmentConfig] = {}
    """Environments that are deployed beside the main deployment, by the name that --env has."""

    @model_validator(mode="after")
    def _schemas_differ(self) -> Config:
        require_different_schemas(self.environments, self.sources)
        return self


def find_root(start: Path | None = None) -> Path:
    """Find the project's folder: the nearest one upwards with a ``warehouse.yaml``.

    Args:
        start: where to begin; defaults to ``FDWAREHOUSE_PROJECT``, then the current folder.

    Raises:
        FdwarehouseError: there is none.
    """
    start = start or Path(os.environ.get("FDWAREHOUSE_PROJECT") or Path.cwd())
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "warehouse.yaml").is_file():
            return folder
    raise FdwarehouseError(
        f"no warehouse.yaml in {start} or above it",
        hint="Change into the project's folder, or set FDWAREHOUSE_PROJECT.",
    )


def load_config(root: Path) -> Config:
    """Read and check ``warehouse.yaml``.

    Args:
        root: the project's folder.

    Raises:
        FdwarehouseError: it is missing, not YAML, or invalid; the message names the place in the
            file.
    """
    return load_yaml(
        root, "warehouse.yaml", Config, "Fix it: `fdwarehouse docs make-it-yours` shows one."
    )
