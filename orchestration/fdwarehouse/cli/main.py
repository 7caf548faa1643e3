"""The command ``fdwarehouse``: its options, its subcommands, and how it shows errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from fdwarehouse import __version__
from fdwarehouse.cli import (
    artifacts,
    build,
    checking,
    completing,
    diagnosing,
    diff,
    explain,
    history,
    init,
    monitoring,
    observing,
    psql,
    reference,
    run,
    scaffolding,
    site,
)
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.terminal.console import say, show_error

app = typer.Typer(
    name="fdwarehouse",
    help="A data warehouse for PostgreSQL, inside another PostgreSQL database, in SQL alone.",
    epilog="Connections come from the environment: WAREHOUSE_URL, and PRODUCTION_URL for the "
    "source named production. With none set, two embedded servers are used.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    run.demo,
    init.init,
    scaffolding.new,
    scaffolding.add_table,
    diagnosing.doctor,
    build.up,
    build.down,
    build.seed,
    build.bootstrap,
    build.contract,
    build.render,
    build.deploy,
    explain.explain,
    diff.diff,
    reference.schema,
    reference.docs,
    run.run,
    run.backfill,
    checking.check,
    observing.status,
    monitoring.metrics,
    monitoring.alert,
    run.reconcile,
    run.rebuild,
    history.prune,
    history.forget,
    run.airflow,
    site.site,
    artifacts.artifacts,
):
    app.command()(command)
app.command("test")(checking.unit_tests)
app.command(context_settings={"ignore_unknown_options": True})(psql.psql)


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
    env: Annotated[
        str | None,
        typer.Option(
            envvar="FDWAREHOUSE_ENV",
            metavar="NAME",
            help="Environment to work in: the connections of dev are in DEV_WAREHOUSE_URL, ...",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    context.obj = (project, env)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit.

    Args:
        arguments: the command line; when omitted, that of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # an old terminal shows ? for what it lacks
            stream.reconfigure(errors="replace")
    if "_FDWAREHOUSE_COMPLETE" in os.environ:
        completing.convert_nothing()
    try:
        app(arguments, prog_name="fdwarehouse")
    except FdwarehouseError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is None:
            raise
        show_error(FdwarehouseError(f"{error.filename}: {error.strerror}"))
        sys.exit(2)
    except Exception as error:
        import psycopg

        if not isinstance(error, psycopg.Error):
            raise
        show_error(database_error(error))
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
