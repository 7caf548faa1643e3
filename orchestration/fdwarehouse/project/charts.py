"""The charts of a project: ``sql/charts.yaml``, whose queries may only read gold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pglast import ast, parse_sql
from pglast.parser import ParseError
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fdwarehouse.project.sql_names import nodes_of
from fdwarehouse.project.yaml_files import load_yaml

CHARTS = "sql/charts.yaml"
HINT = (
    "`fdwarehouse docs site` describes charts; `fdwarehouse schema charts` prints what the file "
    "may say."
)

Kind = Literal["line", "bar", "heatmap", "table", "number"]
_NEEDED: dict[str, tuple[str, ...]] = {
    "line": ("x", "y"),
    "bar": ("x", "y"),
    "heatmap": ("x", "y", "value"),
    "table": (),
    "number": (),
}

_WRITING = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)


class Chart(BaseModel):
    """One chart: a query on gold and how its rows are drawn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    description: str | None = Field(None, description="What it shows, as one sentence.")
    query: str = Field(description="A SELECT that reads tables and views of gold.")
    kind: Kind
    x: str | None = Field(None, description="Column along the horizontal axis.")
    y: str | None = Field(None, description="Column along the vertical axis.")
    value: str | None = Field(
        None, description="heatmap: column that colors a cell; number: column that is shown."
    )
    series: str | None = Field(
        None, description="line, bar: column with the name of the line or of the part of a bar."
    )
    highlight: str | None = Field(
        None, description="line, bar: the series that stands out; the others are pale."
    )
    unit: str | None = Field(None, description="Unit of y, or of value, such as EUR.")
    sort: str | None = Field(
        None,
        description="Column to sort by; with - before it, descending. "
        "Without it, the order of the query.",
    )

    @field_validator("query")
    @classmethod
    def _only_reads_gold(cls, query: str) -> str:
        for problem in _problems_of_query(query):
            raise ValueError(problem)
        return query.strip().rstrip(";").rstrip()

    @model_validator(mode="after")
    def _has_its_columns(self) -> Chart:
        missing = [name for name in _NEEDED[self.kind] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a chart of kind {self.kind} needs {' and '.join(missing)}")
        return self

    @property
    def columns(self) -> list[str]:
        """The columns that its query must return."""
        named = (self.x, self.y, self.value, self.series, (self.sort or "").removeprefix("-"))
        return list(dict.fromkeys(name for name in named if name))


class Charts(BaseModel):
    """The model of ``sql/charts.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    charts: dict[str, Chart] = Field(description="Charts by name, in the order of the page.")


def load_charts(root: Path) -> dict[str, Chart]:
    """Read the charts of a project, in their order.

    Args:
        root: the project's folder.

    Returns:
        Charts by name; none if there is no file.

    Raises:
        FdwarehouseError: the file is wrong; the message names the chart.
    """
    if not (root / CHARTS).is_file():
        return {}
    return dict(load_yaml(root, CHARTS, Charts, HINT).charts)


def _problems_of_query(query: str) -> Iterator[str]:
    try:
        statements = parse_sql(query)
    except ParseError as error:
        yield str(error.args[0])
        return
    if len(statements) != 1 or not isinstance(statements[0].stmt, ast.SelectStmt):
        yield "it must be one SELECT"
        return
    nodes = list(nodes_of(statements[0].stmt))
    if any(isinstance(node, _WRITING) for node in nodes):
        yield "it must only read"
    named = {node.ctename for node in nodes if isinstance(node, ast.CommonTableExpr)}
    for node in nodes:
        if isinstance(node, ast.SelectStmt) and (node.intoClause or node.lockingClause):
            yield "it must only read"
        if not isinstance(node, ast.RangeVar) or (not node.schemaname and node.relname in named):
            continue
        if node.schemaname != "gold":
            table = ".".join(part for part in (node.schemaname, node.relname) if part)
            yield f"it reads {table}, but charts read tables of gold, named with their schema"
