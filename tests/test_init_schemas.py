"""`fdwarehouse init` for several schemas of one production."""

from pathlib import Path

import psycopg
import pytest
import yaml

from fdwarehouse.project.proposals import propose
from tests.command import Command
from tests.harness import Shop, Warehouse
from tests.test_init import PRODUCTIONS, table

SCHEMAS = """
CREATE SCHEMA a;
CREATE SCHEMA a_b;
CREATE TABLE a.b_c (id int PRIMARY KEY, what text);
CREATE TABLE a_b.c (LIKE a.b_c INCLUDING ALL);
CREATE TABLE a_b.an_extraordinarily_long_table_name_of_a_generator (LIKE a.b_c INCLUDING ALL);
CREATE TABLE films.b_c (LIKE a.b_c INCLUDING ALL);
INSERT INTO a.b_c VALUES (1, 'a.b_c');
INSERT INTO a_b.c VALUES (1, 'a_b.c');
GRANT USAGE ON SCHEMA a, a_b TO warehouse_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA a, a_b, films TO warehouse_reader;
"""


@pytest.fixture
def films(shop: Shop) -> Shop:
    with psycopg.connect(shop.urls["admin"]) as connection:
        connection.execute(PRODUCTIONS.encode())
    return shop


@pytest.mark.parametrize("how", [["--schema", "a", "--schema", "a_b"], ["--all-schemas"]])
def test_init_reads_several_schemas_and_gives_equal_names_another(
    command: Command,
    films: Shop,
    bootstrapped_warehouse: Warehouse,
    tmp_path: Path,
    how: list[str],
) -> None:
    films.execute("DROP SCHEMA public CASCADE")
    with psycopg.connect(films.urls["admin"]) as connection:
        connection.execute(SCHEMAS.encode())
    command.use(bootstrapped_warehouse.environment)
    said = command("init", str(tmp_path), "--name", "schemas", *how)
    assert said.exit_code == 0, said.err
    source = yaml.safe_load((tmp_path / "warehouse.yaml").read_text())["sources"]["production"]
    assert source["schema"] == "a"
    tables = source["tables"]
    assert ("films.film" in tables) == (how == ["--all-schemas"])
    names = {name: settings.get("as") for name, settings in tables.items() if "film" not in name}
    assert sorted(names) == [
        "a_b.an_extraordinarily_long_table_name_of_a_generator",
        "a_b.c",
        "b_c",
    ]
    assert [str(names[n])[:20] for n in sorted(names)] == ["a_b_an_extraordinari", "None", "None"]
    command.project(tmp_path)
    for words in ("contract", "deploy", "run"):
        assert command(words).exit_code == 0
    assert bootstrapped_warehouse.column("SELECT what FROM silver.b_c") == ["a.b_c"]
    assert bootstrapped_warehouse.column("SELECT what FROM silver.a_b_c") == ["a_b.c"]
    films.execute("CREATE TABLE a_b.later (id int PRIMARY KEY)", "CREATE SCHEMA other")
    films.execute("CREATE TABLE other.later (id int PRIMARY KEY)")
    films.execute("GRANT USAGE ON SCHEMA other TO warehouse_reader")
    films.execute("GRANT SELECT ON a_b.later, other.later TO warehouse_reader")
    command("init", "--update")
    found = yaml.safe_load((tmp_path / "warehouse.yaml").read_text())["sources"]["production"]
    assert set(found["tables"]) - set(tables) == {"a_b.later"}


def test_equal_names_of_two_schemas_get_names_of_their_own() -> None:
    pair = [table("b_c", "id integer!", primary_key=("id",), schema="a") for _ in range(2)]
    pair[1] = table("c", "id integer!", primary_key=("id",), schema="a_b")
    first, second = propose(pair, "public")
    assert (first.table, first.settings) == ("a.b_c", {"mode": "snapshot"})
    assert second.table == "a_b.c"
    assert second.settings["as"].startswith("a_b_c_")


def test_update_adds_no_table_that_a_pattern_takes_or_excludes(
    command: Command, films: Shop, bootstrapped_warehouse: Warehouse, tmp_path: Path
) -> None:
    command.use(bootstrapped_warehouse.environment)
    command.project(tmp_path)
    source = {
        "schema": "films",
        "source_system": "s",
        "exclude": ["payment"],
        "tables": {"film": {"watermark": "last_update"}, "film_*": {}, "a*": {}, "*e*": {}},
    }
    path = tmp_path / "warehouse.yaml"
    path.write_text(yaml.safe_dump({"project": "p", "sources": {"production": source}}))
    said = command("init", "--update")
    assert said.exit_code == 0
    assert "no longer has" not in said.err
    after = yaml.safe_load(path.read_text())["sources"]["production"]["tables"]
    assert {name for name in after if name not in source["tables"]} == {"Staff", "visits"}
