"""Creates and changes the demo's production database by running the project's SQL files in it.

Only the files know the shop: schema.sql creates its tables, seed.sql fills them, changes.sql
simulates a day, reset.sql drops them. seed.sql and changes.sql read settings named fdwarehouse.*
and end with a SELECT of what they did and of the number of rows.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import errors

from fdwarehouse.errors import FdwarehouseError

# Called with the number of statements done, their total, and a label of the present one.
Progress = Callable[[int, int, str], None]

# What may contain a semicolon that does not end a statement; then the semicolon that does.
_TOKEN = re.compile(r"--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"|(\$\w*\$).*?\1|;", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VERB = re.compile(
    r"\b(?:INSERT INTO|UPDATE|DELETE FROM|ANALYZE|(?:CREATE|DROP)(?: OR REPLACE)? \w+) [\w.]+"
)
_IS_THERE = (errors.DuplicateTable, errors.DuplicateObject, errors.DuplicateFunction)


class Statement(NamedTuple):
    """One statement of a file, and the line on which it begins."""

    text: str
    path: Path
    line: int

    @property
    def label(self) -> str:
        """The statement's action, in two or three words."""
        bare = _COMMENT.sub("", self.text)
        verb = _VERB.search(bare)
        return verb.group() if verb else bare.split()[0]


def seed(
    admin_conninfo: str,
    production_dir: Path,
    *,
    scale: int = 1,
    random_seed: int = 42,
    as_of: date | None = None,
    reset: bool = False,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Create the production database's tables and fill them, in one transaction.

    Args:
        admin_conninfo: Connection to the database, as a role that may create tables in it.
        production_dir: Folder of schema.sql, seed.sql and, for `reset`, reset.sql.
        scale: Size, a whole number from 1; xyz_store has 400 orders at 1, 1 million at 2,500.
        random_seed: Determines the content: the same number gives the same rows on the same day.
        as_of: Day before which all events happened; today if None.
        reset: Drop the existing tables first.
        progress: Called before each statement, and at the end.

    Returns:
        Rows by kind, as seed.sql reports them.

    Raises:
        FdwarehouseError: The tables exist already, a file is missing, a statement fails, or the
            server cannot be reached.
    """
    if scale < 1:
        raise FdwarehouseError(f"The scale is {scale}, but the smallest shop has scale 1")
    names = (*(("reset.sql",) if reset else ()), "schema.sql", "seed.sql")
    statements = [each for name in names for each in read_statements(production_dir / name)]
    settings = {
        "fdwarehouse.scale": str(scale),
        "fdwarehouse.random_seed": str(random_seed),
        "fdwarehouse.as_of": as_of.isoformat() if as_of else "",
    }
    with _connected(admin_conninfo, settings, autocommit=False) as connection:
        try:
            return _run(connection, statements, progress)
        except FdwarehouseError as failure:
            if not isinstance(error := failure.__cause__, _IS_THERE):
                raise
            raise FdwarehouseError(
                f"Database {connection.info.dbname} is not empty: {error.diag.message_primary}",
                hint="Add to it with --changes N, or drop its tables and start over with --reset",
            ) from error


def make_changes(
    admin_conninfo: str,
    production_dir: Path,
    *,
    changes: int = 100,
    random_seed: int = 42,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Simulate a day in the production database, one transaction per statement.

    Args:
        admin_conninfo: Connection to the database, as a role that may write to its tables.
        production_dir: Folder of changes.sql.
        changes: Approximate number of changed rows; there is at least one change of each kind.
        random_seed: Determines the changes: the same number gives the same changes of equal data.
        progress: Called before each statement, and at the end.

    Returns:
        Rows by kind of change, as changes.sql reports them.

    Raises:
        FdwarehouseError: There are no tables yet, the file is missing, a statement fails, or the
            server cannot be reached.
    """
    if changes < 1:
        raise FdwarehouseError(f"{changes} changes were requested, but a day has at least 1")
    statements = read_statements(production_dir / "changes.sql")
    settings = {
        "fdwarehouse.changes": str(changes),
        "fdwarehouse.random_seed": str(random_seed),
    }
    with _connected(admin_conninfo, settings, autocommit=True) as connection:
        try:
            return _run(connection, statements, progress)
        except FdwarehouseError as failure:
            if not isinstance(error := failure.__cause__, errors.UndefinedTable):
                raise
            raise FdwarehouseError(
                f"Database {connection.info.dbname} has nothing to change yet: "
                f"{error.diag.message_primary}",
                hint="Fill it with `fdwarehouse seed` first",
            ) from error


def read_statements(path: Path) -> list[Statement]:
    """Split a file of plain SQL, without psql commands or BEGIN ATOMIC bodies, into statements.

    Args:
        path: The file, UTF-8.

    Raises:
        FdwarehouseError: The file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FdwarehouseError(
            f"Cannot read {path}: {error.strerror}",
            hint="Its folder belongs in the project, next to warehouse.yaml",
        ) from error
    ends = [token.end() for token in _TOKEN.finditer(text) if token.group() == ";"]
    statements = []
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        part = text[start:end]
        if _COMMENT.sub("", part).strip():
            first = start + len(part) - len(part.lstrip())
            statements.append(Statement(part.strip(), path, text.count("\n", 0, first) + 1))
    return statements


@contextmanager
def _connected(
    conninfo: str, settings: Mapping[str, str], *, autocommit: bool
) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(
            conninfo, autocommit=autocommit, application_name="fdwarehouse seed"
        )
    except psycopg.Error as error:
        raise FdwarehouseError(
            f"Cannot connect to the production database: {error}",
            hint="Check PRODUCTION_ADMIN_URL, and that the server is running",
        ) from error
    with closing(connection), connection:  # a commit that fails does not close it
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        yield connection


def _run(
    connection: psycopg.Connection, statements: list[Statement], progress: Progress | None
) -> dict[str, int]:
    """Run the statements and return the rows of the last one."""
    report: dict[str, int] = {}
    for done, statement in enumerate(statements):
        if progress:
            progress(done, len(statements), statement.label)
        try:
            cursor = connection.execute(statement.text.encode())
        except psycopg.Error as error:
            raise FdwarehouseError(
                f"{statement.path}, statement of line {statement.line}: {error}", exit_code=1
            ) from error
        if cursor.description and len(cursor.description) == 2:
            report = {str(what): int(row_count) for what, row_count in cursor}
    if progress:
        progress(len(statements), len(statements), "")
    return report
