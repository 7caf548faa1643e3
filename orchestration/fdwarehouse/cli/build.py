"""The commands that create the databases and the warehouse in them."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.cli.context import connections_of, connections_of_main
from fdwarehouse.cli.planning import plan_with_data, require_accepted
from fdwarehouse.cli.selecting import Exclude, Select
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.terminal.console import difference, err, note, out, say, warn

if TYPE_CHECKING:
    from fdwarehouse.database.deployment_plan import Plan
    from fdwarehouse.rendering.rendered import Rendered


class Side(StrEnum):
    """Servers that bootstrap prepares."""

    warehouse = "warehouse"
    production = "production"
    both = "both"


def up(context: typer.Context) -> None:
    """Start the two embedded servers.

    eval "$(fdwarehouse up)" exports their connection strings into a shell.
    """
    connections = connections_of(context)
    urls = connections.embedded_urls()
    note(f"Both embedded servers run, data in {connections.state_dir}")
    for name, url in urls.items():
        quoted = url.replace("'", "'\\''")
        print(f"export {name}='{quoted}'")


def down(context: typer.Context) -> None:
    """Stop the two embedded servers and keep their data."""
    from fdwarehouse.embedded import lifecycle

    was_up = lifecycle.down(connections_of(context).state_dir)
    say("Both embedded servers are stopped." if was_up else "No embedded server was running.")


def seed(
    context: typer.Context,
    scale: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, help="Size: 1 is 400 orders, 2500 is a million."),
    ] = None,
    changes: Annotated[
        int | None, typer.Option(min=1, help="Simulate a day in the shop: about N changed rows.")
    ] = None,
    random_seed: Annotated[int, typer.Option(help="Another number gives another shop.")] = 42,
    reset: Annotated[
        bool, typer.Option("--reset", help="First drop the existing shop and its data.")
    ] = False,
) -> None:
    """Create the demo's production database, or change it.

    Connects as production's administrator. Creates the tables of production/schema.sql and fills
    them; with --changes, simulates a day in the existing shop.
    """
    from fdwarehouse.demo import seeding
    from fdwarehouse.terminal.live import ProgressBar
    from fdwarehouse.terminal.outcomes import show_counts

    if changes is not None and (scale is not None or reset):
        raise typer.BadParameter("--changes works on the existing shop, whatever its size")
    connections = connections_of_main(context, "seed")
    admin_url = connections.source_admin(next(iter(connections.config.sources)))
    folder = connections.root / "production"
    with ProgressBar() as progress:
        if changes is None:
            counts = seeding.seed(
                admin_url,
                folder,
                scale=scale or 1,
                random_seed=random_seed,
                reset=reset,
                progress=progress,
            )
        else:
            counts = seeding.make_changes(
                admin_url, folder, changes=changes, random_seed=random_seed, progress=progress
            )
    show_counts(counts)
    if changes is None:
        say("If a warehouse has read another shop here, load this one with")
        say("`fdwarehouse run --full`: its time stamps are in the past.")


def bootstrap(
    context: typer.Context,
    side: Annotated[Side, typer.Option(help="Which servers to prepare.")] = Side.both,
) -> None:
    """Create extensions, roles and grants, as an administrator.

    Can be run again at any time. The owner and the reader get the passwords of their connection
    strings. The other roles get those in WAREHOUSE_LOADER_PASSWORD and so on, if set.
    """
    from fdwarehouse.database.bootstrap import bootstrap_source, bootstrap_warehouse

    connections = connections_of_main(context, "bootstrap")
    if side != Side.production:
        for line in bootstrap_warehouse(connections):
            say(line)
    if side != Side.warehouse:
        for name in connections.config.sources:
            for line in bootstrap_source(connections, name):
                say(line)


def contract(
    context: typer.Context,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit with 1 if production has changed."),
    ] = False,
) -> None:
    """Record the tables and columns of production in contracts/.

    Reads them through the warehouse's server, with the privileges of the reader. Writes nothing if
    a deploy would refuse a table, and names all problems.
    """
    from fdwarehouse.database.inspection import inspect
    from fdwarehouse.errors import Problems
    from fdwarehouse.project.chosen_tables import without_missing
    from fdwarehouse.project.contract import (
        contract_path,
        dump_contract,
        load_contract,
        without_comments,
    )
    from fdwarehouse.project.sources import make_sources

    connections = connections_of_main(context, "contract")
    contracts = {}
    problems = Problems()
    for name, source in connections.config.sources.items():
        with problems.collected():
            contracts[name] = inspect(
                connections.warehouse(),
                name,
                source,
                connections.source(name),
                wait=connections.config.timeouts.settings["source"],
                warn=warn,
                problems=problems,
            )
    with problems.collected():
        make_sources(without_missing(connections.config, contracts), contracts)
    problems.raise_found()
    is_stale = False
    for name, described in contracts.items():
        path = contract_path(connections.root, name)
        shown = str(path.relative_to(connections.root))
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        now = dump_contract(described)
        for line in difference(before, now, shown):
            out.print(line, soft_wrap=True)
        if before == now:
            say(f"{shown} is up to date.")
        elif check:
            known = load_contract(connections.root, name) if before else None
            if known and without_comments(known) == without_comments(described):
                say(f"{shown} differs only in comments, which stop nothing.")
            else:
                is_stale = True
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(now, encoding="utf-8")
            say(f"{shown} was written. Review it, then run `fdwarehouse deploy`.")
    if is_stale:
        raise FdwarehouseError(
            "production differs from the contract",
            hint="Update it with `fdwarehouse contract` and review the changes.",
            exit_code=1,
        )


def render(context: typer.Context) -> None:
    """Write the compiled SQL to build/.

    Without tables that are one SELECT, no database is needed. To compile those, the warehouse is
    asked for types and keys; nothing is changed in it.
    """
    from fdwarehouse.database.connections import connect
    from fdwarehouse.database.deployment import completed, write_build
    from fdwarehouse.rendering.render import render_project

    connections = connections_of(context)
    rendered = render_project(connections.root, prefix=connections.schema_prefix)
    keep = partial(write_build, folder=connections.root / "build")
    if rendered.definitions:
        with connect(connections.warehouse()) as warehouse:
            urls = connections.known_sources()
            rendered = completed(rendered, warehouse, urls, wait="10 seconds", compiled=keep)
    else:
        keep(rendered)
    say(f"{len(rendered.files)} files are in build/. psql -f build/deploy.sql deploys them.")


def _kept_up(rendered: Rendered, changes: Plan) -> dict[str, str]:
    """Say how each changed table is maintained."""
    touched = {*changes.new, *changes.changed}
    origins = {f.origin for f in rendered.files if f.plain_name in touched}
    created = {f.creates for f in rendered.files if f.origin in origins}
    return {name: how for name, how in rendered.kept_up.items() if name in created}


def deploy(
    context: typer.Context,
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    data: Annotated[
        bool, typer.Option("--data", help="With --plan: also in the rows of silver and gold.")
    ] = False,
    select: Select = None,
    exclude: Exclude = None,
    rows: Annotated[
        int, typer.Option(min=0, max=20, help="With --data: rows of each kind in a sample.")
    ] = 3,
    seconds: Annotated[
        int, typer.Option(min=1, help="With --data: seconds after which it gives up.")
    ] = 300,
    wait: Annotated[
        int, typer.Option(min=0, help="Seconds to wait for a run or another deploy to end.")
    ] = 10,
) -> None:
    """Bring the warehouse to the state that the project describes.

    Migrations, mounts, tables, routines, views and grants are deployed in one transaction. A plan
    compares files and says what the next run computes in full; it exits with 1 if a migration would
    be refused. With --data, it deploys and builds what the deploy affects in one transaction,
    without production, shows the rows that differ, runs checks and unit tests, and rolls back; it
    exits with 1 if one fails. Meanwhile no run can begin.
    """
    from fdwarehouse.database import deployment, deployment_plan
    from fdwarehouse.database.connections import connect
    from fdwarehouse.rendering.render import render_project
    from fdwarehouse.terminal.plans import show_kept_up, show_next_run, show_plan

    connections = connections_of(context)
    if data and plan:
        plan_with_data(
            connections,
            chosen=select or (),
            excluded=exclude or (),
            rows=rows,
            seconds=seconds,
            wait=wait,
        )
        return
    if data or select or exclude:
        raise typer.BadParameter("--data belongs to --plan; --select and --exclude to --data")
    urls = connections.known_sources()
    rendered = render_project(connections.root, prefix=connections.schema_prefix)
    definitions = rendered.definitions

    def keep(whole: Rendered) -> None:
        nonlocal rendered
        rendered = whole
        deployment.write_build(whole, connections.root / "build")

    if plan:
        with connect(connections.warehouse()) as warehouse:
            changes = deployment_plan.plan(rendered, warehouse, urls).refused
            if changes.is_empty:  # else nothing can be compiled
                deployment.completed(
                    rendered, warehouse, urls, wait=f"{wait} seconds", compiled=keep
                )
                changes = deployment_plan.plan(rendered, warehouse, urls, definitions)
            warehouse.rollback()
    else:
        with err.console.status(f"Deploying; an open run has {wait} seconds to end"):
            changes = deployment.deploy(
                rendered,
                connections.warehouse(),
                urls,
                wait=f"{wait} seconds",
                warn=warn,
                compiled=keep,
            )
    show_plan(changes)
    show_kept_up(_kept_up(rendered, changes))
    if changes.is_empty:
        say("Nothing to change.")
    else:
        show_next_run(changes.next_run)
        say("This is only the plan; nothing was changed." if plan else "Deployed.", "bold")
    require_accepted(changes)
