"""Inspects a source through the warehouse and describes it as a contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from pydantic import ValidationError

from fdwarehouse.database.mounting import (
    MOUNT,
    mount_table,
    mounted_catalogue,
    rendered,
    source_failure,
)
from fdwarehouse.database.unique_keys import smallest_key, unique_indexes
from fdwarehouse.errors import FdwarehouseError, Problems, database_error
from fdwarehouse.project.chosen_columns import (
    UnfitError,
    is_left_out,
    mounted_columns,
    take_columns,
)
from fdwarehouse.project.chosen_tables import Relation, choose, settings_by_pattern, settings_of
from fdwarehouse.project.config import SourceConfig, TableConfig
from fdwarehouse.project.contract import Column, Contract, Table
from fdwarehouse.project.table_rules import problems_of_table
from fdwarehouse.rendering.source_errors import ROW_SECURITY

_POPULATE = "REFRESH MATERIALIZED VIEW fills it in production; until then no run can read it."

_TABLES = "SELECT schema_name, table_name, is_table, has_children FROM {mount}._tables"
_COLUMNS = """
    SELECT
        table_name, position, column_name, type, source_type, is_nondeterministic, not_null,
        key_position
    FROM {mount}._columns
    ORDER BY table_name, position
"""
_COMMENTS = """
    SELECT schema_name, table_name, column_name, description FROM {mount}._comments
