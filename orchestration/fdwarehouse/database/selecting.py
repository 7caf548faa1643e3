"""Which tables of a project differ from the deployed ones."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from fdwarehouse.rendering.steps import Model

_CHECKSUMS = "SELECT model, checksum FROM etl.pipeline_steps"


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
