"""The steps that build tables, from the sources and the names of the project's routines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.errors import FdwarehouseError, Problems
from fdwarehouse.identifiers import MAX_PARTITIONED_NAME_LENGTH, ident, qualified, unqualified
from fdwarehouse.project.config import PartitionsConfig, ServerSetting
from fdwarehouse.project.sources import Source
from fdwarehouse.project.sql_files import SqlFile, content_checksum, names_read, topological_order

_SWITCH = {True: "on", False: "off"}  # YAML reads these as booleans


@dataclass(frozen=True)
class RangePartitions:
    """How a table that is one SELECT is partitioned by a date."""

    every: str
    dates_table: str
    """The view or function with the dates that its new rows may have."""
    dates_column: str


Partitions = Mapping[str, PartitionsConfig | RangePartitions]
"""How tables are partitioned by a date, by table."""


@dataclass(frozen=True)
class Model:
    """A table that a step builds."""

    model: str
    """Its name: the table, quoted."""
    layer: str
    writer: str
    procedure: str
    source_name: str | None = None
    loads_chunks: bool = False
    """Whether its writer can load a range of keys."""
    checksum: str = ""
    """Hash of everything that decides its content; a change causes a full refresh."""
    reads: tuple[str, ...] = ()
    """Models that it reads, in any layer, directly or through views and functions."""
    is_derived: bool = False
    """Whether its table can change only when a table changes that it reads."""
    retention: str | None = None
    """For a table in bronze: how long superseded versions are kept."""
    reconciles: str | None = None
    """For a reconciliation: the table that it compares."""
    interval_between: str | None = None
    """For a reconciliation: how often."""

    @property
    def table_name(self) -> str:
        """The table that it writes."""
        return self.reconciles or self.model


def make_models(
    sources: Iterable[Source], objects: Iterable[SqlFile], read: Collection[str] = ()
) -> list[Model]:
    """List the steps in the order in which they run.

    Args:
        sources: of the project.
        objects: the compiled routines and views of the sources and of the project.
        read: tables that another deployment builds.

    Raises:
        FdwarehouseError: models of one layer depend on one another.
    """
    by_name = {o.creates: o for o in objects if o.creates}
    models = [model for source in sources for model in _models_of_source(source, by_name)]
    for layer in ("silver", "gold"):
        models += _models_of_layer(layer, by_name, {*read, *(model.table_name for model in models)})
    return models


def with_derived(
    models: Iterable[Model],
    definitions: Iterable[Definition],
    objects: Iterable[SqlFile],
    kept_up: Mapping[str, str],
) -> list[Model]:
    """Mark the tables that are computed from tables of steps alone.

    SQL that is written by hand can read anything; so can a SELECT that names a table which no step
    builds, such as one of a migration. A table that is computed in full may depend on the clock.

    Args:
        models: the steps.
        definitions: the tables and views that are one SELECT.
        objects: the compiled routines and views.
        kept_up: how each table that is one SELECT is maintained.
    """
    tables = {m.table_name for m in models}
    by_name = {o.creates: o for o in objects if o.creates}
    defined = {d.model: d for d in definitions}
    paths = {d.path for d in defined.values()}
    by_hand = {
        n for n, o in by_name.items() if o.origin.startswith("sql/") and o.origin not in paths
    }

    def reads_only_tables(name: str) -> bool:
        reads = {qualified(*read) for read in defined[name].reads}
        views = {r for r in reads - tables if r in defined}
        return reads <= tables | views and all(map(reads_only_tables, views))

    return [
        replace(m, is_derived=True)
        if m.reads
        and m.model in defined
        and not kept_up.get(m.model, "full").startswith("full")
        and reads_only_tables(m.model)
        and not by_hand & names_read(by_name[m.writer], by_name)
        else m
        for m in models
    ]


def partitioned(models: Iterable[Model], partitions: Partitions) -> list[Model]:
    """Include the choice of partitions in the hash: when it changes, all dates are read.

    Args:
        models: the steps.
        partitions: how tables are partitioned by a date, by table.
    """
    return [
        replace(m, checksum=m.checksum + str(partitions[m.model])) if m.model in partitions else m
        for m in models
    ]


def require_built(
    models: Iterable[Model], partitions: Collection[str], selects: Mapping[str, str]
) -> None:
    """Check that the tables that warehouse.yaml partitions are built.

    Args:
        models: the steps.
        partitions: tables that are partitioned by a date.
        selects: files of the tables that are one SELECT, whose headers set their partitions.

    Raises:
        FdwarehouseError: such a table is not built, or is one SELECT.
    """
    built = {m.model for m in models if m.layer in ("silver", "gold")}
    problems = Problems()
    for table in partitions:
        if table in selects:
            problem = f"warehouse.yaml: partitions: {table} is one SELECT"
            way_out = (
                f"Remove it, and write in the header of {selects[table]}: "
                "partitions: {by: order_date, every: year}, with its own date."
            )
            problems.add(FdwarehouseError(problem, hint=way_out))
        elif table not in built:
            problem = f"warehouse.yaml: partitions: no step builds {table}"
            way_out = "Name a table of silver or gold, such as gold.fact_sales."
            problems.add(FdwarehouseError(problem, hint=way_out))
        if len(table.rpartition(".")[2]) > MAX_PARTITIONED_NAME_LENGTH:
            problem = (
                f"warehouse.yaml: partitions: {table} is too long a name; the limit is "
                f"{MAX_PARTITIONED_NAME_LENGTH} letters"
            )
            way_out = "Give the table another name, or remove it from partitions."
            problems.add(FdwarehouseError(problem, hint=way_out))
    problems.raise_found()


def routines_with_settings(
    models: Iterable[Model], settings: Mapping[str, Mapping[ServerSetting, object]]
) -> Iterator[tuple[str, ServerSetting, str]]:
    """List the settings that are in effect while a routine of a step runs.

    Args:
        models: the steps.
        settings: by step.

    Raises:
        FdwarehouseError: there is no such step.
    """
    by_name = {m.model: m for m in models}
    problems = Problems()
    for name in settings:
        if name not in by_name:
            problem = f"warehouse.yaml: settings: there is no step {name}"
            way_out = "Name one as `fdwarehouse run` shows it, such as gold.fact_sales."
            problems.add(FdwarehouseError(problem, hint=way_out))
    problems.raise_found()
    for name, chosen in settings.items():
        for setting, value in chosen.items():
            text = _SWITCH[value] if isinstance(value, bool) else str(value)
            yield by_name[name].writer, setting, text


def _models_of_source(source: Source, by_name: dict[str, SqlFile]) -> Iterator[Model]:
    fence = f"{ident(source.name)}.fence"
    yield Model(fence, "source", qualified(source.name, "read_fence"), "", source.name)
    for table in source.tables:
        writer = qualified("bronze", f"append_{table.raw_name}")
        yield Model(
            table.model,
            "bronze",
            writer,
            qualified("bronze", f"load_{table.raw_name}"),
            source.name,
            table.watermark is not None,
            content_checksum(by_name[writer], by_name),
            retention=table.retention,
        )
        if table.reconcile_every:
            yield Model(
                f"{table.model}.reconciliation",
                "bronze",
                qualified("bronze", f"reconcile_{table.raw_name}"),
                "",
                source.name,
                reconciles=table.model,
                interval_between=table.reconcile_every,
            )


def _models_of_layer(layer: str, by_name: dict[str, SqlFile], before: set[str]) -> Iterator[Model]:
    writers = {
        qualified(layer, unqualified(name).removeprefix("write_")): writer
        for name, writer in by_name.items()
        if name.startswith((f"{layer}.write_", f'{layer}."write_'))
    }
    reads = {model: names_read(o, by_name) - {model} for model, o in writers.items()}
    graph = {model: names & set(writers) for model, names in reads.items()}
    for model in topological_order(graph, f"sql/{layer}"):
        table = unqualified(model)
        yield Model(
            model,
            layer,
            qualified(layer, f"write_{table}"),
            qualified(layer, f"build_{table}"),
            checksum=content_checksum(writers[model], by_name),
            reads=tuple(sorted(reads[model] & (before | set(writers)))),
        )
