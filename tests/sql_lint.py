"""Lint all SQL as deployed: sqlfluff, and a parse of the PL/pgSQL, which is text to sqlfluff.

Run by `make lint`. `python -m tests.sql_lint orders` checks only files with orders in their name.
The rendered SQL is kept in build/lint, which line numbers refer to.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from pglast.parser import ParseError
from sqlfluff.core import FluffConfig, Linter

from fdwarehouse.errors import FdwarehouseError
from tests.sql_files import ROOT, SqlFile, plpgsql_errors, sql_files

RENDERED = ROOT / "build" / "lint"


@cache
def linter() -> Linter:
    """Return the linter of this process; reading the dialect takes a second."""
    return Linter(config=FluffConfig.from_path(str(ROOT)))


def problems(file: SqlFile) -> Iterator[str]:
    """Yield the problems of a file, one line each."""
    try:
        for line, message in plpgsql_errors(file):
            yield f"{line}: PL/pgSQL: {message}"
    except ParseError as error:
        yield f"1: PostgreSQL: {error}"
        return
    for violation in linter().lint_string(file.sql, fname=file.name).get_violations():
        yield f"{violation.line_no}: {violation.rule_code()} {violation.desc()}"


def report(file: SqlFile) -> list[str]:
    """Return the problems of a file with the place where each is found."""
    place = Path("build/lint", file.name) if file.kind in ("repeatable", "deploy") else file.origin
    source = f" [{file.origin}]" if str(place) != file.origin else ""
    return [f"{place}:{problem}{source}" for problem in problems(file)]


def main(words: list[str]) -> int:
    """Lint the files whose name contains one of the words, or all; return the exit code."""
    try:
        files = [f for f in sql_files() if not words or any(word in str(f) for word in words)]
    except FdwarehouseError as error:
        print(error.message, error.hint or "", sep="\n", file=sys.stderr)
        return 1
    RENDERED.mkdir(parents=True, exist_ok=True)
    for old in RENDERED.glob("*.sql"):
        old.unlink()
    for file in files:
        if file.kind in ("repeatable", "deploy"):
            (RENDERED / file.name).write_text(file.sql, encoding="utf-8")
    # The longest first, so that all processes end at about the same time.
    files.sort(key=lambda file: -len(file.sql))
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = sorted(line for lines in pool.map(report, files) for line in lines)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(files)} SQL files, {len(found)} problems")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
