"""The commands in docs/first-ten-minutes.md work, and their queries return what the page says."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from fdwarehouse.embedded.lifecycle import SERVERS
from tests.command import Command
from tests.harness import Database
from tests.servers import Servers
from tests.ten_minutes import PAGE, PRODUCTION, results, run_page


@pytest.fixture
def rental(servers: Servers) -> Iterator[Database]:
    """A production that nobody has prepared, and an empty database for its warehouse."""
    names = {server: servers.create_database(server, "bare") for server in SERVERS}
    urls = {
        "WAREHOUSE_URL": servers.url("warehouse", "owner", names["warehouse"]),
        "PRODUCTION_URL": servers.url("production", "reader", names["production"]),
        "WAREHOUSE_ADMIN_URL": servers.url("warehouse", "admin", names["warehouse"]),
        "PRODUCTION_ADMIN_URL": servers.url("production", "admin", names["production"]),
    }
    with psycopg.connect(urls["PRODUCTION_ADMIN_URL"]) as connection:
        connection.execute(PRODUCTION.encode())
    with closing(Database(urls)) as databases:
        yield databases
    for server, name in names.items():
        servers.drop_database(server, name)


def test_first_ten_minutes_work_as_the_page_tells_them(
    command: Command, rental: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed_by_psql: list[str] = []

    def execve(_program: str, arguments: list[str], environment: dict[str, str]) -> None:
        done = subprocess.run(arguments, env=environment, check=True, capture_output=True)
        printed_by_psql.append(done.stdout.decode())

    monkeypatch.setattr("os.execve", execve)
    monkeypatch.chdir(tmp_path)
    command.use(rental.urls)
    command.project(tmp_path)

    def run(arguments: list[str]) -> str:
        printed_by_psql.clear()
        said = command(*arguments)
        assert said.exit_code == 0, said.err
        return said.out + "".join(printed_by_psql)

    page = PAGE.read_text(encoding="utf-8")
    assert results(run_page(page, tmp_path, rental.urls, run)) == results(page)
    assert len(results(page)) == page.count("psql -c") == 3
