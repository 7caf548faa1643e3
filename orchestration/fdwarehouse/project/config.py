"""What the user decides: the model of ``warehouse.yaml`` and the project's folders."""

from __future__ import annotations

import os
import re
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
from fdwarehouse.project.yaml_files import load_yaml

LAYERS = ("etl", "bronze", "silver", "gold")
# A statement over a table locks every partition and each of its indexes.
MAX_PARTITIONS = 128


def _interval(value: str) -> str:
    if not re.fullmatch(r"\d+ (second|minute|hour|day)s?", value):
        raise ValueError("expected a time such as '30 seconds', '10 minutes', '1 hour'")
    return value


def _setting(interval: str) -> str:
    number, unit = interval.split()
    return number + {"s": "s", "m": "min", "h": "h", "d": "d"}[unit[0]]


def _memory(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*(kB|MB|GB)", value):
        raise ValueError("expected an amount of memory such as '64MB', '1GB'")
    return value


def _schema_name(value: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", value):
        raise ValueError("expected a lower-case SQL name: letters, digits and underscores")
    # X_URL is the source's connection: WAREHOUSE_URL and those of administrators are others.
    if (
        value in (*LAYERS, "public", "information_schema", "warehouse")
        or value.startswith("pg_")
        or value.endswith("_admin")
    ):
        raise ValueError(f"'{value}' is taken: choose another name for the source")
    return value


def _partitions(value: int) -> int:
    if not 2 <= value <= MAX_PARTITIONS:
        raise ValueError(f"expected a number of partitions from 2 to {MAX_PARTITIONS}")
    return value


def _column(value: str) -> str:
    if not re.fullmatch(r"(silver|gold)(\.[a-z_][a-z0-9_]*){2}", value):
        raise ValueError("expected a column such as 'silver.clean_orders.order_date'")
    return value


# Settings of PostgreSQL by which other rows come out, or none.
_MEANING = re.compile(
    "(datestyle|intervalstyle|timezone|lc_.*|extra_float_digits|bytea_output|xml.*|array_nulls"
    "|transform_null_equals|default_text_search_config|search_path|role|session_authorization"
    "|(default_)?transaction_.*|row_security|session_replication_role)"
)


def _server_setting(value: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?", value):
        raise ValueError("expected the name of a setting of PostgreSQL, such as 'work_mem'")
    if value == "synchronous_commit":
        raise ValueError(
            "a step does not commit: ALTER ROLE warehouse_loader SET synchronous_commit = off"
        )
    if _MEANING.fullmatch(value):
        raise ValueError("it changes what a step computes, or as whom; settings are for how")
    return value


def _share(value: Any) -> Any:
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?) ?%", value)):
        return float(match[1]) / 100
    raise ValueError("expected a share such as '20 %'")


def _mode(value: Any) -> Any:
    if value == "append":
        raise ValueError("rows that are never changed are read by mode: watermark, at no more cost")
    return value


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Interval = Annotated[str, AfterValidator(_interval)]
Every = Literal["year", "month"]
"""How much time a partition by a date holds."""
ServerSetting = Annotated[str, AfterValidator(_server_setting)]
SourceName = Annotated[str, AfterValidator(_schema_name)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReconcileConfig(_Strict):
    """How often a table is compared with the source as a whole, and how closely."""

    every: Interval = "1 day"
    depth: Literal["all", "key"] = "all"
    """all: every column is hashed; key: key and watermark alone, which finds deletions for less."""


class MaxDeletedConfig(_Strict):
    """How many rows may be gone at once: more than both is taken for a fault of the source."""

    share: Annotated[float, BeforeValidator(_share), Field(ge=0, le=1)] = 0.2
    """Of the rows that were there: ``20 %``."""
    rows: Annotated[int, Field(ge=0)] = 20


class TableConfig(_Strict):
    """How one table of a source is read."""

    key: Annotated[list[str], BeforeValidator(_one_or_many)] = []
    """Key columns; empty: the primary key that the contract shows."""
    mode: Annotated[Literal["watermark", "snapshot"], BeforeValidator(_mode)] = "watermark"
    """watermark: rows stamped since the last fence; snapshot: the whole table is compared every
    time."""
    watermark: str | None = None
    """Column with the time of the row's last change."""
    reconcile: ReconcileConfig = ReconcileConfig()
    max_deleted: MaxDeletedConfig | Literal["any"] = MaxDeletedConfig()
    """How many rows a run may find gone; any: however many."""
    fetch_size: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Rows that the source sends at once; None: as many as fit into 16 MB by its statistics."""
    partitions: Annotated[int, AfterValidator(_partitions)] | None = None
    """Of its table in bronze, by a hash of the key; None: it is one table."""
    local_name: str | None = Field(default=None, alias="as", min_length=1)
    """What the warehouse calls it, where that is not its name in the source."""

    @model_validator(mode="after")
    def _mode_has_its_column(self) -> TableConfig:
        if (self.watermark is None) != (self.mode == "snapshot"):
            raise ValueError(
                "mode snapshot takes no watermark"
                if self.mode == "snapshot"
                else f"mode {self.mode} needs a watermark column; without one, say mode: snapshot"
            )
        return self


class PartitionsConfig(_Strict):
    """How a table of silver or gold is partitioned by a date."""

    every: Every
    dates: Annotated[str, AfterValidator(_column)]
    """Where its dates come from: a column of a table or view that has them before."""

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
    source_system: str
    fence: Literal["activity", "xid", "lookback"] = "activity"
    lookback: Interval = "1 hour"
    overlap: Interval = "10 seconds"
    warn_after: Interval = "1 hour"
    """For how long a session of the source may hold the fence back before status warns."""
    time_zone: str | None = None
    tables: dict[str, TableConfig] = Field(min_length=1)


class TimeoutsConfig(_Strict):
    """How long the warehouse waits."""

    lock: Interval = "1 minute"
    """For a lock that a step needs."""
    step: Interval | None = "12 hours"
    """For a transaction of a run; then its session is ended. None: as long as it takes."""
    source: Interval = "5 minutes"
    """For a source to let the warehouse in, and to answer for its fence and its catalogue."""

    @property
    def settings(self) -> dict[str, str]:
        """The same as PostgreSQL's settings write it: ``1min``."""
        return {
            "lock": _setting(self.lock),
            "step": _setting(self.step) if self.step else "0",
            "source": _setting(self.source),
        }


class Config(_Strict):
    """The content of ``warehouse.yaml``."""

    project: str
    work_mem: Annotated[str, AfterValidator(_memory)] = "128MB"
    """Memory for each sort or hash of a step, on the warehouse's server."""
    timeouts: TimeoutsConfig = TimeoutsConfig()
    sources: dict[SourceName, SourceConfig] = Field(min_length=1)
    settings: dict[str, dict[ServerSetting, bool | str | int | float]] = {}
    """Settings of PostgreSQL that hold while a step's statement runs, by step."""
    partitions: dict[str, PartitionsConfig] = {}
    """Tables of silver and gold that are partitioned by a date."""


def find_root(start: Path | None = None) -> Path:
    """Find the project's folder: the nearest one upwards that has a ``warehouse.yaml``.

    Args:
        start: where to begin; when omitted, ``FDWAREHOUSE_PROJECT`` or else the current folder.

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
        FdwarehouseError: it is missing, no YAML, or says something that has no meaning; the message
            names the place in the file.
    """
    return load_yaml(root, "warehouse.yaml", Config, "Mend it: see docs/make-it-yours.md.")
