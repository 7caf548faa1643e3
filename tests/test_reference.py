"""What the package says about itself: JSON Schemas for editors, and its documentation."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
import yaml

from fdwarehouse.project.documentation import as_html, pages
from tests.command import Command
from tests.harness import ROOT

BLOCK = re.compile(r"^```yaml\n# warehouse\.yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def schema(command: Command, what: str) -> jsonschema.Draft202012Validator:
    """Return the schema as an editor uses it."""
    found = json.loads(command.works("schema", what))
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def headers() -> dict[str, Any]:
    """Return the header of each table of the shop."""
    return {
        path.stem: yaml.safe_load(path.read_text().split("*/")[0].partition("/*")[2])
        for path in sorted((ROOT / "sql").glob("*/*.sql"))
        if path.read_text().startswith("/*")
    }


def test_schema_accepts_the_files_of_projects(command: Command) -> None:
    warehouse = schema(command, "warehouse")
    warehouse.validate(yaml.safe_load((ROOT / "warehouse.yaml").read_text()))
    page = (ROOT / "docs" / "make-it-yours.md").read_text()
    (example,) = BLOCK.findall(page)
    warehouse.validate(yaml.safe_load(example))
    contract = schema(command, "contract")
    contract.validate(yaml.safe_load((ROOT / "contracts" / "production.yaml").read_text()))
    header = schema(command, "header")
    assert len(headers()) > 10
    for found in headers().values():
        header.validate(found)


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("warehouse", {"project": "x", "sources": {}}),
        ("warehouse", {"project": "x", "sources": {"a": {"source_system": "b", "tabels": {}}}}),
        ("contract", {"source": "x", "server_version": 9, "time_zone": "UTC", "tables": {}}),
        ("header", {"description": "d", "grain": "g", "key": "k", "kind": "fact"}),
    ],
)
def test_schema_refuses_what_a_deploy_refuses(
    command: Command, what: str, content: dict[str, Any]
) -> None:
    with pytest.raises(jsonschema.ValidationError):
        schema(command, what).validate(content)


def test_editor_shows_what_a_setting_means(command: Command) -> None:
    tables = json.loads(command.works("schema", "warehouse"))["$defs"]["TableConfig"]
    assert tables["properties"]["watermark"]["description"].startswith("Column with the time")


def test_docs_lists_and_shows_every_page(command: Command) -> None:
    listed = command.works("docs")
    for name in pages():
        assert re.search(rf"^{name} ", listed, re.MULTILINE)
    assert "Glossary" in command.works("docs", "glossary")
    assert "Name one of README, CHANGELOG, SECURITY, architecture" in command.fails(
        2, "docs", "no-page"
    )


def test_docs_are_linked_pages_in_a_browser() -> None:
    written = as_html()
    docs = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert set(written) == {"README", "CHANGELOG", "SECURITY", *docs}
    for page in written.values():
        text = page.read_text(encoding="utf-8")
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            path, _, anchor = unquote(link).partition("#")
            if ":" in path:
                continue
            file = page.parent / path if path else page
            assert file.is_file(), (page.name, link)
            if anchor:
                assert f'id="{anchor}"' in file.read_text(encoding="utf-8"), (page.name, link)


def test_help_imports_nothing_that_talks_to_databases() -> None:
    asked = "import sys; from fdwarehouse.cli import main; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert not {"psycopg", "jinja2", "pglast", "rich.console"} & {*done.stdout.split()}
