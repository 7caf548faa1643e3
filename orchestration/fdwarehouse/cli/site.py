"""The command that writes the site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fdwarehouse.cli.context import connections_of
from fdwarehouse.terminal.console import err, say


def site(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option(help="Folder to write it to.")] = Path("site"),
    no_samples: Annotated[
        bool,
        typer.Option(
            "--no-samples",
            help="Show no rows, extremes and frequent values. Masked columns are never shown.",
        ),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve it on 127.0.0.1 until Ctrl+C.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of --serve; 0: any.")] = 8008,
    in_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write a site that shows the warehouse in a browser.

    Files only, which open from disk: health, charts, tables, lineage, star schema, runs. It shows
    the warehouse as it is now; write it again after the next run.
    """
    from fdwarehouse.database.observation.everything import observe
    from fdwarehouse.project.charts import load_charts
    from fdwarehouse.site.formats import bytes_
    from fdwarehouse.site.writing import write_site

    connections = connections_of(context)
    charts = load_charts(connections.root)
    with err.console.status("Reading the warehouse"):
        seen = observe(
            connections.warehouse(),
            charts,
            analyst_url=connections.analyst(),
            with_values=not no_samples,
        )
        project = connections.config.project
        if connections.schema_prefix:
            project += f" ({connections.name})"
        size = write_site(seen, project, out)
    index = (out / "index.html").resolve()
    say(f"{out}: {bytes_(size)}. Open {index}")
    for name, found in seen.chart_rows.items():
        if found.error:
            say(f"chart {name}: {found.error}", "yellow")
    if serve:
        from fdwarehouse.site.serving import serving

        with serving(out, port) as server:
            address = f"http://127.0.0.1:{server.server_port}/"
            say(f"Serving {address} until Ctrl+C")
            if in_browser:
                typer.launch(address)
            server.serve_forever()
    elif in_browser:
        typer.launch(index.as_uri())
