"""The demo on the embedded servers: a shop, its warehouse, a day of changes, and the results."""

from __future__ import annotations

import os
import shutil
import sys
import time
from decimal import Decimal
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from rich.text import Text

from fdwarehouse.database.bootstrap import bootstrap_source, bootstrap_warehouse
from fdwarehouse.database.connections import Connections, connect
from fdwarehouse.database.deployment import deploy, write_build
from fdwarehouse.database.running import call
from fdwarehouse.demo import questions
from fdwarehouse.demo.seeding import make_changes, seed
from fdwarehouse.errors import FdwarehouseError, database_error
from fdwarehouse.rendering.render import render_project
from fdwarehouse.rendering.rendered import Rendered
from fdwarehouse.terminal.console import counted, duration, heading, note, out, say, table
from fdwarehouse.terminal.outcomes import show_checks, show_counts, show_outcome, steps_table

SOURCE = "production"
CHANGES = 200
"""Approximate number of rows that a day in the shop changes."""


def run_demo(connections: Connections) -> None:
    """Run the demo.

    Args:
        connections: those of the embedded servers, whose databases are recreated.

    Raises:
        FdwarehouseError: a step failed.
    """
    started = time.monotonic()
    if not (_shop(connections) / "seed.sql").is_file():
        raise FdwarehouseError(
            f"there is no shop to show: {_shop(connections)} has no seed.sql",
            hint="The demo belongs to the project xyz_store: run it in that folder.",
        )
    _start_the_servers(connections)
    _open_the_shop(connections)
    _make_the_warehouse(connections)
    heading("4. The first run loads everything")
    _call(connections, "CALL etl.run_pipeline()")
    _ask_both(connections)
    _let_a_day_pass(connections)
    heading("6. The second run loads what changed")
    _call(connections, "CALL etl.run_pipeline()")
    _find_the_deletes(connections)
    _ask_both(connections)
    _show_history(connections)
    _show_metrics(connections)
    _check_everything(connections)
    _show_where_to_look(time.monotonic() - started)


def _start_the_servers(connections: Connections) -> None:
    heading("1. Two PostgreSQL servers, production and warehouse")
    note("Starting the servers; the first time, they are created")
    urls = connections.embedded_urls()
    for name in ("PRODUCTION_ADMIN_URL", "WAREHOUSE_ADMIN_URL"):
        _drop_database(urls[name])
    for name, url in connections.embedded_urls().items():
        if "ADMIN" not in name:
            options = conninfo_to_dict(url)
            say(f"{options['host']}:{options['port']}, database {options['dbname']}, empty")


def _open_the_shop(connections: Connections) -> None:
    heading("2. Production: a small online shop")
    show_counts(seed(connections.source_admin(SOURCE), _shop(connections)))


def _make_the_warehouse(connections: Connections) -> None:
    heading("3. The warehouse: deployed in one transaction")
    for line in (*bootstrap_warehouse(connections), *bootstrap_source(connections, SOURCE)):
        say(line)
    rendered = render_project(connections.root)

    def keep(whole: Rendered) -> None:
        nonlocal rendered
        rendered = whole
        write_build(whole, connections.root / "build")

    started = time.monotonic()
    deploy(rendered, connections.warehouse(), connections.known_sources(), compiled=keep)
    say(
        f"{counted(len(rendered.files), 'file')} of SQL, {counted(len(rendered.checks), 'check')} "
        f"among them, deployed in {duration(time.monotonic() - started)}; see build/"
    )


def _call(connections: Connections, procedure: str) -> None:
    say(f"{procedure};", "cyan")
    outcome = call(connections.warehouse(), procedure)
    if not out.is_terminal:
        out.print(steps_table(outcome.steps))
    show_outcome(outcome, "run")


def _ask_both(connections: Connections) -> None:
    with (
        connect(connections.source_admin(SOURCE), is_pinned=False) as production,
        connect(connections.warehouse()) as warehouse,
    ):
        asked = production.execute(questions.REVENUE_IN_PRODUCTION).fetchall()
        answered = warehouse.execute(questions.REVENUE_IN_GOLD).fetchall()
    total = sum((revenue for _, revenue in asked), Decimal(0))
    if asked != answered:
        raise FdwarehouseError(
            f"revenue by category is {answered} in gold, but {asked} in production", exit_code=1
        )
    say(
        f"Revenue in {len(asked)} categories, computed in production and in gold: {total:,} in both"
    )


