"""The report: what is found on every side."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import psycopg

from fdwarehouse.database.connections import Connections, connect
from fdwarehouse.database.diagnosis.findings import (
    Finding,
    examine,
    ok,
    unknown,
    warning,
)
from fdwarehouse.database.diagnosis.source import diagnose_source
from fdwarehouse.database.diagnosis.through import Mounted, diagnose_through_warehouse
from fdwarehouse.database.diagnosis.warehouse import diagnose_warehouse
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.contract import Contract, contract_path, load_contract

CLOCK_SECONDS = 60
"""Clocks that differ by more are a warning."""


def diagnose(connections: Connections) -> Iterator[Finding]:
    """Look at the warehouse and at each source, before or after a deploy. Changes nothing.

    Args:
        connections: of the project.

    Raises:
        FdwarehouseError: ``warehouse.yaml`` is missing or wrong.
    """
    yield from diagnose_warehouse(connections)
    try:
        warehouse_url = connections.warehouse()
        with connect(warehouse_url, autocommit=True) as warehouse:
            names = warehouse.execute("SELECT extname FROM pg_extension").fetchall()
        extensions = {str(name) for (name,) in names}
    except FdwarehouseError:  # reported above
        warehouse_url, extensions = "", set()
    for name, source in connections.config.sources.items():
        try:
            url = connections.source(name)
        except FdwarehouseError as error:
            yield Finding.of_error("reachable", name, error)
            continue
        yield from diagnose_source(name, source, url, extensions)
        if not warehouse_url:
            yield unknown("mount", name, "the warehouse, which reads it, cannot be reached")
            continue
        contract, problems = _contract(connections, name)
        yield from problems
        mounted = Mounted(name, source, url, warehouse_url)
        wait = connections.config.timeouts.settings["source"]
        through = partial(diagnose_through_warehouse, contract=contract, wait=wait)
        yield from examine("mount", name, through, mounted)
        yield from examine("clock", name, clock, mounted)


def clock(mounted: Mounted) -> Iterator[Finding]:
    """Compare the clocks of the warehouse and of a source."""
    name = mounted.name
    with (
        connect(mounted.warehouse_url, autocommit=True) as warehouse,
        connect(mounted.url, autocommit=True) as source,
    ):
        ahead = _ahead(source) - _ahead(warehouse)
    if abs(ahead) <= CLOCK_SECONDS:
        yield ok("clock", name, f"its clock differs by {abs(ahead):.1f} s from the warehouse's")
    else:
        yield warning(
            "clock",
            name,
            f"its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the "
            "warehouse's",
            "Runs use only the clock of the source, so no row is lost; but ages are shown wrong, "
            "and a clock that is corrected backward makes tables uncertain. Set both by NTP.",
        )


def _ahead(connection: psycopg.Connection) -> float:
    """Return by how many seconds a server's clock is ahead of this machine's."""
    before = time.time()
    row = connection.execute("SELECT extract(EPOCH FROM clock_timestamp())::float8").fetchone()
    return (float(row[0]) if row else before) - (before + time.time()) / 2


def _contract(connections: Connections, name: str) -> tuple[Contract | None, list[Finding]]:
    if not contract_path(connections.root, name).is_file():
        return None, []
    try:
        return load_contract(connections.root, name), []
    except FdwarehouseError as error:
        return None, [Finding.of_error("contract", name, error)]