"""


def inspect(
    warehouse_url: str,
    name: str,
    source: SourceConfig,
    url: str,
    *,
    wait: str = "5min",
    warn: Callable[[str], None] = lambda _: None,
    problems: Problems | None = None,
) -> Contract:
    """Describe the tables of a source that ``warehouse.yaml`` names.

    Args:
        warehouse_url: connection string of the warehouse's owner.
        name: the source's name.
        source: which tables of which schema.
        url: connection string of the reader, valid on the warehouse's server.
        wait: how long the source may take to answer.
        warn: called for a table that cannot be read yet.
        problems: collects why tables cannot be read; None: they are raised.

    Raises:
        FdwarehouseError: the source cannot be reached, lacks a table, or does not allow the reader
            to read one; the message names it.
    """
    found = Problems()
    with mounted_catalogue(warehouse_url, name, url, wait=wait) as connection:
        contract = read_contract(connection, name, source, warn, found)
        settings = settings_of(source, contract)
        for trial in trials(source, contract):
            table = trial.table
            try:
                try_to_read(connection, name, trial, warn=warn)
                if table not in source.tables:
                    _require_fit(source.fence, settings[table], contract.tables[table])
            except FdwarehouseError as error:
                if table in source.tables:
                    found.add(error)
                else:
                    way_out = f". {error.hint}" if error.hint else ""
                    warn(f"{name}.{table} is left out: {error.message}{way_out}")
                    del contract.tables[table]
    if problems is None:
        found.raise_found()
    else:
        problems.add_all(found)
    return contract


def _require_fit(fence: str, settings: TableConfig, description: Table) -> None:
    """Raise why a deploy would refuse a table that only a pattern names."""
    for error in problems_of_table(fence, settings, description):
        problem, hint = error.args
        raise FdwarehouseError(problem, hint=hint) from error


def read_contract(
    connection: psycopg.Connection,
    name: str,
    source: SourceConfig,
    warn: Callable[[str], None],
    problems: Problems,
) -> Contract:
    """Describe the tables of a source whose catalogue is mounted.

    Args:
        connection: see `mounted_catalogue`.
        name: the source's name.
        source: which tables of which schema.
        warn: called for a table that only a pattern takes and that cannot be read as it says.
        problems: collects that it lacks a table, or that a type is not known.

    Returns:
        The contract without the tables that have a problem.
    """

    def rows(query: str) -> list[tuple[Any, ...]]:
        statement = sql.SQL(query).format(mount=sql.Identifier(MOUNT))
        return connection.execute(statement).fetchall()

    relations = [Relation(*row) for row in rows(_TABLES)]
    chosen = choose(name, source, relations, problems)
    settings = dict(rows("SELECT name, coalesce(reset_val, setting) FROM {mount}._pg_settings"))
    nothing = Contract(
        source=name,
        server_version=int(settings["server_version_num"]) // 10000,
        time_zone=settings["TimeZone"],
        tables={},
    )
    if not chosen:
        return nothing
    listed = [(table, relation.schema, relation.name) for table, relation in chosen.items()]
    connection.execute(rendered("columns", tables=listed))
    names = {(schema, there): table for table, schema, there in listed}
    comments = {
        (names[schema, there], column): text
        for schema, there, column, text in rows(_COMMENTS)
        if (schema, there) in names
    }
    columns: dict[str, dict[str, Column]] = defaultdict(dict)
    keys: dict[str, dict[int, str]] = defaultdict(dict)
    choices = {
        table: source.tables.get(table)
        or settings_by_pattern(source, found.schema, found.name)
        or TableConfig()
        for table, found in chosen.items()
    }
    indexes = unique_indexes(connection)
    placed: dict[str, dict[int, str]] = defaultdict(dict)
    unknown: set[str] = set()
    for table, position, column, type_, source_type, is_loose, not_null, in_key in rows(_COLUMNS):
        described = _column(
            type=type_,
            source_type=source_type,
            is_nondeterministic=is_loose,
            not_null=not_null,
            comment=comments.get((table, column)),
        )
        if described is None:
            if is_left_out(choices[table], column):
                continue
            unknown.add(table)
            problems.add(
                FdwarehouseError(
                    f"source {name}: column {column} of {chosen[table].schema}."
                    f"{chosen[table].name} is of type {type_}, which the warehouse does not know",
                    hint="Leave it out with exclude, or read a view in production that casts it.",
                )
            )
            continue
        columns[table][column] = described
        placed[table][position] = column
        if in_key is not None:
            keys[table][in_key] = column
    tables = {}
    for table, relation in ((t, r) for t, r in chosen.items() if t not in unknown):
        place = relation.schema, relation.name
        unique = smallest_key(indexes.get(place, []), placed[table], columns[table])
        whole = Table(
            comment=comments.get((table, None)),
            schema_name=relation.schema if relation.name != table else None,
            primary_key=[c for _, c in sorted(keys[table].items())],
            unique_key=[] if keys[table] else unique,
            has_children=relation.has_children,
            columns=columns[table],
        )
        is_named = table in source.tables
        choice = choices[table] if is_named else choices[table].for_columns(whole.columns)
        try:
            tables[table] = take_columns(choice, whole, is_named=is_named)
        except UnfitError as error:
            problem, hint = error.args
            if is_named:
                told = f"warehouse.yaml: {name}.{table}: {problem}"
                problems.add(FdwarehouseError(told, hint=hint))
            else:
                warn(f"{name}.{table} is left out: {problem}")
    return nothing.model_copy(update={"tables": tables})


def _column(**described: Any) -> Column | None:
    """Describe a column; None if its type is not known."""
    try:
        return Column(**described)
    except ValidationError:
        return None


@dataclass(frozen=True)
class Trial:
    """A table of which one row is read."""

    table: str
    """Its name in the contract."""
    place: tuple[str, str]
    """Its schema and name in the source."""
    columns: list[str]
    """Those that a run reads."""


def trials(source: SourceConfig, contract: Contract) -> list[Trial]:
    """List the tables of a contract, and what a run reads of each.

    Args:
        source: as in ``warehouse.yaml``.
        contract: of the source.
    """
    settings = settings_of(source, contract)
    return [
        Trial(
            table,
            (described.schema_name or source.schema_name, described.name_in_schema(table)),
            [*mounted_columns(settings[table], described.columns)],
        )
        for table, described in contract.tables.items()
    ]


def try_to_read(
    connection: psycopg.Connection, name: str, trial: Trial, *, warn: Callable[[str], None]
) -> None:
    """Read one row as the pipeline will: only the source knows what its reader may see.

    Args:
        connection: see `mounted_catalogue`.
        name: the source's name.
        trial: the table.
        warn: called if it cannot be read yet.

    Raises:
        FdwarehouseError: the reader may not read it, or row security would hide rows.
    """
    shown = ".".join(trial.place)
    listed = sql.SQL(", ").join(map(sql.Identifier, trial.columns))
    as_text = sql.SQL(", ").join(sql.Identifier(c) + sql.SQL(" text") for c in trial.columns)
    try:
        with connection.transaction(force_rollback=True):
            mount_table(connection, "tried", as_text, *trial.place)
            connection.execute(
                sql.SQL("SELECT {} FROM {} LIMIT 1").format(listed, sql.Identifier(MOUNT, "tried"))
            )
    except psycopg.errors.ObjectNotInPrerequisiteState as error:
        told = database_error(error)
        warn(f"{name}.{trial.table} cannot be read yet: {told.message}. {_POPULATE}")
    except psycopg.errors.InsufficientPrivilege as error:
        if "row-level security" in (error.diag.message_primary or ""):
            raise FdwarehouseError(
                f"DW019: row security of source {name} would hide rows of {shown} "
                f"from its reader\n{error.diag.message_primary}",
                hint=ROW_SECURITY,
            ) from error
        raise FdwarehouseError(
            f"source {name} does not allow its reader to read {shown}: "
            f"{error.diag.message_primary}",
            hint="`fdwarehouse bootstrap --side production` grants the privileges.",
        ) from error
    except psycopg.errors.QueryCanceled:
        raise
    except psycopg.Error as error:
        if connection.broken or (error.sqlstate or "").startswith("08"):
            raise
        failure = source_failure(name, error)
        problem = failure.message.replace(f"source {name}", f"{shown} of source {name}", 1)
        raise FdwarehouseError(problem, hint=failure.hint) from error
