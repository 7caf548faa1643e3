"""All SQL of the repository as deployed, for lint: rendered, split, parsed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pglast import ast, parse_plpgsql, parse_sql
from pglast.parser import ParseError

from fdwarehouse.rendering.render import render_project
from fdwarehouse.rendering.templates import MECHANICS

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Statement:
    """One statement: its syntax tree, its text with the comments before it, its first line."""

    tree: Any
    text: str
    line: int


@dataclass(frozen=True)
class SqlFile:
    """One file, named after the file to edit."""

    origin: str
    name: str
    kind: str
    """versioned, repeatable (routines and views), deploy (the rest of a deploy), or script (run by
    an administrator: bootstrap, and the demo's production)."""
    sql: str
    creates: str | None = None

    def __str__(self) -> str:
        return self.origin if self.name in self.origin else f"{self.origin} ({self.name})"

    @cached_property
    def statements(self) -> list[Statement]:
        """Its statements.

        Raises:
            ParseError: PostgreSQL could not parse it.
        """
        # psql's own commands and variables are not SQL.
        sql = re.sub(r"(?m)^\\.*$", "", self.sql)
        sql = re.sub(r""":(['"])(\w+)\1""", r"\1\2\1", sql)
        found = []
        end = 0
        for raw in parse_sql(sql):
            begin = raw.stmt_location or 0
            line = sql.count("\n", 0, begin) + 1
            comments = end
            end = begin + raw.stmt_len if raw.stmt_len else len(sql)
            found.append(Statement(raw.stmt, sql[comments:end].removeprefix(";"), line))
        return found


def sql_files(root: Path = ROOT) -> list[SqlFile]:
    """Render the project and return all its SQL, including that of the mechanics.

    Args:
        root: The project's folder.

    Raises:
        FdwarehouseError: The project cannot be rendered.
    """
    files = []
    for owner, folder, kind in (
        ("fdwarehouse/migrations", MECHANICS / "migrations", "versioned"),
        ("migrations", root / "migrations", "versioned"),
        ("fdwarehouse", MECHANICS, "script"),
        ("production", root / "production", "script"),
    ):
        files += [
            SqlFile(f"{owner}/{path.name}", path.name, kind, path.read_text(encoding="utf-8"))
            for path in sorted(folder.glob("*.sql"))
        ]
    for file in render_project(root).files:
        if "migrations/" not in file.origin:  # there they are text, passed to a function
            kind = "repeatable" if file.creates else "deploy"
            files.append(SqlFile(file.origin, file.name[4:], kind, file.sql, file.creates))
    return files


def options_of(tree: ast.CreateFunctionStmt | ast.DoStmt) -> dict[str, Any]:
    """Return the options of a routine or DO block by name: language, security, as, ..."""
    options = tree.args if isinstance(tree, ast.DoStmt) else tree.options
    return {option.defname: option.arg for option in options or ()}


def language_of(tree: ast.CreateFunctionStmt | ast.DoStmt) -> str:
    """Return the language of a routine or DO block."""
    language = options_of(tree).get("language")
    return str(language.sval) if language else "plpgsql"


def plpgsql_errors(file: SqlFile) -> Iterator[tuple[int, str]]:
    """Parse the PL/pgSQL of a file; yield the line where a faulty routine begins, and the error."""
    for statement in file.statements:
        tree = statement.tree
        if not isinstance(tree, ast.CreateFunctionStmt | ast.DoStmt):
            continue
        if language_of(tree) != "plpgsql":
            continue
        try:
            parse_plpgsql(_without_own_types(statement.text))
        except ParseError as error:
            yield statement.line, str(error.args[0])


def _without_own_types(text: str) -> str:
    """Replace the types of our schemas in variables, arguments and results by record.

    The parser of PL/pgSQL has no catalogue, and knows only the schemas pg_catalog and public.
    """
    header, quote, body = text.partition("$")
    header = re.sub(r"\b[a-z_]\w*\.[a-z_]\w*\[\]", "anyarray", header)
    header = re.sub(r"\b[a-z_]\w*\.[a-z_]\w*\b(?:%\w+)?(?!\s*\()", "record", header)
    body = re.sub(
        r"(?m)((?:^|;|\bDECLARE\b)\s*(?!ELSE\b)\w+\s+(?:CONSTANT\s+)?)[a-z_]\w*\.[a-z_]\w*(?:\.\w+)?(?:%\w+)?(?=\s*(?:;|:=))",
        r"\1record",
        body,
    )
    return header + quote + body
