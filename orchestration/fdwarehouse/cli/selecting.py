"""The options `--select` and `--exclude`, and what they select in the deployed warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.cli.completing import terms
from fdwarehouse.errors import FdwarehouseError

if TYPE_CHECKING:
    from fdwarehouse.database.connections import Connections
    from fdwarehouse.rendering.selection import Node

NOTHING_SELECTED = "Nothing is selected."

Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "-s",
        metavar="TABLES",
        autocompletion=terms,
        help="Only these: names (fact_sales, 'gold.*'), layers (silver), tag:NAME, "
        "state:modified; +NAME with all upstream, NAME+ with all downstream. Several are "
        "separated by spaces or commas.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="TABLES",
        autocompletion=terms,
        help="Not these, written as for --select.",
    ),
]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Also write the results as JUnit XML."),
]


def selected_tables(
    connections: Connections, chosen: Sequence[str] | None, excluded: Sequence[str] | None
) -> list[str] | None:
    """Return the selected tables in topological order; None if nothing was asked for.

    Args:
        connections: of the project.
        chosen: what `--select` says.
        excluded: what `--exclude` says.
    """
    from fdwarehouse.rendering.selection import select

    if not chosen and not excluded:
        return None
    tables, _ = _deployed(connections, [*(chosen or ()), *(excluded or ())])
    return select(tables, chosen or (), excluded or ())


def selected_checks(
    connections: Connections, chosen: Sequence[str] | None, excluded: Sequence[str] | None
) -> list[str] | None:
    """Return the checks that are selected, or that read a selected table; None: all.

    Args:
        connections: of the project.
        chosen: what `--select` says.
        excluded: what `--exclude` says.
    """
    from fdwarehouse.rendering.selection import select

    if not chosen and not excluded:
        return None
    tables, checks = _deployed(connections, [*(chosen or ()), *(excluded or ())])
    nodes = [*tables, *checks]

    def named(terms: Sequence[str]) -> set[str]:
        found = {*select(nodes, terms)}
        return {c.name for c in checks if c.name in found or c.reads & found}

    wanted = named(chosen) if chosen else {c.name for c in checks}
    left_out = named(excluded) if excluded else set[str]()
    return [c.name for c in checks if c.name in wanted and c.name not in left_out]


def _deployed(connections: Connections, terms: Sequence[str]) -> tuple[list[Node], list[Node]]:
    """Return the tables and the checks of the deployed warehouse."""
    from fdwarehouse.database.apart import compiled_apart
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.running import require_deployed
    from fdwarehouse.database.selecting import (
        deployed_checks,
        deployed_checksums,
        deployed_tables,
        modified_models,
    )
    from fdwarehouse.rendering.render import render_project
    from fdwarehouse.rendering.selection import asks_for_state

    if connections.schema_prefix and asks_for_state(terms):
        raise FdwarehouseError(
            "state: is not known beside the main deployment",
            hint="Name tables: `deploy --plan` says what the next run computes in full.",
        )
    rendered = render_project(connections.root)
    with connect(connections.warehouse()) as warehouse:
        require_deployed(warehouse)
        modified: set[str] = set()
        if asks_for_state(terms):
            deployed = deployed_checksums(warehouse)
            with compiled_apart(rendered, warehouse) as whole:
                modified = modified_models(whole.models, deployed)
        return deployed_tables(warehouse, rendered, modified), deployed_checks(warehouse)
