"""The commands that write single files, and single lines of warehouse.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.cli import completing
from fdwarehouse.cli.context import connections_of
from fdwarehouse.errors import FdwarehouseError, suggestion
from fdwarehouse.terminal.console import err, say

if TYPE_CHECKING:
    from fdwarehouse.database.connections import Connections
    from fdwarehouse.database.testing.tested_models import ProjectUnderTest
    from fdwarehouse.project.new_files import Readable


class Kind(StrEnum):
    """What can be new."""

    model = "model"
    check = "check"
    test = "test"
    schedule = "schedule"
    monitoring = "monitoring"


def new(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="What to write.")],
    name: Annotated[
        str,
        typer.Argument(
            help="gold.fact_sales for a model, or for its test; a name for a check; cron, systemd "
            "or pg_cron for a schedule; nothing for monitoring.",
            autocompletion=completing.tables,
        ),
    ] = "",
    read: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="The table that it reads; for a test, the table it tests.",
            autocompletion=completing.all_tables,
        ),
    ] = None,
) -> None:
    """Write a model, check, test, schedule, or monitoring files.

    A model, a check or a test has the columns of the table that it reads, as the project's files
    make it, and works as it is; no production is needed, and nothing is deployed. A schedule runs
    the warehouse every five minutes. The files for monitoring are those of Prometheus, Grafana and
    pgwatch. An existing file is never replaced.
    """
    from fdwarehouse.project.new_files import write_file

    connections = connections_of(context)
    if kind == Kind.monitoring:
        _write_monitoring(connections, name)
        return
    if not name:
        raise typer.BadParameter(f"name the {kind}")
    if kind == Kind.schedule:
        _write_schedule(connections, name)
        return
    if kind == Kind.test:
        model = read or name
        path = f"sql/tests/{_file_name(name if read else name.partition('.')[2])}.yaml"
    elif kind == Kind.check:
        path, model = f"sql/checks/{_file_name(name)}.sql", ""
    else:
        if not re.fullmatch(r"(silver|gold)\.[a-z_][a-z0-9_]*", name):
            raise typer.BadParameter("a model is named silver.clean_orders or gold.fact_sales")
        path, model = f"sql/{name.replace('.', '/')}.sql", name
    if (connections.root / path).exists():
        raise FdwarehouseError(f"{path} exists", hint="Choose another name, or edit it.")
    if kind == Kind.model and name.startswith("silver."):
        text = _model_of_silver(connections, name, read)
    else:
        text = _compiled(connections, kind, model, read)
    write_file(connections.root, path, text)
    say(f"wrote {path}")


def _write_monitoring(connections: Connections, name: str) -> None:
    from fdwarehouse.project.scaffold import write_new
    from fdwarehouse.project.shared_files import MONITORING, monitoring_files

    if name:
        raise typer.BadParameter(f"the files have their names: fdwarehouse new {MONITORING}")
    files = monitoring_files()
    written = write_new(connections.root, files)
    for path in files:
        say(f"wrote {path}" if path in written else f"{path} exists, and was left as it is")
    say("`fdwarehouse docs monitoring` says what they are for.")


def _write_schedule(connections: Connections, kind: str) -> None:
    import getpass
    import shutil
    import sys
    from pathlib import Path

    from psycopg.conninfo import conninfo_to_dict

    from fdwarehouse.project import schedules
    from fdwarehouse.project.new_files import write_file

    if kind not in schedules.KINDS:
        raise typer.BadParameter(f"a schedule is one of {', '.join(schedules.KINDS)}")
    beside = Path(sys.executable).with_name("fdwarehouse")
    program = beside if beside.exists() else Path(shutil.which("fdwarehouse") or sys.argv[0])
    url = None if connections.is_embedded else connections.warehouse()
    files = schedules.schedule_files(
        kind,
        root=connections.root.resolve(),
        name=connections.config.project,
        program=str(program.absolute()),
        user=getpass.getuser(),
        database=str(conninfo_to_dict(url).get("dbname") or "warehouse") if url else "warehouse",
    )
    shared = (".gitignore", schedules.SECRET)  # of cron and systemd
    for path, text in files.items():
        if path.endswith(shared) and (connections.root / path).exists():
            continue
        write_file(connections.root, path, text, is_secret=path.endswith(schedules.SECRET))
        say(f"wrote {path}")
    say("Its first lines say how to install it; `fdwarehouse docs scheduling` says more.")


def _file_name(name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        raise typer.BadParameter("expected a lower-case name: letters, digits and underscores")
    return name


def _model_of_silver(connections: Connections, name: str, read: str | None) -> str:
    """Write a table of silver, which reads one table of bronze, from the contracts alone."""
    from fdwarehouse.compiler.tables.mirror import definition_of
    from fdwarehouse.rendering.render import render_project

    sources = render_project(connections.root).sources
    tables = {t.model: (s.name, t) for s in sources for t in s.tables}
    guess = re.sub(r"^silver\.(clean_)?", "bronze.raw_", name)
    found = tables.get(read or guess)
    if found is None:
        raise FdwarehouseError(
            f"{name} must read a table of bronze" + (f", not {read}" if read else ""),
            hint=f"Name it with --from: {', '.join(sorted(tables))}.",
        )
    return definition_of(*found)


def _compiled(connections: Connections, kind: Kind, model: str, read: str | None) -> str:
    """Write what needs the columns of tables of silver and gold."""
    from fdwarehouse.database.testing.skeletons import unit_test_of
    from fdwarehouse.project.new_files import check_file, model_file, test_file

    with _deployed_apart(connections) as project:
        if kind == Kind.test:
            given, expect = unit_test_of(project.warehouse, project, model)
            return test_file(model, given, expect)
        readable = _readable(project, read)
    return check_file(readable) if kind == Kind.check else model_file(model, readable)


@contextmanager
def _deployed_apart(connections: Connections) -> Iterator[ProjectUnderTest]:
    from fdwarehouse.cli.checking import prepare_embedded
    from fdwarehouse.database.apart import deployed_apart
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.testing.tested_models import ProjectUnderTest
    from fdwarehouse.rendering.render import render_project

    rendered = render_project(connections.root)
    prepare_embedded(connections)
    with (
        err.console.status("Compiling"),
        connect(connections.warehouse()) as warehouse,
        deployed_apart(rendered, warehouse) as whole,
    ):
        yield ProjectUnderTest(warehouse, whole, rendered.definitions)


def _readable(project: ProjectUnderTest, name: str | None) -> Readable:
    from fdwarehouse.database.testing.tables import read_table
    from fdwarehouse.project.new_files import Readable

    possible = sorted(n for n in [*project.models, *project.views] if n[:4] in ("silv", "gold"))
    if name not in possible:
        raise FdwarehouseError(
            f"the project has no table {name} of silver or gold" if name else "name a table",
            hint=f"Name the table to read with --from: {', '.join(possible)}."
            if possible
            else "Begin with a table of silver: fdwarehouse new model silver.clean_orders "
            "--from bronze.raw_orders.",
        )
    table = read_table(project.warehouse, name, project.definitions.get(name))
    return Readable(name, {c.name: c.type for c in table.columns.values()}, table.key)


def add_table(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="SOURCE.TABLE, such as production.invoices.")],
) -> None:
    """Add one table of a source to warehouse.yaml.

    Proposes key, mode and watermark with the reason, as `init` does, from the catalogue and
    statistics of production. Changes nothing else in the file.
    """
    from fdwarehouse.cli.init import add_proposals
    from fdwarehouse.database.profiling import profile
    from fdwarehouse.project.chosen_tables import known_as
    from fdwarehouse.project.proposals import propose

    connections = connections_of(context)
    source_name, dot, name = table.partition(".")
    source = connections.config.sources.get(source_name)
    if not dot or source is None:
        raise FdwarehouseError(
            f"{table} is not a table of a source",
            hint=f"Write SOURCE.TABLE. Sources: {', '.join(connections.config.sources)}.",
        )
    if name in source.tables:
        raise FdwarehouseError(
            f"warehouse.yaml has {table} already", hint="Change its settings there."
        )
    _, tables = profile(connections.source(source_name), None)
    present = {known_as(source, t.schema, t.name): t for t in tables}
    found = propose([present[name]] if name in present else [], source.schema_name)
    if not found:
        raise FdwarehouseError(
            f"schema {source.schema_name} of {source_name} has no table {name}"
            + suggestion(name, present),
            hint=f"It has {', '.join(t for t in present if t not in source.tables)}.",
        )
    (proposal,) = found
    if proposal.skipped is not None:
        raise FdwarehouseError(
            f"{table} cannot be added: {proposal.skipped}",
            hint="`fdwarehouse docs make-it-yours` says how tables are read.",
        )
    add_proposals(connections, source_name, found)
