"""One pair of servers per session; a shop and a warehouse per test.

shop, warehouse                empty tables, and a deployed warehouse that mounts them
seeded_shop, seeded_warehouse  the demo's data at scale 1, before the first run
bootstrapped_warehouse         nothing deployed yet; mounts `shop`
place                          an empty production, its warehouse and a project, by the command
clinic                         another production, and its warehouse, which has only bronze
project                        a copy of this repository's project to change
by_hand                        the same project, with every table written by hand
beside                         a warehouse of `seeded_shop`, deployed from by_hand; not run yet
command                        the command line, without connections until a test sets them
patient                        bootstrapped_warehouse, which the command examines
web, alerting                  a server that receives alerts; a command and a project that send them
local                          the command in `project`, without unit tests and without production
"""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from fdwarehouse.alerts import channels
from fdwarehouse.demo import seeding
from fdwarehouse.embedded import lifecycle
from tests.clinic import Clinic
from tests.command import Command
from tests.compiler.shop_files import written_by_hand
from tests.harness import ROOT, Shop, Warehouse
from tests.place import Place
from tests.receivers import HOOK, Web, configure, web_server
from tests.servers import Servers
from tests.shop_database import AS_OF, PRODUCTION, NewDatabase

# Every example runs a pipeline: few examples, and always the same. To run more:
# `pytest --hypothesis-profile=thorough`.
_UNHURRIED = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("few", _UNHURRIED, max_examples=15, derandomize=True)
settings.register_profile("thorough", _UNHURRIED, max_examples=300)
settings.load_profile("few")


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    state_dir = tmp_path_factory.mktemp("servers")
    yield Servers(state_dir)
    lifecycle.remove(state_dir)


@pytest.fixture(scope="session")
def new_database(servers: Servers) -> NewDatabase:
    """Create an empty database on the production server."""

    def make() -> str:
        return servers.url("production", "admin", servers.create_database("production", "bare"))

    return make


@pytest.fixture(scope="session")
def seeded(new_database: NewDatabase) -> str:
    """A seeded database that tests only read."""
    url = new_database()
    seeding.seed(url, PRODUCTION, as_of=AS_OF)
    return url


@pytest.fixture
def shop(servers: Servers) -> Iterator[Shop]:
    yield from _shop(servers, "empty")


@pytest.fixture
def seeded_shop(servers: Servers) -> Iterator[Shop]:
    yield from _shop(servers, "seeded")


@pytest.fixture
def warehouse(servers: Servers, shop: Shop) -> Iterator[Warehouse]:
    yield from _warehouse(servers, "deployed", shop)


@pytest.fixture
def seeded_warehouse(servers: Servers, seeded_shop: Shop) -> Iterator[Warehouse]:
    yield from _warehouse(servers, "deployed", seeded_shop)


@pytest.fixture
def bootstrapped_warehouse(servers: Servers, shop: Shop) -> Iterator[Warehouse]:
    yield from _warehouse(servers, "bootstrapped", shop)


@pytest.fixture
def clinic(shop: Shop, bootstrapped_warehouse: Warehouse, tmp_path: Path) -> Clinic:
    return Clinic(shop, bootstrapped_warehouse, tmp_path)


@pytest.fixture
def place(command: Command, shop: Shop, bootstrapped_warehouse: Warehouse, tmp_path: Path) -> Place:
    return Place(command, shop, bootstrapped_warehouse, tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    shutil.copy(ROOT / "warehouse.yaml", root)
    for folder in ("contracts", "migrations", "sql"):
        shutil.copytree(ROOT / folder, root / folder)
    return root


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    return written_by_hand(tmp_path / "by_hand")


@pytest.fixture
def beside(servers: Servers, seeded_shop: Shop, by_hand: Path) -> Iterator[Warehouse]:
    for warehouse in _warehouse(servers, "bootstrapped", seeded_shop):
        warehouse.deploy(by_hand)
        yield warehouse


@pytest.fixture
def command(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(monkeypatch, capsys, servers.passwords.values())


@pytest.fixture
def web() -> Iterator[Web]:
    """Return a server that receives alerts."""
    with web_server() as web:
        yield web


@pytest.fixture
def alerting(
    command: Command,
    seeded_warehouse: Warehouse,
    project: Path,
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Command, Warehouse, Path]:
    """Return the orchestrator's command, a filled warehouse, and a project with one webhook."""
    monkeypatch.setattr(channels, "PAUSES", (0, 0))
    seeded_warehouse.run()
    urls = {"SLACK_URL": web.url, "HOOK_URL": web.url}
    command.use({"WAREHOUSE_URL": seeded_warehouse.urls["orchestrator"], **urls})
    command.project(project)
    configure(project, HOOK)
    return command, seeded_warehouse, project


@pytest.fixture
def local(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> tuple[Command, Path]:
    """The command in a copy of the shop, with a warehouse that has nothing, and no production."""
    command.use({"WAREHOUSE_URL": bootstrapped_warehouse.urls["owner"]})
    command.project(project)
    for path in (project / "sql/tests").glob("*.yaml"):
        path.unlink()
    return command, project


@pytest.fixture
def patient(command: Command, bootstrapped_warehouse: Warehouse) -> Warehouse:
    """A warehouse that has nothing yet, and its shop, which the command examines."""
    command.use(bootstrapped_warehouse.environment)
    return bootstrapped_warehouse


def _shop(servers: Servers, kind: str) -> Iterator[Shop]:
    with closing(servers.shop(kind)) as shop:
        yield shop
    servers.drop_database("production", shop.name)


def _warehouse(servers: Servers, kind: str, shop: Shop) -> Iterator[Warehouse]:
    with closing(servers.warehouse(kind, shop)) as warehouse:
        yield warehouse
    servers.drop_database("warehouse", warehouse.name)
