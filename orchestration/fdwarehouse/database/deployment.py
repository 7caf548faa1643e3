"""Deploys a project to the warehouse, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import psycopg

from fdwarehouse.compiler.tables.lineage import AnyTable
from fdwarehouse.database.analysis.tables import analyse, complete
from fdwarehouse.database.connections import connect, variable
from fdwarehouse.database.deployment_plan import Plan, plan
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.schema_names import with_prefix
from fdwarehouse.project.sql_files import SqlFile
from fdwarehouse.rendering.rendered import Rendered
from fdwarehouse.rendering.templates import MECHANICS

PSQL_HEADER = """\
-- Deploys the warehouse with psql alone, in one transaction:
--     psql "$WAREHOUSE_URL" -f build/deploy.sql
-- The connections to the sources are taken from the environment, as the command does.
\\set ON_ERROR_STOP on
\\set QUIET on
\\set SHOW_CONTEXT never
BEGIN;
"""

MOUNT = "deploy_mount.sql"

_UNKNOWN_NAMES = ("42883", "42P01", "42704")  # a function or operator, a table, a type
LOCKS_PER_TABLE = 30
TOO_FEW_LOCKS = (
    f"A deploy is one transaction, which locks about {LOCKS_PER_TABLE} objects per table of a "
    "source: ask for a higher max_locks_per_transaction of the warehouse's server, such as 512, "
    "and a restart."
)
_WAYS_OUT = {
    "55P03": "Another session uses what it changes: deploy when that has ended.",
    "53200": TOO_FEW_LOCKS,
    "42501": "`fdwarehouse bootstrap --side warehouse` gives the owner what a deploy needs.",
}


def write_build(rendered: Rendered, folder: Path) -> None:
    """Write the compiled SQL, and a ``deploy.sql`` that psql runs.

    Args:
        rendered: the deploy.
        folder: the target; SQL of an earlier deploy there is removed, other files are kept.
    """
    lines = [PSQL_HEADER]
    for file in rendered.files:
        lines.append(f"\\ir {file.name}\n")
        if file.plain_name == MOUNT:
            lines += [_copy_in_psql(source.name) for source in rendered.sources]
    texts = {file.name: with_prefix(file.sql, rendered.prefix) for file in rendered.files} | {
        "deploy.sql": "".join([*lines, "COMMIT;\n"]),
        "bootstrap.sql": (MECHANICS / "bootstrap.sql").read_text(encoding="utf-8"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in folder.glob("*.sql"):
        if path.name not in texts:
            path.unlink(missing_ok=True)


def deploy(
    rendered: Rendered,
    warehouse_url: str,
    urls: Mapping[str, str],
    *,
    wait: str = "10 seconds",
    warn: Callable[[str], None] = lambda _: None,
    compiled: Callable[[Rendered], None] = lambda _: None,
) -> Plan:
    """Apply migrations, mounts, routines, views and grants in one transaction.

    Args:
        rendered: the deploy.
        warehouse_url: connection string of the owner.
        urls: connection string of each source, by name, valid on the warehouse's server.
        wait: how long to wait for a run or another deploy to end.
        warn: called with each warning of the database.
        compiled: called with the whole deploy before it is executed.

    Returns:
        What was changed.

    Raises:
        FdwarehouseError: something failed, and nothing was changed; the message names the file.
    """
    with connect(warehouse_url) as warehouse:
        definitions = rendered.definitions
        rendered = completed(rendered, warehouse, urls, wait=wait, compiled=compiled)
        changes = plan(rendered, warehouse, urls, definitions)
        if changes.is_empty:
            return changes
        warehouse.add_notice_handler(lambda notice: _warning(notice, warn))
        warehouse.execute("SELECT set_config('fdwarehouse.deploy_wait', %s, true)", [wait])
        execute_files(rendered.files, warehouse, urls)
        return changes


class _FileFailedError(FdwarehouseError):
    """A file of the deploy failed; its compiled text is in build/."""


def completed(
    rendered: Rendered,
    warehouse: psycopg.Connection,
    urls: Mapping[str, str],
    *,
    wait: str,
    compiled: Callable[[Rendered], None] = lambda _: None,
) -> Rendered:
    """Compile the tables that are one SELECT; all changes in the warehouse are rolled back.

    Args:
        rendered: the deploy.
        warehouse: a connection as the owner.
        urls: connection string of each source, by name.
        wait: how long to wait for a run or another deploy to end.
        compiled: called with the whole deploy; if the analysis of a file fails, with the deploy up
            to there, since the message names a file of it.
    """
    warehouse.execute("SELECT set_config('fdwarehouse.deploy_wait', %s, true)", [wait])
    try:
        whole = complete(rendered, warehouse, lambda files: execute_files(files, warehouse, urls))
    except _FileFailedError:
        compiled(rendered)
        raise
    compiled(whole)
    return whole


def analysed(
    rendered: Rendered, warehouse: psycopg.Connection, urls: Mapping[str, str], *, wait: str
) -> list[AnyTable]:
    """Return the tables that are one SELECT, as they would be deployed; see `completed`."""
    warehouse.execute("SELECT set_config('fdwarehouse.deploy_wait', %s, true)", [wait])
    return analyse(rendered, warehouse, lambda files: execute_files(files, warehouse, urls)).tables


def execute_files(
    files: Iterable[SqlFile], warehouse: psycopg.Connection, urls: Mapping[str, str]
) -> None:
    """Execute files of a deploy.

    Args:
        files: in order.
        warehouse: a connection as the owner, in a transaction.
        urls: connection string of each source, by name.

    Raises:
        FdwarehouseError: one failed; the message names it.
    """
    for file in files:
        try:
            warehouse.execute(file.sql.encode())
        except psycopg.Error as error:
            raise _failure(file, error) from error
        if file.plain_name == MOUNT:
            hand_over_urls(warehouse, urls)


def _warning(notice: psycopg.errors.Diagnostic, warn: Callable[[str], None]) -> None:
    if notice.severity_nonlocalized == "WARNING":
        said = (notice.message_primary, notice.message_detail, notice.message_hint)
        warn(" ".join(part for part in said if part))


def _copy_in_psql(source: str) -> str:
    # The quote character is a byte that no connection string has, so that nothing in it is special.
    return (
        "\\copy pg_temp.source_urls (url) from program "
        f'\'printf "\\002%s\\002" "${variable(source)}"\' '
        "(format csv, quote E'\\x02', delimiter E'\\x01')\n"
        f"UPDATE pg_temp.source_urls SET source_name = '{source}' WHERE source_name IS NULL;\n"
    )


def hand_over_urls(warehouse: psycopg.Connection, urls: Mapping[str, str]) -> None:
    """Put connection strings where the deploy finds them, by COPY, whose data is never logged.

    Args:
        warehouse: a connection, in which deploy/mount.sql has created their table.
        urls: connection string of each source, by name.
    """
    with warehouse.cursor().copy("COPY pg_temp.source_urls FROM STDIN") as copy:
        for name, url in urls.items():
            copy.write_row((name, url))


def _failure(file: SqlFile, error: psycopg.Error) -> FdwarehouseError:
    diagnosis = error.diag
    line, told = "", diagnosis.message_hint
    if diagnosis.statement_position:
        line = f", line {file.sql[: int(diagnosis.statement_position)].count(chr(10)) + 1}"
    message = diagnosis.message_primary or str(error).strip()
    detail = f"\n{diagnosis.message_detail}" if diagnosis.message_detail else ""
    creates = f" ({file.creates})" if file.creates else ""
    way_out = _WAYS_OUT.get(error.sqlstate or "", f"Fix {file.origin}.")
    is_unqualified = "." not in message.partition("does not exist")[0]
    is_project = file.origin.startswith(("sql/", "migrations/"))
    if error.sqlstate in _UNKNOWN_NAMES and is_unqualified and is_project:
        told = "Names are looked up only in pg_catalog: write others with their schema."
    if file.creates and file.creates.replace(".write_", "/") == file.origin[4:-4]:
        told = None  # the compiler's fault, not the user's
        way_out = f"`incremental: false` in the header of {file.origin} avoids this function."
    if "denied to set parameter" in message:
        way_out = f"GRANT SET ON PARAMETER, as an administrator, or fix {file.origin}."
    if "used by a view" in message:
        told = (
            "A view of another role or of an environment beside this deployment reads the column: "
            "drop the view, or the schemas of the environment and deploy that again afterwards."
        )
    if "foreign-data wrapper" in message:
        way_out = _WAYS_OUT["42501"]
    if file.origin.startswith("fdwarehouse/") and (error.sqlstate or "").startswith("DW"):
        # our own error: it names the cause, which is not this file, and has a hint
        return FdwarehouseError(
            f"{message}{detail}",
            hint=f"{diagnosis.message_hint or way_out} Nothing was deployed.",
            exit_code=1,
        )
    return _FileFailedError(
        f"{file.origin}{creates}: {message}{detail}",
        hint=f"{told or way_out} Nothing was deployed. Compiled: build/{file.name}{line}.",
        exit_code=1,
    )
