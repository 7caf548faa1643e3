"""The project and its warehouses with every table written by hand, under the usual names."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.compiler.shop_files import written_by_hand
from tests.harness import Shop, Warehouse
from tests.servers import Servers


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return written_by_hand(tmp_path / "project")


@pytest.fixture
def warehouse(servers: Servers, shop: Shop, by_hand: Path) -> Iterator[Warehouse]:
    yield from _warehouse(servers, shop, by_hand)


@pytest.fixture
def seeded_warehouse(servers: Servers, seeded_shop: Shop, by_hand: Path) -> Iterator[Warehouse]:
    yield from _warehouse(servers, seeded_shop, by_hand)


def _warehouse(servers: Servers, shop: Shop, by_hand: Path) -> Iterator[Warehouse]:
    with closing(servers.warehouse("bootstrapped", shop)) as warehouse:
        warehouse.deploy(by_hand)
        yield warehouse
    servers.drop_database("warehouse", warehouse.name)
