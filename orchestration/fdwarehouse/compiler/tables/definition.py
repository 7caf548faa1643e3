"""A table's file: YAML in the leading comment, followed by a plain SELECT.

The file stays valid SQL: it can be pasted into psql, highlighted and linted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import yaml
from pglast import ast, parse_sql
from pglast.parser import ParseError
from pydantic import ValidationError

from fdwarehouse.compiler.algebra.typed import with_types
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import qualified
from fdwarehouse.project.header import Header
from fdwarehouse.project.yaml_files import problem_of

_COMMENT = re.compile(r"(?:\s|--[^\n]*\n)*/\*(.*?)\*/", re.DOTALL)
_SELECT = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*\(*\s*(?:SELECT|WITH|VALUES|TABLE)\b", re.DOTALL | re.IGNORECASE
)
_HINT = (
    "`fdwarehouse docs tables` describes headers; `fdwarehouse schema header` prints their JSON "
    "Schema."
)

_MAX_NAME = 63 - len("_definition")
_YAML_WAYS_OUT = {
    "mapping values": "Put a text with a colon in quotes: description: 'Sales: one row per item.'",
    "\\t": "Indent with spaces, not with tabs.",
}


@dataclass(frozen=True)
class Definition:
    """A file: its header and its SELECT."""

    path: str
    header: Header
    select: str
    first_line: int
    """Line of the file in which `select` begins."""
    tree: Any = None
    """YAML nodes of the header."""
    lines_before: int = 0
    """Lines of the file before the header."""
    written: str = ""
    """The SELECT as it is in the file, without the casts to the types in the header."""
    is_generated: bool = False
    """Whether there is no such file: it is generated from a contract."""

    def line_of(self, *names: str) -> int:
        """Return the line of a part of the header, given by its path of names."""
        return self.lines_before + _line_of(self.tree, names)

    @property
    def model(self) -> str:
        """The table, quoted."""
        _, layer, file = self.path.split("/", 2)
        return qualified(layer, file.removesuffix(".sql"))

    @property
    def reads(self) -> frozenset[tuple[str, str]]:
        """Schema and name of each relation that the SELECT names."""
        found = _relations(parse_sql(self.select)[0].stmt)
        return frozenset((r.schemaname or "", r.relname) for r in found)

    def line_at(self, position: int) -> int:
        """Return the line of the file with a character of the SELECT."""
        return self.first_line + self.select[:position].count("\n")


def is_definition(text: str) -> bool:
    """Return whether a file is a header and a SELECT, rather than a template."""
    return _SELECT.match(text) is not None


def read_definition(path: str, text: str) -> Definition:
    """Read a file with a header.

    Args:
        path: its path in the project, for messages.
        text: its content.

    Raises:
        FdwarehouseError: header or SELECT is wrong; the message names file and line.
    """
    if len(path.rpartition("/")[2].removesuffix(".sql")) > _MAX_NAME:
        raise FdwarehouseError(
            f"{path}: a table's name has at most {_MAX_NAME} characters",
            hint="Names derived from it, such as that of its view, have at most 63. Rename the "
            "file.",
        )
    found = _COMMENT.match(text)
    if found is None:
        raise FdwarehouseError(
            f"{path}, line 1: there is no header",
            hint="Begin the file with /* description, grain and key, in YAML */. " + _HINT,
        )
    before = text[: found.start(1)].count("\n")
    header, tree = _read_header(path, found[1], before)
    rest = text[found.end() :]
    select = rest.strip().removesuffix(";").rstrip()
    first_line = text[: found.end()].count("\n") + rest[: len(rest) - len(rest.lstrip())].count(
        "\n"
    )
    definition = Definition(path, header, select, first_line + 1, tree, before, select)
    _require_one_select(definition)
    return _typed(definition)


def _typed(definition: Definition) -> Definition:
    """Cast the columns of the SELECT to the types in the header."""
    types = {name: c.type for name, c in definition.header.columns.items() if c.type}
    if not types:
        return definition
    try:
        return replace(definition, select=with_types(definition.select, types))
    except KeyError as error:
        name, way_out = str(error.args[0]), "Write the column out, with its name: ... AS name."
        problem = f"the SELECT has no column {name} that is written out"
    except ValueError as error:
        name, way_out = str(error.args[0]), "Write it as in SQL: numeric(12, 2)."
        problem = f"{types[name]} is not a type"
    line = definition.line_of("columns", name)
    raise FdwarehouseError(
        f"{definition.path}, line {line}: columns.{name}.type: {problem}", hint=way_out
    )


def _read_header(path: str, text: str, before: int) -> tuple[Header, Any]:
    """Read the YAML of a header, and return its nodes too; `before`: lines before it."""
    try:
        content = yaml.safe_load(text)
        tree = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = before + (mark.line if mark else 0) + 1
        problem = error.problem or "it is not YAML"
        way_out = next((w for sign, w in _YAML_WAYS_OUT.items() if sign in problem), _HINT)
        raise FdwarehouseError(f"{path}, line {line}: {problem}", hint=way_out) from error
    if not isinstance(content, dict):
        raise FdwarehouseError(
            f"{path}, line {before + 1}: the header must consist of names and values", hint=_HINT
        )
    try:
        return Header.model_validate(content), tree
    except ValidationError as error:
        problems = [
            f"{path}, line {before + _line_of(tree, e['loc'])}: "
            f"{'.'.join(str(p) for p in e['loc'] if p != '[key]') or 'header'}: "
            f"{problem_of(e, Header)}"
            for e in error.errors()
        ]
        raise FdwarehouseError("\n".join(problems), hint=_HINT) from error


def _line_of(node: Any, location: tuple[int | str, ...]) -> int:
    """Return the line, counted from 1, of a place in a YAML tree, or of its nearest parent."""
    line = int(node.start_mark.line) + 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == part), None)
            if pair is None:
                return line
            line, node = int(pair[0].start_mark.line) + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = int(node.start_mark.line) + 1
    return line


def _require_one_select(definition: Definition) -> None:
    path, first = definition.path, definition.first_line
    try:
        statements = parse_sql(definition.select)
    except ParseError as error:
        position = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else 0
        raise FdwarehouseError(
            f"{path}, line {definition.line_at(position)}: {error.args[0]}", hint="Fix the SELECT."
        ) from error
    if len(statements) != 1 or not isinstance(statements[0].stmt, ast.SelectStmt):
        raise FdwarehouseError(
            f"{path}, line {first}: after the header there must be one SELECT",
            hint="Write one SELECT that returns exactly the rows of the table.",
        )
    for relation in _relations(statements[0].stmt):
        if not relation.schemaname:
            name, line = relation.relname, definition.line_at(relation.location)
            raise FdwarehouseError(
                f"{path}, line {line}: {name} has no schema",
                hint=f"Write it with one, such as silver.{name}.",
            )


def _relations(statement: Any, ctes: frozenset[str] = frozenset()) -> list[Any]:
    """Return each reference to a relation (RangeVar), except to CTEs."""
    found: list[Any] = []
    waiting: list[tuple[Any, frozenset[str]]] = [(statement, ctes)]
    while waiting:
        node, known = waiting.pop()
        if isinstance(node, tuple):
            waiting += [(part, known) for part in node]
        elif isinstance(node, ast.RangeVar):
            if node.schemaname or node.relname not in known:
                found.append(node)
        elif isinstance(node, ast.Node):
            clause = getattr(node, "withClause", None)
            if clause is not None:
                known = known | {c.ctename for c in clause.ctes}
            waiting += [(getattr(node, name), known) for name in node]
    return sorted(found, key=lambda r: int(r.location))
