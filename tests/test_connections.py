"""Connections to the warehouse: those that cannot be used are closed."""

import psycopg
import pytest

from fdwarehouse.database import connections
from fdwarehouse.database.session import Session
from fdwarehouse.errors import FdwarehouseError
from tests.harness import Warehouse


def test_a_session_that_cannot_be_set_up_is_closed(
    bootstrapped_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Session] = []
    connect = Session.connect

    def remember(*args: str, **settings: bool) -> Session:
        opened.append(connect(*args, **settings))  # type: ignore[arg-type]
        return opened[-1]

    monkeypatch.setattr(Session, "connect", remember)
    monkeypatch.setattr(connections, "_PIN", "SELECT 1 / (%s::jsonb IS NULL)::integer")
    with pytest.raises(FdwarehouseError, match="division by zero"):
        connections.connect(bootstrapped_warehouse.urls["owner"])
    assert [connection.closed for connection in opened] == [True]


@pytest.mark.parametrize("begin", ["", "BEGIN; "], ids=["by psycopg", "by hand"])
def test_a_session_whose_commit_fails_is_closed(
    bootstrapped_warehouse: Warehouse, begin: str
) -> None:
    url = bootstrapped_warehouse.urls["owner"]
    bootstrapped_warehouse.execute(
        "CREATE SCHEMA kept",
        "CREATE TABLE kept.keys (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)",
    )
    session = connections.connect(url, autocommit=bool(begin))
    with pytest.raises(psycopg.errors.UniqueViolation), session:
        session.execute(f"{begin}INSERT INTO kept.keys VALUES (1), (1)".encode())
    assert session.closed
