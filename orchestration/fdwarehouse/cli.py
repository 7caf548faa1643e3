"""The command ``fdwarehouse``: reads its arguments, calls the modules, shows what they return."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import typer

from fdwarehouse import __version__, embedded
from fdwarehouse.bootstrap import bootstrap_source, bootstrap_warehouse
from fdwarehouse.connections import Connections, connect
from fdwarehouse.contract import contract_path, dump_contract
from fdwarehouse.deploy import deploy as apply
from fdwarehouse.deploy import plan as compare
from fdwarehouse.deploy import write_build
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.inspect_source import inspect
from fdwarehouse.render import render_project
from fdwarehouse.running import call
from fdwarehouse.show import (
    LiveSteps,
    database_error,
    run_failure,
    show_checks,
    show_outcome,
    show_plan,
)
from fdwarehouse.show_status import show_status
from fdwarehouse.status import status as describe
from fdwarehouse.terminal import difference, err, note, out, say, show_error

app = typer.Typer(
    name="fdwarehouse",
    help="A data warehouse of a PostgreSQL database in another PostgreSQL database, in SQL alone.",
    epilog="Connections come from the environment: WAREHOUSE_URL, and PRODUCTION_URL for the "
    "source named production. With none set, two embedded servers are used.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Side(StrEnum):
    """Servers that bootstrap prepares."""

    warehouse = "warehouse"
    production = "production"
    both = "both"


class Layer(StrEnum):
    """What can be rebuilt."""

    silver = "silver"
    gold = "gold"
    all = "all"


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"fdwarehouse {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(envvar="FDWAREHOUSE_PROJECT", help="Folder of the project."),
    ] = None,
    version: Annotated[  # noqa: ARG001
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    context.obj = Connections(project)


@app.command()
def up(context: typer.Context) -> None:
    """Start the two embedded servers; eval "$(fdwarehouse up)" exports their connections."""
    urls = _connections(context).embedded_urls()
    note(f"Both embedded servers run, data in {_connections(context).state_dir}")
    for name, url in urls.items():
        print(f"export {name}={_quoted(url)}")


@app.command()
def down(context: typer.Context) -> None:
    """Stop the two embedded servers; their data stays."""
    was_up = embedded.down(_connections(context).state_dir)
    say("Both embedded servers are stopped." if was_up else "No embedded server was running.")


@app.command()
def bootstrap(
    context: typer.Context,
    side: Annotated[Side, typer.Option(help="Which servers to prepare.")] = Side.both,
) -> None:
    """As an administrator: make extensions, roles and grants. Can be run again at any time."""
    connections = _connections(context)
    if side != Side.production:
        for line in bootstrap_warehouse(connections):
            say(line)
    if side != Side.warehouse:
        for name in connections.config.sources:
            for line in bootstrap_source(connections, name):
                say(line)


@app.command()
def contract(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if it has changed.")
    ] = False,
) -> None:
    """Write what production looks like, as the warehouse's server sees it, to contracts/."""
    connections = _connections(context)
    is_stale = False
    for name, source in connections.config.sources.items():
        path = contract_path(connections.root, name)
        shown = str(path.relative_to(connections.root))
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        now = dump_contract(
            inspect(connections.warehouse(), name, source, connections.source(name))
        )
        for line in difference(before, now, shown):
            out.print(line, soft_wrap=True)
        if before == now:
            say(f"{shown} is up to date.")
        elif check:
            is_stale = True
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(now, encoding="utf-8")
            say(f"{shown} was written. Review it, then `fdwarehouse deploy`.")
    if is_stale:
        raise FdwarehouseError(
            "production is not what the contract says",
            hint="`fdwarehouse contract` writes it anew; review what changes.",
            exit_code=1,
        )


@app.command()
def render(context: typer.Context) -> None:
    """Write the compiled SQL to build/, without a database; psql can deploy it."""
    root = _connections(context).root
    rendered = render_project(root)
    write_build(rendered, root / "build")
    say(f"{len(rendered.files)} files are in build/. psql -f build/deploy.sql deploys them.")


@app.command()
def deploy(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    wait: Annotated[
        int, typer.Option(min=0, help="Seconds to wait for a run or another deploy to end.")
    ] = 10,
) -> None:
    """Bring the warehouse to what the project says, in one transaction or not at all."""
    connections = _connections(context)
    rendered = render_project(connections.root)
    write_build(rendered, connections.root / "build")
    urls = connections.known_sources()
    if plan:
        with connect(connections.warehouse()) as warehouse:
            changes = compare(rendered, warehouse, urls)
    else:
        changes = apply(rendered, connections.warehouse(), urls, wait=f"{wait} seconds")
    show_plan(changes)
    if changes.is_empty:
        say("Nothing to change.")
    else:
        say("Nothing was changed: this is the plan." if plan else "Deployed.", "bold")


@app.command()
def run(
    context: typer.Context,
    full: Annotated[
        bool, typer.Option("--full", help="Compute everything anew and write what differs.")
    ] = False,
) -> None:
    """Run the pipeline: extract what changed, clean it, publish the star schema, check."""
    with LiveSteps() as live:
        outcome = call(
            _connections(context).warehouse(),
            "CALL etl.run_pipeline(%s)",
            [full],
            layers=["source", "bronze", "silver", "gold"],
            on_progress=live,
        )
    show_outcome(outcome, "run")


@app.command()
def rebuild(
    context: typer.Context,
    layer: Annotated[Layer, typer.Argument(help="What to compute anew.")] = Layer.all,
) -> None:
    """Compute silver and gold anew from bronze and write what differs: an audit, too."""
    layers = [Layer.silver, Layer.gold] if layer == Layer.all else [layer]
    with LiveSteps() as live:
        outcome = call(
            _connections(context).warehouse(),
            "CALL etl.rebuild(%s)",
            [layer.value],
            layers=layers,
            on_progress=live,
        )
    show_outcome(outcome, "rebuild")
    if outcome.run_id and not outcome.rows_written:
        say("No row differed from what the runs had built.")


@app.command()
def check(context: typer.Context) -> None:
    """Run all checks, over everything; exit with 1 when one of severity error fails."""
    with err.status("Checking"):
        outcome = call(_connections(context).warehouse(), "CALL etl.run_checks()")
    if outcome.checks:
        show_checks(outcome.checks)
    if outcome.status == "cancelled":
        raise run_failure(outcome, "the check run")
    if outcome.error is not None:
        raise database_error(outcome.error)
    warned = sum(1 for result in outcome.checks if result.offending_rows)
    say(f"{len(outcome.checks) - warned} passed, {warned} warned", "bold green")


@app.command()
def status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show runs, tables, sources with their fence, checks and rejected rows."""
    described = describe(_connections(context).warehouse())
    if as_json:
        print(json.dumps(described, indent=2, ensure_ascii=False))
    else:
        show_status(described)


def _quoted(text: str) -> str:
    """Quote a word for a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _connections(context: typer.Context) -> Connections:
    found = context.obj
    assert isinstance(found, Connections)
    return found


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit.

    Args:
        arguments: those of the command line when omitted.
    """
    try:
        app(arguments)
    except FdwarehouseError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except psycopg.Error as error:
        show_error(database_error(error))
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
