"""Validates the files of a project before they are rendered, so that none is ignored silently."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fdwarehouse.errors import FdwarehouseError, Problems
from fdwarehouse.project.charts import CHARTS, load_charts
from fdwarehouse.project.config_values import LAYERS
from fdwarehouse.project.sql_files import SqlFile, code_of

TESTS = "tests"
"""The folder of unit tests, which are not deployed."""
FOLDERS = (*LAYERS, "checks", TESTS)
# PostgreSQL truncates a name to 63 bytes; that of a check's function begins with check_.
_MAX_LENGTHS = {"checks": 63 - len("check_")}
_CREATED = re.compile(
    r"""
    \b CREATE \s+ (?:OR \s+ REPLACE \s+)?
    (?:(?:RECURSIVE \s+)? VIEW|FUNCTION|PROCEDURE|AGGREGATE) \s+
    ((?:[a-z_]\w*|"(?:[^"]|"")*") \s* \. \s* (?:[a-z_]\w*|"(?:[^"]|"")*"))
    """,
    re.VERBOSE | re.IGNORECASE,
)


def validate_project(root: Path) -> None:
    """Check that every file below ``migrations`` and ``sql`` will be deployed.

    Args:
        root: the project's folder.

    Raises:
        FdwarehouseError: one would be ignored, or cannot be read; the message names it.
    """
    problems = Problems()
    numbers: dict[str, Path] = {}
    for path in _entries(root / "migrations"):
        with problems.collected():
            _require_migration(path, root, numbers)
    for path in _entries(root / "sql"):
        if path == root / CHARTS:
            with problems.collected():
                load_charts(root)
            continue
        if not path.is_dir() or path.name not in FOLDERS:
            way_out = f"Put it into one of sql/{{{', '.join(FOLDERS)}}}/, such as sql/silver/."
            problems.add(_wrong(path, root, "SQL is in folders named after its layer", way_out))
            continue
        for file in _entries(path):
            with problems.collected():
                if path.name == TESTS:
                    _require_case(file, root)
                else:
                    _require_object(file, root, _MAX_LENGTHS.get(path.name, 63))
    problems.raise_found()


def _entries(folder: Path) -> Iterator[Path]:
    """List the entries of a folder, except hidden files and notes."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if not path.name.startswith(".") and path.suffix != ".md":
                yield path


def _require_migration(path: Path, root: Path, numbers: dict[str, Path]) -> None:
    number = path.name[:4]
    if not path.is_file() or not re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", path.name):
        following = max((int(n) for n in numbers), default=0) + 1
        raise _wrong(
            path,
            root,
            "the name of a migration must begin with a number of four digits",
            f"Call it {following:04}_{re.sub('[^a-z]+', '_', path.stem.lower()).strip('_')}.sql.",
        )
    if number in numbers:
        raise _wrong(
            path,
            root,
            f"{numbers[number].name} has the same number",
            "Give the newer one the next free number.",
        )
    numbers[number] = path
    _require_content(path, root)


def _require_object(path: Path, root: Path, length: int) -> None:
    if not path.is_file() or path.suffix != ".sql":
        raise _wrong(
            path, root, "only files that end in .sql are deployed", "Rename it, or move it away."
        )
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", path.stem) or len(path.stem) > length:
        raise _wrong(
            path,
            root,
            "a file must be named after its object: lower-case letters, digits and underscores, "
            f"at most {length} of them",
            "Give both another name.",
        )
    _require_content(path, root)


def _require_case(path: Path, root: Path) -> None:
    if not path.is_file() or path.suffix != ".yaml":
        raise _wrong(
            path, root, "a unit test is a file that ends in .yaml", "Rename it, or move it away."
        )
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", path.stem):
        raise _wrong(
            path,
            root,
            "the name of a unit test consists of lower-case letters, digits and underscores",
            "Say in its name what holds: a_cancelled_order_is_no_sale.yaml.",
        )
    _require_content(path, root)


def _require_content(path: Path, root: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _wrong(path, root, "it is not text in UTF-8", "Save it as UTF-8.") from error
    for sign, what in (("\0", "a zero byte"), ("\ufeff", "a byte order mark")):
        if sign in text:
            raise _wrong(
                path, root, f"it has {what} in it", "Save it as UTF-8, and nothing else in it."
            )
    if not code_of(text).strip():
        raise _wrong(path, root, "it is empty", "Write it, or delete it.")


def _wrong(path: Path, root: Path, problem: str, way_out: str) -> FdwarehouseError:
    return FdwarehouseError(f"{path.relative_to(root).as_posix()}: {problem}", hint=way_out)


def require_what_it_is_named_after(compiled: SqlFile) -> None:
    """Check that a file of the project creates the object that it is named after.

    Args:
        compiled: the file.

    Raises:
        FdwarehouseError: it creates another, or none.
    """
    created = [re.sub(r"\s", "", name) for name in _CREATED.findall(code_of(compiled.sql))]
    if compiled.creates in created or (compiled.creates or "") in map(str.lower, created):
        return
    if created:
        raise FdwarehouseError(
            f"{compiled.origin}: it creates {created[0]}, not {compiled.creates}",
            hint="A file creates the one object that it is named after: rename one of them.",
        )
    raise FdwarehouseError(
        f"{compiled.origin}: it does not create {compiled.creates}",
        hint="A table is a header between /* and */ and one SELECT, nothing else; views and "
        "routines by hand begin with CREATE; tables by hand are in migrations/.",
    )


def require_one_file_each(objects: list[SqlFile]) -> None:
    """Check that no two files create the same object.

    Args:
        objects: repeatable files, including those of the mechanics.

    Raises:
        FdwarehouseError: two do; the message names the file of the project.
    """
    problems = Problems()
    seen: dict[str, SqlFile] = {}
    for current in sorted(objects, key=lambda o: o.origin.startswith("sql/")):
        name = current.creates or current.name
        if name in seen:
            problem = (
                f"{current.origin}: {seen[name].origin} also creates {name}"
                if seen[name].origin.startswith("sql/")
                else f"{current.origin}: fdwarehouse itself creates {name}"
            )
            problems.add(FdwarehouseError(problem, hint="Give it another name."))
        seen[name] = current
    problems.raise_found()
