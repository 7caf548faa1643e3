"""A connection that lacks something: the error says what, with a hint."""

from collections.abc import Iterator

import pytest

from tests.command import Command
from tests.harness import Warehouse
from tests.old_server import IS_MISSING, PASSWORD, old_server

TLS_ALONE = "hostssl all all 127.0.0.1/32 scram-sha-256\n"

pytestmark = pytest.mark.skipif(IS_MISSING, reason="PostgreSQL 15 is not installed")


@pytest.fixture(scope="module")
def tls_port() -> Iterator[int]:
    with old_server(TLS_ALONE, certificate=True) as port:
        yield port


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("", "The source requires TLS: write sslmode=require"),
        ("?sslmode=prefer", "The source requires TLS: write sslmode=require"),
        ("?sslmode=require", "does not support TLS"),
        ("?sslmode=verify-full&sslrootcert=/nowhere.pem", "does not support TLS"),
        ("?ssl=true", "does not support TLS"),
    ],
)
def test_a_source_with_tls_alone_and_a_warehouse_without(
    command: Command,
    bootstrapped_warehouse: Warehouse,
    tls_port: int,
    parameters: str,
    said: str,
) -> None:
    command.secrets.add(PASSWORD)
    url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{tls_port}/postgres{parameters}"
    command.use(bootstrapped_warehouse.environment | {"PRODUCTION_URL": url})
    for arguments in (("contract",), ("deploy",)):
        failed = command(*arguments)
        assert failed.exit_code > 0
        assert said in failed.err
        assert "the embedded one" in failed.err
