"""The files of a new project, and the lines that are added to an existing one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from fdwarehouse import __version__
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.proposal_lines import table_lines
from fdwarehouse.project.proposals import Proposal
from fdwarehouse.project.shared_files import modules_of_the_dag, monitoring_files

_TEXTS = Path(__file__).parent / "new_project"
_WAREHOUSE = """\
# What the warehouse extracts from production, and how: `fdwarehouse docs make-it-yours`.
# Written by `fdwarehouse init`; edit it as you like. `fdwarehouse init --update` adds new tables.
# Connections come from the environment: PRODUCTION_URL, WAREHOUSE_URL.
project: {project}

sources:
  production:
    schema: {schema}
    source_system: {system}
    # {about_mirror}
    mirror: {mirror}
    tables:
{tables}
"""
_GITIGNORE = """\
# Compiled SQL, and the data of embedded servers.
/build/
/.fdwarehouse/
# Passwords.
.env
"""
_DOCKERIGNORE = """\
.env
.fdwarehouse
.git
build
"""
_SQLFLUFF = """\
[sqlfluff]
dialect = postgres
max_line_length = 100

[sqlfluff:rules:capitalisation.keywords]
capitalisation_policy = upper
"""
_CHECK = """\
-- layer: silver
-- severity: warn
-- Every row of production passes the rules of its table.
SELECT model, key, reasons FROM silver.rejected_rows
"""


def new_files(
    proposals: Sequence[Proposal], *, project: str, schema: str, system: str, mirror: bool = True
) -> dict[str, str]:
    """Write the files of a new project.

    Args:
        proposals: how its tables are read.
        project: its name.
        schema: of production.
        system: name of the system that production belongs to.
        mirror: whether silver has a table for each of its tables.

    Returns:
        The text of each file, by its path.

    Raises:
        FdwarehouseError: no table can be read.
    """
    tables = [*table_lines(proposals)]
    if all(proposal.skipped for proposal in proposals):
        raise FdwarehouseError(
            f"no table of schema {schema} can be read",
            hint="\n".join(line.strip().removeprefix("# ") for line in tables),
        )

    def scalar(text: str) -> str:
        return yaml.safe_dump(text, width=10**6, allow_unicode=True).removesuffix("\n...\n").strip()

    warehouse = _WAREHOUSE.format(
        project=scalar(project),
        schema=scalar(schema),
        system=scalar(system),
        tables="\n".join(tables),
        mirror="true" if mirror else "false",
        about_mirror="Silver has a table for each of these that no file in sql/silver reads."
        if mirror
        else "With true, silver has a table for each of these that no file in sql/silver reads.",
    )
    image = re.sub(r"[^a-z0-9]+", "-", project.lower()).strip("-") or "warehouse"

    def text(name: str) -> str:
        written = (_TEXTS / f"{name}.txt").read_text(encoding="utf-8")
        named = {"project": image if name.startswith("docker") else project, "system": system}
        for word, value in (named | {"version": __version__}).items():
            written = written.replace(f"{{{word}}}", value)
        return written

    return {
        "warehouse.yaml": warehouse,
        "README.md": text("README.md"),
        "orchestration/dags/warehouse.py": text("warehouse.py"),
        **modules_of_the_dag(),
        "docker-compose.yaml": text("docker-compose.yaml"),
        "Dockerfile": text("Dockerfile"),
        ".dockerignore": _DOCKERIGNORE,
        ".gitignore": _GITIGNORE,
        ".sqlfluff": _SQLFLUFF,
        **monitoring_files(),
        "sql/checks/no_rejected_rows.sql": _CHECK,
    }


def require_no_project(root: Path) -> None:
    """Check that a folder has no project yet.

    Args:
        root: the folder.

    Raises:
        FdwarehouseError: it has a warehouse.yaml already.
    """
    if (root / "warehouse.yaml").exists():
        raise FdwarehouseError(
            f"{root / 'warehouse.yaml'} exists",
            hint="Add new tables of production with `fdwarehouse init --update`, or choose another "
            "folder.",
        )


def write_new(root: Path, files: dict[str, str]) -> list[str]:
    """Write files that are not there yet.

    Args:
        root: the project's folder; created if needed.
        files: text by path.

    Returns:
        The paths that were written.
    """
    written = []
    for name, text in files.items():
        path = root / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(name)
    return written


def with_tables(text: str, source: str, proposals: Iterable[Proposal]) -> str:
    """Add tables at the end of a source of warehouse.yaml, and keep everything else as it is.

    Args:
        text: of warehouse.yaml.
        source: name of the source.
        proposals: the new tables; those that are skipped are left out.

    Raises:
        FdwarehouseError: its tables are not one per line, so that none can be added.
    """
    lines = [*table_lines(p for p in proposals if p.skipped is None)]
    if not lines:
        return text
    tables = _tables_of(yaml.compose(text, yaml.SafeLoader), source)
    if tables.flow_style:
        raise FdwarehouseError(
            f"warehouse.yaml: the tables of {source} are on one line",
            hint="Write each on a line of its own, then tables can be added.",
        )
    last_name, last = tables.value[-1]
    indent = " " * last_name.start_mark.column
    before = text[: last.end_mark.index].rstrip()
    comment = re.match(r"[ \t]*#[^\n]*", text[len(before) :])  # behind the last table
    before += comment[0] if comment else ""
    added = "".join(f"\n{indent}{line.strip()}" for line in lines)
    return before + added + (text[len(before) :] or "\n")


def _tables_of(node: yaml.Node | None, source: str) -> yaml.MappingNode:
    for name in ("sources", source, "tables"):
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next((v for k, v in node.value if k.value == name), None)
        node = found
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise FdwarehouseError(
            f"warehouse.yaml: the source {source} has no tables",
            hint="Fix it: `fdwarehouse docs make-it-yours` shows one.",
        )
    return node
