"""The header of a table's file: YAML in the leading comment, before a plain SELECT.

The file stays SQL: it is pasted into psql, highlighted and linted as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import yaml
from pglast import ast, parse_sql
from pglast.parser import ParseError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import qualified

_COMMENT = re.compile(r"(?:\s|--[^\n]*\n)*/\*(.*?)\*/", re.DOTALL)
_SELECT = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*\(*\s*(?:SELECT|WITH|VALUES|TABLE)\b", re.DOTALL | re.IGNORECASE
)
_HINT = "docs/ describes headers; `fdwarehouse schema header` prints their JSON Schema."

Name = Annotated[str, Field(min_length=1, max_length=63)]
Severity = Literal["error", "warn"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reference(_Strict):
    """The table whose key a column holds."""

    to: str = Field(description="The table, as schema.name.")
    severity: Severity = Field("error", description="warn: no foreign key, a check reports it.")

    @field_validator("to")
    @classmethod
    def _is_qualified(cls, value: str) -> str:
        if value.count(".") != 1:
            raise ValueError("name the table with its schema, such as gold.dim_customers")
        return value


class ColumnHeader(_Strict):
    """What is said of one column, beside its place in the SELECT."""

    description: str | None = None
    unit: str | None = Field(None, description="Unit of the values, such as EUR.")
    type: str | None = Field(None, description="Type in the table, where it must differ.")
    not_null: bool = False
    unique: bool = False
    accepted_values: tuple[str | int, ...] | None = Field(
        None, description="The values that it may have."
    )
    check: str | None = Field(None, description="A condition that every row must fulfil.")
    references: Reference | None = Field(
        None, description="The table whose key it holds, as schema.name."
    )
    severity: Severity = Field("error", description="warn: no constraints, checks report them.")
    was: Name | None = Field(None, description="Its former name, for a rename.")

    @field_validator("references", mode="before")
    @classmethod
    def _referred(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str) else value

    @property
    def comment(self) -> str | None:
        """What COMMENT ON COLUMN says."""
        unit = f"Unit: {self.unit}." if self.unit else ""
        return " ".join(part for part in (self.description, unit) if part) or None


class Test(_Strict):
    """A promise about several rows: those that the query returns break it."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$", max_length=40)]
    query: str = Field(description="A SELECT of the rows that break the promise.")
    description: str | None = Field(None, description="What holds, as one sentence.")
    severity: Severity = Field("error", description="error: gold is not published.")
    scope: Literal["run", "full"] = Field(
        "run", description="full: only `fdwarehouse check` and reconciliations run it."
    )


