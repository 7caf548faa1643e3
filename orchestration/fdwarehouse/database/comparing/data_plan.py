"""Deploys, builds and compares in one transaction that is rolled back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from fdwarehouse.database.apart import complete_locally, execute_locally
from fdwarehouse.database.comparing.table_changes import compare_with_copy, copy_table
from fdwarehouse.database.deployment_plan import Plan, plan
from fdwarehouse.database.running import CheckResult
from fdwarehouse.database.selecting import nodes_of
from fdwarehouse.database.testing.tables import read_table
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.identifiers import ident
from fdwarehouse.project.config_values import LAYERS
from fdwarehouse.project.row_differences import TableDifference
from fdwarehouse.project.sql_files import SqlFile, names_read
from fdwarehouse.rendering.rendered import Rendered
from fdwarehouse.rendering.selection import select, terms_of

_RUN = "SELECT (etl.acquire_run(NULL, 'fdwarehouse deploy --plan --data')).run_id"
_CHECKS = """
    SELECT
        r.check_name, r.layer, r.severity, r.offending_rows, r.sample_rows,
        extract(EPOCH FROM r.duration)::float8, c.description
    FROM jsonb_to_recordset(
        etl.evaluate_checks(
            %(run_id)s,
            ARRAY(SELECT c FROM etl.checks AS c WHERE c.check_name = ANY(%(checks)s))
        )
    ) AS r (
        check_name text, layer text, severity text, offending_rows bigint, sample_rows jsonb,
        duration interval
    )
    INNER JOIN etl.checks AS c ON r.check_name = c.check_name
    ORDER BY array_position('{bronze,silver,gold}', r.layer), r.check_name
"""
_RELATIONS = """
    SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
    FROM pg_class AS c INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'v')
"""
_LOCKED = """
    SELECT DISTINCT relation FROM pg_locks
    WHERE pid = pg_backend_pid() AND granted AND mode = 'AccessExclusiveLock'
        AND relation IS NOT NULL
