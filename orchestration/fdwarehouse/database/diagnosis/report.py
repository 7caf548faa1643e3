"""The report: what is found on every side."""

from __future__ import annotations

from collections.abc import Iterator

from fdwarehouse.database.connections import Connections
from fdwarehouse.database.diagnosis.findings import Finding
from fdwarehouse.database.diagnosis.warehouse import diagnose_warehouse


def diagnose(connections: Connections) -> Iterator[Finding]:
    """Look at the warehouse and at each source, before or after a deploy. Changes nothing.

    Args:
        connections: of the project.

    Raises:
        FdwarehouseError: ``warehouse.yaml`` is missing or wrong.
    """
    yield from diagnose_warehouse(connections)
