"""A run and its steps as events of OpenLineage, built by its client library."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from openlineage.client import set_producer
from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    documentation_dataset,
    error_message_run,
    job_type_job,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    sql_job,
)

from fdwarehouse import __version__
from fdwarehouse.artifacts.observed import Observed
from fdwarehouse.database.json_rows import Row
from fdwarehouse.database.observation.described import DescribedTable, Origin

PRODUCER = f"urn:fdwarehouse:{__version__}"
_ENDS = {
    "succeeded": RunState.COMPLETE,
    "failed": RunState.FAIL,
    "rolled_back": RunState.ABORT,
    "abandoned": RunState.ABORT,
}
_INTEGRATION = "FDWAREHOUSE"


def events(observed: Observed) -> list[RunEvent]:
    """Describe the run of a warehouse: it, and each of its steps that began, from start to end.

    Args:
        observed: the warehouse, with the run; without one, there are no events.

    Returns:
        The events, in the order of their times.
    """
    if observed.run is None:
        return []
    set_producer(PRODUCER)
    writer = _Writer(observed, observed.run)
    of_steps = [event for step in observed.steps for event in writer.of_step(step)]
    began, *ended = writer.of_run()
    found = [began, *of_steps, *ended]
    return sorted(found, key=lambda event: event.eventTime)


class _Writer:
    def __init__(self, observed: Observed, run: Row) -> None:
        self.observed, self.run = observed, run
        self.namespace = f"{observed.place.namespace}/{observed.place.database}"
        self.tables = {table.name: table for table in observed.described.tables}
        self.origins = observed.origins_by_table
        self.name = run["begun_by"].replace("etl.", "")

    def of_run(self) -> Iterator[RunEvent]:
        job = self._job(self.name, "RUN")
        error = self.run["message"] if self.run["status"] == "failed" else None
        yield from self._events(self.run, self._id(self.name), job, error=error)

    def of_step(self, step: Row) -> Iterator[RunEvent]:
        table = step["table_name"]
        described = self.tables.get(table)
        job = self._job(f"{self.name}.{step['model']}", "TASK", described)
        parent = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=self._id(self.name)),
            job=parent_run.Job(namespace=self.namespace, name=self.name),
        )
        read = {f for t, f in self.observed.described.reads if t == table}
        inputs = [self._input(name) for name in sorted(read)]
        output = self._output(step, self.origins.get(table, ()))
        yield from self._events(
            step,
            self._id(step["model"]),
            job,
            facets={"parent": parent},
            inputs=inputs,
            outputs=[output],
            error=step["message"],
        )

    def _events(
        self,
        of: Row,
        run_id: str,
        job: Job,
        *,
        facets: dict[str, Any] | None = None,
        inputs: Sequence[InputDataset] = (),
        outputs: Sequence[OutputDataset] = (),
        error: str | None = None,
    ) -> Iterator[RunEvent]:
        if of["started_at"] is None:
            return
        known = facets or {}

        def event(state: RunState, at: str) -> RunEvent:
            return RunEvent(
                eventTime=at,
                eventType=state,
                run=Run(runId=run_id, facets=known),
                job=job,
                inputs=[*inputs],
                outputs=[*outputs],
            )

        yield event(RunState.START, of["started_at"])
        if of["finished_at"] is None or of["status"] not in _ENDS:
            return
        if error:
            message = error_message_run.ErrorMessageRunFacet(error, programmingLanguage="SQL")
            known = {**known, "errorMessage": message}
        yield event(_ENDS[of["status"]], of["finished_at"])

    def _id(self, what: str) -> str:
        """Return the same UUID for the same run or step: sending twice does no harm."""
        of_run = f"{self.namespace}/{self.run['run_id']}/{self.run['started_at']}"
        return str(uuid5(NAMESPACE_URL, f"{of_run}/{what}"))

    def _job(self, name: str, kind: str, table: DescribedTable | None = None) -> Job:
        facets: dict[str, Any] = {
            "jobType": job_type_job.JobTypeJobFacet(
                processingType="BATCH", integration=_INTEGRATION, jobType=kind
            )
        }
        if table and table.select:
            facets["sql"] = sql_job.SQLJobFacet(table.select, dialect="postgres")
        return Job(self.namespace, name, facets=facets)

    def _facets(self, table: str) -> dict[str, Any]:
        described = self.tables.get(table)
        if described is None:
            return {}
        fields = [
            schema_dataset.SchemaDatasetFacetFields(
                name=c["column_name"], type=c["type"], description=c["comment"]
            )
            for c in self.observed.columns[table]
        ]
        facets: dict[str, Any] = {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)}
        if described.description:
            facets["documentation"] = documentation_dataset.DocumentationDatasetFacet(
                described.description
            )
        return facets

    def _input(self, table: str) -> InputDataset:
        return InputDataset(*self.observed.relation(table).dataset, facets=self._facets(table))

    def _output(self, step: Row, origins: Iterable[Origin]) -> OutputDataset:
        table = step["table_name"]
        facets = self._facets(table)
        if lineage := self._lineage(origins):
            facets["columnLineage"] = lineage
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=step["rows_written"], size=step["table_bytes"]
        )
        return OutputDataset(
            *self.observed.relation(table).dataset,
            facets=facets,
            outputFacets={"outputStatistics": statistics},
        )

    def _lineage(
        self, origins: Iterable[Origin]
    ) -> column_lineage_dataset.ColumnLineageDatasetFacet | None:
        by_column: dict[str, list[column_lineage_dataset.InputField]] = defaultdict(list)
        for origin in origins:
            by_column[origin.column].append(self._input_field(origin))
        if not by_column:
            return None
        fields = {name: column_lineage_dataset.Fields(read) for name, read in by_column.items()}
        return column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields)

    def _input_field(self, origin: Origin) -> column_lineage_dataset.InputField:
        described = self.tables.get(origin.table)
        column = described.columns.get(origin.column) if described else None
        is_masked = bool(column and column.is_masked and described and described.layer == "bronze")
        transformation = column_lineage_dataset.Transformation(
            type=origin.kind.upper(), masking=is_masked and origin.kind == "direct"
        )
        relation = self.observed.relation(origin.from_table)
        return column_lineage_dataset.InputField(
            *relation.dataset, origin.from_column, transformations=[transformation]
        )
