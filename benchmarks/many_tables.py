"""Measures the commands on 500 tables in ten schemas: `python -m benchmarks.many_tables`.

The tables are of the kinds that real schemas have, by their share: 27 % have a time of change that
is never null, 20 % one that may be null, 4 % no key, the others a key and no time. Each command is
a process of its own, with the start of Python. Writes `benchmarks/results/many_tables.md`.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psycopg

from benchmarks.options import RESULTS
from fdwarehouse.embedded import lifecycle
from fdwarehouse.terminal.console import say

SCHEMAS = 10
TABLES = 500
ROWS = 20

_INSERT = "INSERT INTO {table} SELECT {values} FROM generate_series(1, {rows}) AS n"


def main() -> None:
    """Create the production, run the commands, and write how long each took."""
    before = os.getloadavg()[0]
    with TemporaryDirectory(prefix="many-tables-") as folder:
        state, project = Path(folder, "servers"), Path(folder, "project")
        try:
            urls = lifecycle.up(state, production_db="many_tables")
            environment = {**os.environ, **urls, **_passwords(state)}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else each start compiles all modules
            with psycopg.connect(urls["PRODUCTION_ADMIN_URL"], autocommit=True) as connection:
                for statement in _production():
                    connection.execute(statement.encode())
                figures = [*_figures(connection, urls, environment, project)]
        finally:
            lifecycle.remove(state)
    load = (
        f"The load average of this machine was {before:.1f} before, {os.getloadavg()[0]:.1f} after."
    )
    lines = [
        "# 500 tables in ten schemas",
        "",
        "Written by `python -m benchmarks.many_tables`. Each command is a process of its own: its",
        f"time includes the start of Python. {load}",
        "",
        "| command | seconds | CPU seconds of the command | |",
        "|---|---:|---:|---|",
        *("| {} | {:.2f} | {:.2f} | {} |".format(*figure) for figure in figures),
        "",
    ]
    (RESULTS / "many_tables.md").write_text("\n".join(lines), encoding="utf-8")


def _passwords(state: Path) -> dict[str, str]:
    known = lifecycle.passwords(state)
    return {f"{role.upper()}_PASSWORD": known[role] for role in lifecycle.ROLES}


def _production() -> Iterator[str]:
    """Yield the statements that create it."""
    for schema in range(SCHEMAS):
        yield f"CREATE SCHEMA s{schema}"
    for number in range(TABLES):
        table = f"s{number % SCHEMAS}.table_{number}"
        key, stamp, values = " PRIMARY KEY", "", "n, 'name ' || n, n, true, current_date"
        if number % 100 < 27:
            stamp, values = "NOT NULL", f"{values}, now()"
        elif number % 100 < 47:
            stamp, values = "NULL", f"{values}, CASE WHEN n % 10 > 0 THEN now() END"
        elif number % 100 < 51:
            key = ""
        last = f", updated_at timestamptz {stamp}" if stamp else ""
        yield (
            f"CREATE TABLE {table} (id int{key}, name text, amount numeric(12, 2), "
            f"is_open boolean, on_day date{last})"
        )
        yield _INSERT.format(table=table, values=values, rows=ROWS)
    yield "ANALYZE"


def _cpu_of_commands() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _figures(
    connection: psycopg.Connection, urls: dict[str, str], environment: dict[str, str], project: Path
) -> Iterator[tuple[str, float, float, str]]:
    """Run the commands, and yield what each is, how long it took, and a note."""
    environment = environment | {"FDWAREHOUSE_PROJECT": str(project)}

    def timed(what: str, note: str, *words: str) -> tuple[str, float, float, str]:
        began, used = perf_counter(), _cpu_of_commands()
        arguments = [sys.executable, "-m", "fdwarehouse.cli.main", *words]
        done = subprocess.run(arguments, env=environment, check=False, capture_output=True)
        seconds = perf_counter() - began
        if done.returncode:
            sys.exit((done.stderr or done.stdout).decode())
        say(f"{what}: {seconds:.2f} s")
        said = re.findall(
            r"^(?:run|reconciliation) \d+ succeeded in .*", done.stdout.decode(), re.MULTILINE
        )
        return what, seconds, _cpu_of_commands() - used, "; ".join(filter(None, [note, *said]))

    admin = urls["PRODUCTION_ADMIN_URL"]
    yield timed("init", "", "init", str(project), "--url", admin, "--all-schemas")
    yield timed("bootstrap", "", "bootstrap")
    yield timed("contract", "", "contract")
    yield timed("deploy", "with a mirror of each table", "deploy")
    yield timed("run", f"the first: {TABLES * ROWS:,} rows", "run")
    for _ in range(3):
        yield timed("run", "nothing changed", "run")
    connection.execute(b"UPDATE s0.table_0 SET name = 'changed', updated_at = clock_timestamp()")
    yield timed("run", f"{ROWS} rows of one table changed", "run")
    yield timed("reconcile", "", "reconcile")
    yield timed("deploy", "nothing changed", "deploy")
    yield timed("status", "", "status")
    yield timed("site", "", "site", "--out", str(project / "site"))


if __name__ == "__main__":
    main()
