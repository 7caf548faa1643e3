"""The command that shows the state of the warehouse, now or of a past run."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from fdwarehouse.cli.context import connections_of

_SECONDS = 2.0


def status(
    context: typer.Context,
    seconds: Annotated[
        float | None,
        typer.Argument(min=0.1, help="With --watch: time between two looks. Default: 2."),
    ] = None,
    *,
    run: Annotated[
        int | None,
        typer.Option("--run", metavar="N", help="One run: its steps, checks and fences."),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Look again and again, until Ctrl-C; in a file, a line per change."
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="For machines; with --watch, one JSON object per change."),
    ] = False,
) -> None:
    """Show runs, tables, sources, checks and rejects."""
    from fdwarehouse.database.logged_runs import read_run
    from fdwarehouse.database.status import read_status
    from fdwarehouse.terminal.logged_run import show_run
    from fdwarehouse.terminal.status import show_status

    if seconds is not None and not watch:
        raise typer.BadParameter("SECONDS is for --watch; a run is shown by --run N")
    if run is not None and watch:
        raise typer.BadParameter("--run shows a run once: leave out --watch")
    url = connections_of(context).warehouse()
    if watch:
        from fdwarehouse.terminal.watching import watch_status

        watch_status(
            lambda: read_status(url, counts_rows=False), seconds or _SECONDS, as_json=as_json
        )
        return
    described = read_status(url) if run is None else read_run(url, run)
    if as_json:
        print(json.dumps(described, indent=2, ensure_ascii=False))
    else:
        (show_status if run is None else show_run)(described)