class Header(_Strict):
    """The header of a table's file."""

    description: str
    grain: str = Field(description="What one row is.")
    key: tuple[Name, ...] = Field(description="The columns by which a row is known.")
    kind: Literal["table", "dimension", "view"] = "table"
    columns: dict[Name, ColumnHeader] = Field(default_factory=dict)
    tests: tuple[Test, ...] = ()
    tags: tuple[str, ...] = ()
    incremental: bool = Field(True, description="false: computed in full in every run.")
    reject: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Silver: reason -> condition on the columns, or several, any of which sets a "
        "row aside.",
    )
    totals: dict[Name, str] = Field(
        default_factory=dict,
        description="Silver: name -> expression over columns that production has too; a check "
        "compares their sums with production's, as of the last fence.",
    )
    type2: tuple[Name, ...] = Field((), description="Dimension: columns whose change is kept.")
    updated_at: Name | None = Field(
        None,
        description="Dimension: the column with the time of the change. Without it a version is "
        "valid from when it was seen.",
    )
    surrogate: Name | None = Field(
        None, description="Dimension: its surrogate key; customer_key where the key is customer_id."
    )
    unknown: dict[Name, str | int | bool] = Field(
        default_factory=dict,
        description="Dimension: what columns of the unknown member, -1, have; the others are null.",
    )
    referenced_by: tuple[Annotated[str, Field(pattern=r"^silver\.\w+\.\w+$")], ...] = Field(
        (),
        description="Dimension: columns of silver, as silver.table.column, that refer to its key "
        "beside those by which SELECTs join it.",
    )

    @property
    def surrogate_key(self) -> str:
        """The surrogate key of a dimension."""
        return self.surrogate or f"{self.key[0].removesuffix('_id')}_key"

    @field_validator("key", "type2", "tags", "referenced_by", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("reject", mode="before")
    @classmethod
    def _conditions(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: [v] if isinstance(v, str) else v for k, v in value.items()}

    @field_validator("columns", mode="before")
    @classmethod
    def _described(cls, value: Any) -> Any:
        """Take `column: text` for `column: {description: text}`."""
        if not isinstance(value, dict):
            return value
        return {k: {"description": v} if isinstance(v, str) else v or {} for k, v in value.items()}

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Header:
        if not self.key or len(set(self.key)) < len(self.key):
            raise ValueError("key: name each column of the key once")
        for name in ("type2", "updated_at", "surrogate", "unknown", "referenced_by"):
            if self.kind != "dimension" and getattr(self, name):
                raise ValueError(f"{name} belongs to kind: dimension")
        return self


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

    def line_of(self, *names: str) -> int:
        """Return the line of a part of the header, by the names that lead to it."""
        return self.lines_before + _line_of(self.tree, names)

    @property
    def model(self) -> str:
        """The table, as SQL writes it."""
        _, layer, file = self.path.split("/")
        return qualified(layer, file.removesuffix(".sql"))

    @property
    def reads(self) -> frozenset[tuple[str, str]]:
        """Schema and name of each relation that the SELECT names."""
        found = _relations(parse_sql(self.select)[0].stmt)
        return frozenset(found)


def is_definition(text: str) -> bool:
    """Say whether a file is a header and a SELECT, rather than a template."""
    return _SELECT.match(text) is not None


def read_definition(path: str, text: str) -> Definition:
    """Read a file with a header.

    Args:
        path: its path in the project, for messages.
        text: its content.

    Raises:
        FdwarehouseError: header or SELECT is wrong; the message names file and line.
    """
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
    definition = Definition(path, header, select, first_line + 1, tree, before)
    _require_one_select(definition)
    return definition


def _read_header(path: str, text: str, before: int) -> tuple[Header, Any]:
    """Read the YAML of a header, and return its nodes too; `before`: lines before it."""
    try:
        content = yaml.safe_load(text)
        tree = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = before + (mark.line if mark else 0) + 1
        problem = error.problem or "it is not YAML"
        raise FdwarehouseError(f"{path}, line {line}: {problem}", hint=_HINT) from error
    if not isinstance(content, dict):
        raise FdwarehouseError(
            f"{path}, line {before + 1}: the header should be made of names and values", hint=_HINT
        )
    try:
        return Header.model_validate(content), tree
    except ValidationError as error:
        problems = [
            f"{path}, line {before + _line_of(tree, e['loc'])}: "
            f"{'.'.join(str(p) for p in e['loc'] if p != '[key]') or 'header'}: "
            f"{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise FdwarehouseError("\n".join(problems), hint=_HINT) from error


def _line_of(node: Any, location: tuple[int | str, ...]) -> int:
    """Return the line, 1 for the first, of a place in a YAML tree, or of what is nearest to it."""
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
        line = first + definition.select[:position].count("\n")
        raise FdwarehouseError(
            f"{path}, line {line}: {error.args[0]}", hint="Fix the SELECT."
        ) from error
    if len(statements) != 1 or not isinstance(statements[0].stmt, ast.SelectStmt):
        raise FdwarehouseError(
            f"{path}, line {first}: after the header there should be one SELECT",
            hint="Write one SELECT that returns exactly the rows of the table.",
        )
    for schema, name in sorted(definition.reads):
        if not schema:
            raise FdwarehouseError(
                f"{path}: {name} has no schema", hint=f"Write it with one, such as silver.{name}."
            )


def _relations(statement: Any, ctes: frozenset[str] = frozenset()) -> set[tuple[str, str]]:
    """Return the relations of a statement; names of CTEs are not among them."""
    found: set[tuple[str, str]] = set()
    waiting: list[tuple[Any, frozenset[str]]] = [(statement, ctes)]
    while waiting:
        node, known = waiting.pop()
        if isinstance(node, tuple):
            waiting += [(part, known) for part in node]
        elif isinstance(node, ast.RangeVar):
            if node.schemaname or node.relname not in known:
                found.add((node.schemaname or "", node.relname or ""))
        elif isinstance(node, ast.Node):
            clause = getattr(node, "withClause", None)
            if clause is not None:
                known = known | {c.ctename for c in clause.ctes}
            waiting += [(getattr(node, name), known) for name in node]
    return found


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of headers, for editors."""
    return Header.model_json_schema()
