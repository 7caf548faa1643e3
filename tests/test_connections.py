"""Connections to the warehouse: what happens to one that cannot be used."""

import psycopg
import pytest

from fdwarehouse.database import connections
from fdwarehouse.errors import FdwarehouseError
from tests.harness import Warehouse


def test_a_session_that_cannot_be_set_up_is_closed(
    bootstrapped_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[psycopg.Connection] = []
    connect = psycopg.connect

    def remember(*args: str, **settings: bool) -> psycopg.Connection:
        opened.append(connect(*args, **settings))  # type: ignore[arg-type]
        return opened[-1]

    monkeypatch.setattr(psycopg, "connect", remember)
    monkeypatch.setattr(connections, "_PIN", "SELECT 1 / (%s::jsonb IS NULL)::integer")
    with pytest.raises(FdwarehouseError, match="division by zero"):
        connections.connect(bootstrapped_warehouse.urls["owner"])
    assert [connection.closed for connection in opened] == [True]
