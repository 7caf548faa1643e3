"""The command that begins a project from a production database."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.cli.context import connections_of
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.terminal.console import counted, note, say, show_error, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fdwarehouse.database.connections import Connections
    from fdwarehouse.project.proposals import Proposal


def init(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="Default: the current folder.")] = None,
    *,
    url: Annotated[
        str | None,
        typer.Option(
            help="Connection string of production's reader. Default: PRODUCTION_URL. It is not "
            "stored."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the project. Default: that of the database.")
    ] = None,
    schema: Annotated[
        list[str] | None,
        typer.Option(
            help="Schema of production; can be repeated. The tables of the first one are named "
            "without it. Default: public."
        ),
    ] = None,
    all_schemas: Annotated[
        bool, typer.Option("--all-schemas", help="All schemas that the reader may use.")
    ] = False,
    mirror: Annotated[
        bool | None,
        typer.Option(
            "--mirror/--no-mirror", help="Whether silver mirrors each table. Default: yes."
        ),
    ] = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Add new tables to the warehouse.yaml of the project."),
    ] = False,
) -> None:
    """Write a project for an existing production database.

    It deploys and runs as it is. For each table, proposes key, mode and watermark, with the
    reason as a comment. Reads only the catalogue and statistics of production. In a terminal, asks
    for what no option says.
    """
    from fdwarehouse.database.profiling import profile
    from fdwarehouse.project.proposals import propose
    from fdwarehouse.project.scaffold import new_files, require_no_project, write_new
    from fdwarehouse.terminal import asking

    if all_schemas and schema:
        raise typer.BadParameter("name schemas, or take --all-schemas")
    if update:
        if folder is not None:
            raise typer.BadParameter("--update works in the project's folder")
        _update(connections_of(context), url, schema, all_schemas=all_schemas)
        return

    root = folder or Path()
    require_no_project(root)
    found = _url(url)
    try:
        if not schema and not all_schemas:
            schema = [_schema(found)]
        database, tables = profile(found, None if all_schemas else schema)
    except FdwarehouseError as error:
        if url is not None or "cannot connect" not in error.message:
            raise
        raise FdwarehouseError(
            error.message,
            hint="Check PRODUCTION_URL. Before `fdwarehouse bootstrap`, which needs a project, "
            "there is no reader: give an administrator's connection with --url. It is not stored.",
        ) from error
    schemas = schema or sorted(
        {t.schema for t in tables}, key=lambda name: (name != "public", name)
    )
    proposals = propose(tables, schemas[0])
    project = name or re.sub(r"\W+", "_", database.lower())
    if name is None and asking.is_terminal():
        project = asking.ask("Name of the project", project)
    if mirror is None and asking.is_terminal():
        mirror = asking.confirm("Mirror each table of production in silver?")
    files = new_files(
        proposals, project=project, schema=schemas[0], system=database, mirror=mirror is not False
    )
    for written in _by_folder(write_new(root, files)):
        say(f"wrote {root / written}")
    _report(proposals)
    say("Next: fdwarehouse bootstrap, contract, deploy, run. README.md says it again.")


def _by_folder(paths: Iterable[str]) -> Iterable[str]:
    """List the files, but of `monitoring/` only the folder."""
    return dict.fromkeys("monitoring" if p.startswith("monitoring/") else p for p in paths)


def _update(
    connections: Connections, url: str | None, schema: list[str] | None, *, all_schemas: bool
) -> None:
    """Add the tables that are new in production, and name those that are gone."""
    from fdwarehouse.database.profiling import profile
    from fdwarehouse.project.chosen_tables import (
        is_chosen_by_pattern,
        is_pattern,
        known_as,
        schemas_of,
    )
    from fdwarehouse.project.proposals import propose

    source_name, source = next(iter(connections.config.sources.items()))
    _, tables = profile(url or connections.source(source_name), schema)
    if not schema and not all_schemas:
        looked_at = schemas_of(source, {table.schema for table in tables})
        tables = [table for table in tables if table.schema in looked_at]
    present = {known_as(source, table.schema, table.name): table for table in tables}
    proposals = [
        p
        for p in propose(tables, source.schema_name)
        if p.table not in source.tables
        and not is_chosen_by_pattern(source, present[p.table].schema, present[p.table].name)
    ]
    gone = {table for table in source.tables if not is_pattern(table)} - set(present)
    for table in sorted(gone):
        warn(f"production no longer has {table}: remove it from warehouse.yaml")
    if not add_proposals(connections, source_name, proposals):
        say("warehouse.yaml has every table.")


def _schema(url: str) -> str:
    """Choose the schema: public, or the one that a person names."""
    from fdwarehouse.database.profiling import sizes_of_schemas
    from fdwarehouse.terminal import asking

    if not asking.is_terminal():
        return "public"
    schemas = sizes_of_schemas(url)
    if len(schemas) < 2:
        return next(iter(schemas), "public")
    for schema, tables in schemas.items():
        note(f"schema {schema}: {counted(tables, 'table')}")
    default = "public" if "public" in schemas else next(iter(schemas))
    return asking.choose("Schema", [*schemas], default)


def add_proposals(connections: Connections, source: str, proposals: Sequence[Proposal]) -> bool:
    """Add tables to warehouse.yaml, and report them; return whether anything was added.

    Args:
        connections: of the project.
        source: name of the source.
        proposals: the new tables.

    Raises:
        FdwarehouseError: the file is written in a way that none can be added.
    """
    from fdwarehouse.project.scaffold import with_tables

    path = connections.root / "warehouse.yaml"
    before = path.read_text(encoding="utf-8")
    after = with_tables(before, source, proposals)
    _report(proposals)
    if after == before:
        return False
    path.write_text(after, encoding="utf-8")
    say("warehouse.yaml was changed. Review it, then: fdwarehouse contract")
    return True


def _url(given: str | None) -> str:
    from fdwarehouse.database.connections import connect
    from fdwarehouse.terminal import asking

    if known := given or os.environ.get("PRODUCTION_URL"):
        return known
    while asking.is_terminal() and (
        typed := asking.ask_secret("Connection string of production's reader (it is not shown)")
    ):
        try:
            connect(typed).close()
        except FdwarehouseError as error:
            show_error(error)
            note("Type it again, or only Enter to end.")
        else:
            return typed
    raise FdwarehouseError(
        "there is no connection to production",
        hint="Set PRODUCTION_URL, or give --url postgresql://warehouse_reader@host/database.",
    )


def _report(proposals: Sequence[Proposal]) -> None:
    """Say what is read and how, what is not, and what costs much."""
    from fdwarehouse.project.proposal_lines import lines_left_out

    modes = Counter(p.mode for p in proposals if p.skipped is None)
    for mode, number in sorted(modes.items()):
        say(f"{counted(number, 'table')} by {mode}")
    for line in lines_left_out(proposals):
        say(line)
    for proposal in proposals:
        for warning in proposal.warnings:
            warn(warning)
