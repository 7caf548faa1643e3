"""Deploys a project apart from the warehouse that is deployed in the same database.

In one transaction, which is rolled back, the present schemas get other names and the project is
deployed into new ones, as into an empty database. Names in the SQL of the project then mean the new
objects. Other sessions see none of it, and runs and readers wait for nothing: renaming a schema
locks no table. A deploy waits, as it does for a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import psycopg

from fdwarehouse.database.analysis.tables import complete
from fdwarehouse.database.deployment import execute_files
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident
from fdwarehouse.project.config_values import LAYERS
from fdwarehouse.project.sql_files import SqlFile
from fdwarehouse.rendering.rendered import Rendered

_NEEDS_SOURCE = {
    f"fdwarehouse/per_source/{name}.sql" for name in ("probe", "fetch_sizes", "numbers_of_deploy")
}
"""Files of a deploy that read a source."""

_HAS_SERVER = "SELECT FROM pg_foreign_server WHERE srvname = %s"
_HAS_WRAPPER = "SELECT FROM pg_foreign_data_wrapper WHERE fdwname = 'postgres_fdw'"
_HAS_GATE = "SELECT to_regclass('etl.gate') IS NOT NULL"
_PRESENT = "SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s) ORDER BY nspname"


@contextmanager
def deployed_apart(
    rendered: Rendered,
    warehouse: psycopg.Connection,
    *,
    compiled: Callable[[Rendered], None] = lambda _: None,
) -> Iterator[Rendered]:
    """Deploy a project into empty schemas for the time of the block, without its sources.

    Args:
        rendered: the deploy, without its compiled tables.
        warehouse: a connection as the owner; its transaction is rolled back at the end.
        compiled: called with the whole deploy before it is executed, or with the part up to a
            failure, since the message names a file of it.

    Yields:
        The whole deploy.

    Raises:
        FdwarehouseError: a file failed, or bootstrap has not prepared the database.
    """
    with compiled_apart(rendered, warehouse, compiled=compiled) as whole:
        execute_locally(whole.files, warehouse, {})
        yield whole


@contextmanager
def compiled_apart(
    rendered: Rendered,
    warehouse: psycopg.Connection,
    *,
    compiled: Callable[[Rendered], None] = lambda _: None,
) -> Iterator[Rendered]:
    """Compile a project in empty schemas, see `deployed_apart`, without deploying it there."""
    if warehouse.execute(_HAS_WRAPPER).fetchone() is None:
        raise FdwarehouseError(
            f"database {warehouse.info.dbname} is not prepared as a warehouse",
            hint="`fdwarehouse bootstrap --side warehouse` prepares it, as an administrator.",
        )
    sources = [source.name for source in rendered.sources]
    with warehouse.transaction(force_rollback=True):
        _put_aside(warehouse, [*LAYERS, *sources])
        for source in sources:
            if warehouse.execute(_HAS_SERVER, [source]).fetchone() is None:
                warehouse.execute(
                    f"CREATE SERVER {ident(source)} FOREIGN DATA WRAPPER postgres_fdw".encode()
                )
        yield complete_locally(rendered, warehouse, {}, compiled=compiled)


def complete_locally(
    rendered: Rendered,
    warehouse: psycopg.Connection,
    urls: Mapping[str, str],
    *,
    compiled: Callable[[Rendered], None] = lambda _: None,
) -> Rendered:
    """Compile the tables that are one SELECT, without reading a source, and roll that back.

    Args:
        rendered: the deploy, without its compiled tables.
        warehouse: a connection as the owner, in a transaction.
        urls: connection string of each source, by name, for servers that are new.
        compiled: see `deployed_apart`.
    """
    try:
        whole = complete(rendered, warehouse, lambda f: execute_locally(f, warehouse, urls))
    except FdwarehouseError:
        compiled(rendered)
        raise
    compiled(whole)
    return whole


def execute_locally(
    files: Iterable[SqlFile], warehouse: psycopg.Connection, urls: Mapping[str, str]
) -> None:
    """Execute the files of a deploy that read no source; see `execute_files`."""
    local = (file for file in files if file.origin not in _NEEDS_SOURCE)
    execute_files(local, warehouse, urls)


def _put_aside(warehouse: psycopg.Connection, schemas: list[str]) -> None:
    if warehouse.execute(_HAS_GATE).fetchone() == (True,):
        warehouse.execute("LOCK TABLE etl.gate IN ROW SHARE MODE")  # as a run, see macros/lock.sql
    present = warehouse.execute(_PRESENT, [schemas]).fetchall()
    for number, (name,) in enumerate(present):
        try:
            warehouse.execute(
                f"ALTER SCHEMA {ident(name)} RENAME TO fdwarehouse_aside_{number}".encode()
            )
        except psycopg.errors.InsufficientPrivilege as error:
            raise FdwarehouseError(
                f"schema {name} does not belong to {warehouse.info.user}",
                hint="Connect as the owner of the warehouse, who deploys.",
            ) from error
