"""All that a site shows, read in one snapshot with a few statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fdwarehouse.database.json_rows import Row, rows
from fdwarehouse.database.observation import definitions, health, runs, samples
from fdwarehouse.database.observation.charts import ChartRows, read_charts
from fdwarehouse.database.observation.described import Described, read_described
from fdwarehouse.database.observation.hiding import Hiding
from fdwarehouse.database.observation.reading import require_this_version, snapshot
from fdwarehouse.database.observation.statistics import ColumnStatistics, read_statistics
from fdwarehouse.database.present_state import read_checks, read_sources
from fdwarehouse.database.running import require_deployed
from fdwarehouse.project.charts import Chart


@dataclass(frozen=True)
class Observation:
    """A warehouse at one moment.

    Attributes:
        database: its name.
        observed_at: ISO 8601, UTC.
        with_values: whether values of rows are among it.
        detailed_runs: the runs whose steps and results of checks are among it.
    """

    database: str
    observed_at: str
    with_values: bool
    described: Described
    columns: Mapping[str, list[Row]]
    relations: Mapping[str, Row]
    sql: Mapping[str, Mapping[str, str]]
    foreign_keys: list[Row]
    statistics: Mapping[tuple[str, str], ColumnStatistics]
    samples: Mapping[str, list[list[str | None]]]
    runs: list[Row]
    detailed_runs: Collection[int]
    steps: list[Row]
    results: list[Row]
    table_history: Mapping[str, list[Row]]
    check_history: Mapping[str, list[Row]]
    problems: list[Row]
    sources: list[Row]
    checks: list[Row]
    rejected: list[Row]
    reconciliations: list[Row]
    full_refreshes: list[Row]
    charts: Mapping[str, Chart]
    chart_rows: Mapping[str, ChartRows]


def observe(
    warehouse_url: str,
    charts: Mapping[str, Chart],
    *,
    analyst_url: str | None = None,
    with_values: bool = True,
) -> Observation:
    """Read all that a site shows. Nothing in the warehouse is changed.

    Args:
        warehouse_url: connection string of the owner.
        charts: of the project, by name.
        analyst_url: connection string of a role that may only read gold, if it is known.
        with_values: whether to read values of rows: samples, extremes, frequent values.

    Raises:
        FdwarehouseError: the warehouse cannot be reached, is not deployed, or is being deployed.
    """
    with snapshot(warehouse_url) as connection:
        require_deployed(connection)
        require_this_version(connection)
        described = read_described(connection)
        names = [table.name for table in described.tables]
        relations = definitions.read_relations(connection)
        columns: dict[str, list[Row]] = {name: [] for name in names}
        for column in definitions.read_columns(connection):
            if column["table_name"] in columns:
                columns[column.pop("table_name")].append(column)
        masked = described.masked
        counts = {name: relations[name]["rows"] for name in names if name in relations}
        shown = {
            name: shown_columns(name, [c["column_name"] for c in of_it], masked)
            for name, of_it in columns.items()
        }
        hiding = Hiding(masked, with_values=with_values)
        checks = read_checks(connection)
        problems = hiding.samples(health.read_problems(connection))
        showing = [row["run_id"] for row in problems if row["run_id"] is not None]
        listed = hiding.errors(runs.read_runs(connection, besides=showing))
        detailed = _with_details(listed, showing)
        return Observation(
            database=connection.info.dbname,
            observed_at=rows(connection, "SELECT clock_timestamp() AS now")[0]["now"],
            with_values=with_values,
            described=described,
            columns=columns,
            relations=relations,
            sql=definitions.read_sql(connection),
            foreign_keys=definitions.read_foreign_keys(connection),
            statistics=read_statistics(connection, counts, masked, with_values=with_values),
            samples=samples.read_samples(connection, shown) if with_values else {},
            runs=listed,
            detailed_runs=frozenset(detailed),
            steps=hiding.errors(runs.read_steps(connection, detailed)),
            results=hiding.samples(runs.read_results(connection, detailed)),
            table_history=runs.read_table_history(connection),
            check_history=runs.read_check_history(connection),
            problems=problems,
            sources=read_sources(connection),
            checks=hiding.samples(checks),
            rejected=hiding.rejected(health.read_rejected(connection)),
            reconciliations=health.read_reconciliations(connection),
            full_refreshes=health.read_full_refreshes(connection),
            charts=charts,
            chart_rows=read_charts(charts, warehouse_url, analyst_url, masked),
        )


def _with_details(listed: list[Row], showing: Collection[int]) -> list[int]:
    """Choose the latest runs, those that show a problem, and others that did not succeed."""
    latest = listed[: runs.RUNS_WITH_STEPS]
    others = [run for run in listed[runs.RUNS_WITH_STEPS :] if run["status"] != "succeeded"]
    shown = [run["run_id"] for run in (*latest, *others[: runs.RUNS_WITH_STEPS])]
    return [*dict.fromkeys([*shown, *showing])]


def shown_columns(
    table: str, columns: Sequence[str], masked: Collection[tuple[str, str]]
) -> list[str]:
    """Choose the columns of sample rows: not masked, and in silver and gold not the engine's.

    Args:
        table: its name.
        columns: of the table.
        masked: columns, as (table, column), that are never shown.
    """
    return [
        column
        for column in columns
        if (table, column) not in masked
        and (table.startswith("bronze.") or not column.startswith("_"))
    ]
