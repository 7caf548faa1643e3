"""Commands that say what a project may contain: JSON Schemas, the documentation."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.terminal.console import out, say

if TYPE_CHECKING:
    from pydantic import BaseModel


class Schema(StrEnum):
    """What has a JSON Schema."""

    header = "header"
    warehouse = "warehouse"
    contract = "contract"
    charts = "charts"


def schema(
    what: Annotated[
        Schema,
        typer.Argument(
            help="The header of a table's file, warehouse.yaml, a contract, or sql/charts.yaml."
        ),
    ] = Schema.header,
) -> None:
    """Print a JSON Schema of the project's files, for editors.

    For example, with the YAML extension of VS Code, as the first line of warehouse.yaml:

    # yaml-language-server: $schema=warehouse.schema.json
    """
    typer.echo(json.dumps(_model(what).model_json_schema(), indent=2))


def _model(what: Schema) -> type[BaseModel]:
    from fdwarehouse.project.charts import Charts
    from fdwarehouse.project.config import Config
    from fdwarehouse.project.contract import Contract
    from fdwarehouse.project.header import Header

    models: dict[Schema, type[BaseModel]] = {
        Schema.header: Header,
        Schema.warehouse: Config,
        Schema.contract: Contract,
        Schema.charts: Charts,
    }
    return models[what]


def _page_names() -> list[str]:
    from fdwarehouse.project.documentation import pages

    return list(pages())


def docs(
    page: Annotated[
        str | None,
        typer.Argument(help="A page, such as operations.", autocompletion=_page_names),
    ] = None,
    *,
    in_browser: Annotated[
        bool, typer.Option("--open", help="Open it in the browser instead.")
    ] = False,
) -> None:
    """Show the documentation that comes with this version.

    Without a page, lists the pages.
    """
    from fdwarehouse.project.documentation import as_html, pages, title_of

    known = pages()
    if page is not None and page not in known:
        raise FdwarehouseError(
            f"there is no page {page} in the documentation",
            hint=f"Name one of {', '.join(known)}.",
        )
    if in_browser:
        typer.launch(as_html()[page or "README"].as_uri())
    elif page is None:
        width = max(map(len, known))
        for name, path in known.items():
            say(f"{name:<{width}}  {title_of(path)}")
    else:
        from rich.markdown import Markdown

        out.print(Markdown(known[page].read_text(encoding="utf-8")))
