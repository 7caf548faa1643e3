"""What all formats need, read from the warehouse in one snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from fdwarehouse.artifacts.naming import Place, Relation, relation_of
from fdwarehouse.database.json_rows import Row, rows
from fdwarehouse.database.observation.definitions import read_columns, read_relations
from fdwarehouse.database.observation.described import Described, Origin, read_described
from fdwarehouse.database.observation.reading import require_this_version, snapshot
from fdwarehouse.database.running import require_deployed
from fdwarehouse.errors import FdwarehouseError

# Of the tables that a run reads; the name of the foreign table itself begins with _mounted_ where a
# view over it masks values or chooses rows.
_SOURCES = """
    SELECT
        format('%I.%I', n.nspname, regexp_replace(c.relname, '^_mounted_', '')) AS table_name,
        o.schema_name, o.table_name AS remote_name, coalesce(o.host, 'localhost') AS host,
        coalesce(o.port, '5432')::integer AS port, o.dbname
    FROM pg_foreign_table AS f
    INNER JOIN pg_class AS c ON f.ftrelid = c.oid
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    INNER JOIN pg_foreign_server AS s ON f.ftserver = s.oid
    CROSS JOIN LATERAL (
        SELECT
            max(option_value) FILTER (WHERE option_name = 'schema_name') AS schema_name,
            max(option_value) FILTER (WHERE option_name = 'table_name') AS table_name,
            max(option_value) FILTER (WHERE option_name = 'host') AS host,
            max(option_value) FILTER (WHERE option_name = 'port') AS port,
            max(option_value) FILTER (WHERE option_name = 'dbname') AS dbname
        FROM pg_options_to_table(f.ftoptions || s.srvoptions)
    ) AS o
    WHERE o.dbname IS NOT NULL
"""

# The start of a step that failed was rolled back with its transaction.
_STEPS = """
    SELECT
        s.model, m.table_name, s.layer, s.status, s.rows_read, s.rows_rejected,
        s.rows_inserted + s.rows_updated + s.rows_deleted AS rows_written, s.table_bytes,
        CASE
            WHEN s.status <> 'succeeded' THEN etl.without_values(s.error, s.error_code, s.error)
        END AS message,
        t.started_at, t.finished_at,
        extract(EPOCH FROM s.duration)::float AS seconds
    FROM etl.steps AS s
    INNER JOIN etl.runs AS r ON s.run_id = r.run_id
    CROSS JOIN LATERAL (
        SELECT
            coalesce(s.started_at, s.finished_at, r.finished_at) AS started_at,
            coalesce(s.finished_at, r.finished_at) AS finished_at
        WHERE s.status NOT IN ('pending', 'skipped')
        UNION ALL
        SELECT s.started_at, s.finished_at WHERE s.status IN ('pending', 'skipped')
    ) AS t
    INNER JOIN etl.pipeline_steps AS m ON s.model = m.model
    WHERE s.run_id = %s AND m.layer <> 'source' AND m.interval_between IS NULL
    ORDER BY s.position
"""

_RUN = """
    SELECT
        run_id, begun_by, status, started_at, finished_at, etl.error_of_run(run_id) AS message
    FROM etl.runs
    WHERE coalesce(run_id = %s, EXISTS (SELECT FROM etl.steps AS s WHERE s.run_id = runs.run_id))
    ORDER BY run_id DESC
    LIMIT 1
"""

_RESULTS = """
    SELECT
        check_name, severity, passed, offending_rows, checked_at,
        extract(EPOCH FROM duration)::float AS seconds
    FROM etl.check_results
    WHERE run_id = %s
    ORDER BY check_name
"""

_CHECKS = """
    SELECT check_name, layer, severity, scope, description, reads
    FROM etl.checks
    ORDER BY check_name
"""

_FRESHNESS = """
    SELECT source_name, extract(EPOCH FROM fresh_within)::float AS seconds
    FROM etl.sources
    WHERE fresh_within IS NOT NULL
"""


@dataclass(frozen=True)
class Observed:
    """A warehouse, and one run of it.

    Attributes:
        project: name of the project.
        observed_at: ISO 8601, UTC.
        place: the warehouse.
        described: tables and lineage.
        columns: name, type, comment and `not_null` of the columns of each table.
        relations: estimated rows and comment of each table.
        checks: as in `etl.checks`.
        sources: the tables of sources, by the name of their foreign table.
        fresh_within: promised age of the data of sources, in seconds.
        run: the run; None if none has steps.
        steps: of the run.
        results: of its checks; never rows.
    """

    project: str
    observed_at: str
    place: Place
    described: Described
    columns: Mapping[str, list[Row]]
    relations: Mapping[str, Row]
    checks: list[Row]
    sources: Mapping[str, Relation]
    fresh_within: Mapping[str, float]
    run: Row | None
    steps: list[Row]
    results: list[Row]

    def relation(self, table: str) -> Relation:
        """Return where a table is: of a source, in the source.

        Args:
            table: its name, as in `etl.column_lineage`.
        """
        return self.sources.get(table) or relation_of(table, self.place)

    @property
    def origins_by_table(self) -> Mapping[str, list[Origin]]:
        """Where the columns of each table come from."""
        found = defaultdict[str, list[Origin]](list)
        for origin in self.described.origins:
            found[origin.table].append(origin)
        return found


def observe(warehouse_url: str, project: str, run_id: int | None = None) -> Observed:
    """Read a warehouse. Nothing in it is changed, and no rows of tables are read.

    Args:
        warehouse_url: connection string of a role that may read `etl`.
        project: name of the project.
        run_id: the run to describe; None: the latest one with steps.

    Raises:
        FdwarehouseError: the warehouse cannot be reached or is not deployed; or there is no such
            run.
    """
    with snapshot(warehouse_url) as connection:
        require_deployed(connection)
        require_this_version(connection)
        described = read_described(connection)
        columns: dict[str, list[Row]] = {table.name: [] for table in described.tables}
        for column in read_columns(connection):
            if column["table_name"] in columns:
                columns[column["table_name"]].append(column)
        run = next(iter(rows(connection, _RUN, [run_id])), None)
        if run_id is not None and run is None:
            raise FdwarehouseError(
                f"there is no run {run_id}", hint="`fdwarehouse status` lists the latest runs."
            )
        id_of_run = [run["run_id"] if run else -1]
        return Observed(
            project=project,
            observed_at=rows(connection, "SELECT clock_timestamp() AS now")[0]["now"],
            place=_place(connection),
            described=described,
            columns=columns,
            relations=read_relations(connection),
            checks=rows(connection, _CHECKS),
            sources={row["table_name"]: _source(row) for row in rows(connection, _SOURCES)},
            fresh_within={
                row["source_name"]: row["seconds"] for row in rows(connection, _FRESHNESS)
            },
            run=run,
            steps=rows(connection, _STEPS, id_of_run),
            results=rows(connection, _RESULTS, id_of_run),
        )


def _place(connection: psycopg.Connection) -> Place:
    info = connection.info
    host = "localhost" if info.host.startswith("/") or not info.host else info.host
    return Place(host, info.port, info.dbname)


def _source(row: Row) -> Relation:
    place = Place(row["host"], row["port"], row["dbname"])
    return Relation(place, row["schema_name"], row["remote_name"])