"""


@dataclass(frozen=True)
class DataPlan:
    """What a deploy and the next run would change in silver and gold."""

    changes: Plan
    tables: list[TableDifference] = field(default_factory=list)
    """Those that were built, in topological order."""
    checks: list[CheckResult] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    """Tables and views whose readers waited."""
    seconds: float = 0
    """How long, and how long no run could work."""


def plan_with_data(
    rendered: Rendered,
    warehouse: psycopg.Connection,
    urls: Mapping[str, str],
    *,
    wait: str,
    seconds: int,
    rows: int,
    chosen: Sequence[str] = (),
    excluded: Sequence[str] = (),
    compiled: Callable[[Rendered], None] = lambda _: None,
) -> DataPlan:
    """Deploy and build what the deploy affects, from the bronze that is there, and roll back.

    No source is read. See etl.build_models, which does the same in a run.

    Args:
        rendered: the deploy, without its compiled tables.
        warehouse: a connection as the owner; its transaction is rolled back.
        urls: connection string of each source, by name.
        wait: how long to wait for a run or another deploy to end.
        seconds: how long the whole transaction may take.
        rows: how many rows of each kind the samples have.
        chosen: terms that select tables; none selects all that the deploy affects.
        excluded: terms for tables that are left out.
        compiled: called with the whole deploy before it is executed.

    Raises:
        FdwarehouseError: a file or a table failed, or it took too long.
    """
    started = time.monotonic()
    try:
        with warehouse.transaction(force_rollback=True):
            warehouse.execute("SELECT set_config('fdwarehouse.deploy_wait', %s, true)", [wait])
            warehouse.execute(f"SET LOCAL transaction_timeout = '{seconds}s'".encode())
            whole = complete_locally(rendered, warehouse, urls, compiled=compiled)
            changes = plan(whole, warehouse, urls, rendered.definitions)
            if changes.is_empty or changes.refused.changed or changes.refused.gone:
                return DataPlan(changes)
            wanted = _wanted(rendered, whole, changes, chosen, excluded)
            whole = replace(whole, definitions=rendered.definitions)
            return _Attempt(warehouse, urls, whole, changes, rows).run(*wanted)
    except (psycopg.Error, FdwarehouseError) as error:
        if not warehouse.broken or time.monotonic() - started < seconds:
            raise  # at its end, transaction_timeout terminates the session
        raise FdwarehouseError(
            f"the plan took longer than {seconds} second{'' if seconds == 1 else 's'}",
            hint="Nothing was changed. Select fewer tables with --select, or allow more --seconds.",
            exit_code=1,
        ) from error


def _wanted(
    rendered: Rendered,
    whole: Rendered,
    changes: Plan,
    chosen: Sequence[str],
    excluded: Sequence[str],
) -> tuple[list[str], list[str]]:
    """Return the tables to build, and those that are affected and not selected."""
    built = [m.model for m in whole.models if m.layer in ("silver", "gold")]
    touched = {*changes.next_run.full, *changes.next_run.incremental}
    affected = [name for name in built if changes.next_run.is_first or name in touched]
    if not terms_of(chosen) and not terms_of(excluded):
        return affected, []
    selected = {*select(nodes_of(whole.models, rendered.definitions), chosen, excluded)}
    return (
        [name for name in affected if name in selected],
        [name for name in affected if name not in selected],
    )


class _Attempt:
    """One deploy with its builds, in a transaction that someone else rolls back."""

    def __init__(
        self,
        warehouse: psycopg.Connection,
        urls: Mapping[str, str],
        whole: Rendered,
        changes: Plan,
        rows: int,
    ) -> None:
        self.warehouse = warehouse
        self.urls = urls
        self.whole = whole
        self.changes = changes
        self.rows = rows

    def run(self, models: list[str], unbuilt: list[str]) -> DataPlan:
        take, *files = self.whole.files
        present: dict[int, str] = dict(
            self.warehouse.execute(_RELATIONS, [list(LAYERS)]).fetchall()
        )
        self._execute([take])
        started = time.monotonic()
        copies = {
            name: copy
            for number, name in enumerate(models)
            if copy_table(self.warehouse, name, copy := f"before_{number}")
        }
        self._execute(files)
        run_id = self._build(models)
        tables = [self._compared(name, copies.get(name)) for name in models]
        due = {"run_id": run_id, "checks": self._checks(models, unbuilt)}
        checks = [CheckResult(*row) for row in self.warehouse.execute(_CHECKS, due).fetchall()]
        locked = {oid for (oid,) in self.warehouse.execute(_LOCKED).fetchall()}
        return DataPlan(
            self.changes,
            tables,
            checks,
            sorted(name for oid, name in present.items() if oid in locked),
            time.monotonic() - started,
        )

    def _execute(self, files: list[SqlFile]) -> None:
        execute_locally(files, self.warehouse, self.urls)

    def _checks(self, built: list[str], unbuilt: list[str]) -> list[str]:
        """Name the checks of what is built and those that change, unless they read a source."""
        files = {f.creates: f for f in self.whole.files if f.creates}
        foreign = tuple(f"{ident(source.name)}." for source in self.whole.sources)
        touched = {*self.changes.new, *self.changes.changed}
        return [
            check.name
            for check in self.whole.checks
            for file in [files[check.function]]
            if ({*check.reads} & {*built} or file.plain_name in touched)
            and not {*check.reads} & {*unbuilt}
            and not any(name.startswith(foreign) for name in names_read(file, files))
        ]

    def _build(self, models: list[str]) -> int:
        found = self.warehouse.execute(_RUN).fetchone()
        assert found is not None
        run_id = int(found[0])
        self.warehouse.execute("SELECT etl.enter_steps(%s, %s, false)", [run_id, models])
        for model in models:
            try:
                self.warehouse.execute("SELECT etl.build_model(%s, %s)", [run_id, model])
            except psycopg.DatabaseError as error:
                told = database_error(error)
                raise FdwarehouseError(
                    f"{model} cannot be built: {told.message}",
                    hint=told.hint or "Nothing was changed.",
                    exit_code=1,
                ) from error
        self.warehouse.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return run_id

    def _compared(self, name: str, copy: str | None) -> TableDifference:
        definition = next((d for d in self.whole.definitions if d.model == name), None)
        table = read_table(self.warehouse, name, definition)
        return compare_with_copy(self.warehouse, table, copy, rows=self.rows)
