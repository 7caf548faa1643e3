"""What can be selected in a deployed warehouse: its tables and checks."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.rendering.rendered import Rendered
from fdwarehouse.rendering.selection import Node, with_definitions
from fdwarehouse.rendering.steps import Model

_MODELS = """
    SELECT model, layer, reads FROM etl.pipeline_steps
    WHERE layer <> 'source' AND interval_between IS NULL
    ORDER BY position
"""
_CHECKS = "SELECT check_name, layer, reads FROM etl.checks ORDER BY check_name"
_CHECKSUMS = "SELECT model, checksum FROM etl.pipeline_steps"


def deployed_tables(
    warehouse: psycopg.Connection, rendered: Rendered, modified: Iterable[str] = ()
) -> list[Node]:
    """List the tables that steps of the deployed warehouse build.

    Args:
        warehouse: a connection.
        rendered: the project, for the tags and the SELECTs of its files.
        modified: tables that the project would compute in another way.
    """
    changed = frozenset(modified)
    nodes = [
        Node(model, layer, frozenset(reads or ()), is_modified=model in changed)
        for model, layer, reads in warehouse.execute(_MODELS).fetchall()
    ]
    known = {node.name for node in nodes}
    return [n for n in with_definitions(nodes, rendered.definitions) if n.name in known]


def nodes_of(models: Iterable[Model], definitions: Iterable[Definition]) -> list[Node]:
    """List the tables and views of a project that is compiled.

    Args:
        models: its steps.
        definitions: its tables and views that are one SELECT.
    """
    nodes = [
        Node(m.model, m.layer, frozenset(m.reads))
        for m in models
        if m.layer != "source" and not m.reconciles
    ]
    return with_definitions(nodes, definitions)


def deployed_checks(warehouse: psycopg.Connection) -> list[Node]:
    """List the checks of the deployed warehouse.

    Args:
        warehouse: a connection.
    """
    return [
        Node(name, layer, frozenset(reads or ()))
        for name, layer, reads in warehouse.execute(_CHECKS).fetchall()
    ]


def deployed_checksums(warehouse: psycopg.Connection) -> dict[str, str]:
    """Return what each table of the deployed warehouse is computed from, as a hash.

    Args:
        warehouse: a connection; nothing need be deployed there.
    """
    found = warehouse.execute("SELECT to_regclass('etl.pipeline_steps') IS NOT NULL").fetchone()
    return dict(warehouse.execute(_CHECKSUMS).fetchall()) if found == (True,) else {}


def modified_models(models: Iterable[Model], deployed: dict[str, str]) -> set[str]:
    """Return the tables that a deploy would make the next run compute in full.

    Args:
        models: of the compiled project.
        deployed: see `deployed_checksums`.
    """
    return {m.model for m in models if m.checksum and deployed.get(m.model) != m.checksum}
