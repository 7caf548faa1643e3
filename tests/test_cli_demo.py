"""`fdwarehouse demo`: the whole demo, from empty databases, twice."""

import re
import shutil
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from fdwarehouse.database.connections import Connections
from tests.command import Command
from tests.harness import ROOT
from tests.servers import Servers

# The width of tables depends on the times in them.
CHANGING = r"[\d.]+ m?s\b|\d+-\d+-\d+|\d+:\d+:\d+|\s+"


def test_demo_tells_the_same_story_again(
    command: Command, servers: Servers, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "production", project / "production")
    command.project(project)
    monkeypatch.setattr(Connections, "state_dir", servers.state_dir)
    command.use({"WAREHOUSE_URL": "postgresql://127.0.0.1:1/never_used"})
    said = command("demo")
    assert said.exit_code == 0
    story = re.sub(CHANGING, " ", said.out)
    assert re.sub(CHANGING, " ", command("demo").out) == story

    for chapter in range(1, 11):
        assert re.search(rf"(?m)^{chapter}\. ", said.out)
    for what in ("new orders", "orders delivered", "prices changed", "orders deleted"):
        assert re.search(rf"(?m)^{what} +[1-9]", said.out)
    # A renamed customer and a product with another price, each in two versions with their sales.
    assert len(re.findall("(?m)  now +[1-9]", said.out)) == 2
    assert said.out.count("in both") == 2
    assert "checks passed, 0 warned" in said.out
    for command_line in ("psql", "status", "seed --changes", "run", "up", "down"):
        assert re.search(rf"(?m)^\S*(?:eval)?.* {command_line}", said.out)

    # It deployed the files in build/, including the compiled tables.
    with psycopg.connect(Connections(project).embedded_urls()["WAREHOUSE_URL"]) as warehouse:
        deployed = warehouse.execute("SELECT object_name, checksum FROM etl.deployed_objects")
        recorded: dict[str, str] = dict(deployed.fetchall())
    read = {path.name[4:]: path.read_bytes() for path in (project / "build").glob("[0-9]*.sql")}
    checksums = {name: sha256(text).hexdigest() for name, text in read.items()}
    assert checksums.keys() - recorded.keys() == {"deploy_record.sql"}
    assert checksums.items() >= recorded.items()
    assert {"silver.write_clean_orders.sql", "gold.write_fact_sales.sql"} <= read.keys()
    assert f"{len(read)} files of SQL" in said.out

    for server, name in (("production", "xyz_store"), ("warehouse", "warehouse")):
        servers.drop_database(server, name)


def test_demo_touches_nothing_where_there_is_no_shop(
    command: Command, project: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Connections, "embedded_urls", started)
    monkeypatch.setenv("FDWAREHOUSE_PROJECT", str(project))
    assert "there is no shop to show" in command.fails(2, "demo")
