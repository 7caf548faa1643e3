"""The options `--select`, `--exclude` and `--junit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "-s",
        metavar="TABLES",
        help="Only these: names (fact_sales, 'gold.*'), layers (silver), tag:NAME, "
        "state:modified; +NAME with all upstream, NAME+ with all downstream. Several are "
        "separated by spaces or commas.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="TABLES", help="Not these, written as for --select."),
]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Also write the results as JUnit XML."),
]