def _let_a_day_pass(connections: Connections) -> None:
    heading("5. A day passes in the shop")
    show_counts(make_changes(connections.source_admin(SOURCE), _shop(connections), changes=CHANGES))


def _find_the_deletes(connections: Connections) -> None:
    heading("7. Reconciliation finds changes without a time stamp: deletions")
    say("A run reads the rows stamped since the last run, so it cannot see deleted rows. Therefore")
    say("both sides are hashed and compared: once a day within a run, or on request, as here.")
    _call(connections, "CALL etl.reconcile()")


def _show_history(connections: Connections) -> None:
    heading("8. History is kept: each sale refers to the version that was valid at its time")
    with connect(connections.warehouse()) as warehouse:
        _ask(warehouse, "A customer who changed their name", questions.RENAMED_CUSTOMER)
        _ask(warehouse, "A product that changed its price", questions.REPRICED_PRODUCT)
        _ask(warehouse, "An order whose status changed, in bronze", questions.MOVED_ORDER)


def _show_metrics(connections: Connections) -> None:
    heading("9. The business")
    with connect(connections.warehouse()) as warehouse:
        _ask(warehouse, "The last days", questions.LAST_DAYS)
        _ask(warehouse, "Best customers", questions.BEST_CUSTOMERS)
        _ask(warehouse, "Best products", questions.BEST_PRODUCTS)


def _check_everything(connections: Connections) -> None:
    heading("10. All checks, on all rows")
    say("CALL etl.run_checks();", "cyan")
    outcome = call(connections.warehouse(), "CALL etl.run_checks()")
    if outcome.error is not None:
        raise database_error(outcome.error)
    warned = [check for check in outcome.checks if check.offending_rows]
    say(f"{counted(len(outcome.checks) - len(warned), 'check')} passed, {len(warned)} warned")
    if warned:
        show_checks(warned)


def _show_where_to_look(seconds: float) -> None:
    command = "fdwarehouse"
    if shutil.which(command) is None:
        command = min(sys.argv[0], os.path.relpath(sys.argv[0]), key=len)
    heading(f"All this took {duration(seconds)}. What to try next:")
    made = table("", "")
    made.show_header = False
    for typed, what in (
        (f"{command} psql", "the warehouse: \\dt gold.*, SELECT * FROM gold.daily_sales;"),
        (f"{command} status", "runs, tables, fence, checks"),
        (f"{command} seed --changes 1000", "simulates another day in the shop"),
        (f"{command} run", "brings its changes to the warehouse"),
        (f"{command} airflow", "runs the warehouse in Airflow (`make setup` installs it)"),
        (f'eval "$({command} up)"', "exports the connections for your own tools"),
        (f"{command} down", "stops both servers and keeps their data"),
    ):
        made.add_row(Text(typed, "cyan"), what)
    out.print(made)
    say("The SQL: sql/ as written, build/ as deployed.", "dim")


def _shop(connections: Connections) -> Path:
    return connections.root / "production"


def _drop_database(admin_url: str) -> None:
    database = str(conninfo_to_dict(admin_url)["dbname"])
    with connect(make_conninfo(admin_url, dbname="postgres"), autocommit=True) as server:
        server.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        )


def _ask(warehouse: psycopg.Connection, title: str, question: str) -> None:
    cursor = warehouse.execute(question.encode())
    names = [column.name for column in cursor.description or ()]
    rows = cursor.fetchall()
    numbers = [n for i, n in enumerate(names) if rows and isinstance(rows[0][i], int | Decimal)]
    made = table(*names, right=numbers)
    for row in rows:
        made.add_row(*(_cell(name, value) for name, value in zip(names, row, strict=True)))
    say("")
    say(title, "cyan")
    out.print(made)


def _cell(name: str, value: object) -> str:
    if value is None:
        return {"valid_from": "the beginning", "valid_to": "now"}.get(name, "")
    return f"{value:,}" if isinstance(value, Decimal) else str(value)
