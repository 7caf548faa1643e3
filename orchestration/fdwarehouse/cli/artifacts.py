"""The command that describes the warehouse for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fdwarehouse.cli.context import connections_of_main
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.terminal.console import err, say

_INSTALL = "pip install 'fdwarehouse[openlineage]'"


def artifacts(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option(help="Folder to write the files to.")] = Path("target"),
    run: Annotated[
        int | None, typer.Option(help="The run to describe; the latest without it.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Also send the events of OpenLineage to this URL.", metavar="URL"),
    ] = None,
) -> None:
    """Write files that describe the warehouse for other tools.

    manifest.json, catalog.json and run_results.json as dbt writes them, data contracts (ODCS), and
    the events of a run (OpenLineage). They have no rows and no values.
    """
    from importlib.util import find_spec

    from fdwarehouse.artifacts.observed import observe
    from fdwarehouse.artifacts.writing import contracts_of, write_artifacts

    has_library = find_spec("openlineage") is not None
    if to is not None and not has_library:
        raise FdwarehouseError("events of OpenLineage need its library", hint=_INSTALL)
    connections = connections_of_main(
        context, "artifacts", "other tools know the tables under the names of the main deployment"
    )
    config = connections.config
    with err.console.status("Reading the warehouse"):
        seen = observe(connections.warehouse(), config.project, run)
    for path in write_artifacts(seen, contracts_of(connections.root, config.sources), out):
        say(str(path))
    if not has_library:
        say(f"No events of OpenLineage: {_INSTALL}", "dim")
        return
    from fdwarehouse.artifacts.sending import send_events, without_login, write_events

    say(str(write_events(seen, out)))
    if to is not None:
        say(f"{send_events(seen, to)} events sent to {without_login(to)}")
