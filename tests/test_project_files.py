"""Wrong files of a project: the error names each, with a hint."""

import re
from pathlib import Path

import pytest

from tests.command import Command
from tests.test_render import edit

VIEW = "CREATE VIEW silver.x AS SELECT 1 AS a;"
CHECK = "-- layer: gold\n-- severity: warn\n-- It holds.\n"
TABLE = "sources: {s: {source_system: s, tables: {t: {mode: snapshot}}}}\n"
COLUMN = "tables: {t: {primary_key: [k], columns: {k: %s}}}\n"
CONTRACT = "source: production\nserver_version: 18\ntime_zone: UTC\n"


def fails(command: Command, project: Path, *words: str) -> None:
    """Expect that the project cannot be rendered, with one line that begins with these words."""
    command.project(project)
    said = command("render")
    lines = said.err.splitlines()
    assert (said.exit_code, said.out) == (2, "")
    assert lines[0].startswith(f"Error: {words[0]}"), said.err
    for word in words[1:]:
        assert word in said.err
    assert re.match("Hint: .*[.?]$", lines[-1]), said.err
    for jargon in ("jinja", "pydantic", "errors.pydantic.dev", "NoneType", "dict object", "[type="):
        assert jargon not in said.err


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("migrations/silver.sql", "SELECT 1;", ["migrations/silver.sql: ", "0005_"]),
        ("migrations/3_silver.sql", "SELECT 1;", ["migrations/3_silver.sql: ", "four digits"]),
        ("migrations/0003-silver.sql", "SELECT 1;", ["migrations/0003-silver.sql: "]),
        (
            "migrations/0004_zoo.sql",
            "SELECT 1;",
            ["migrations/0004_zoo.sql: ", "0004_tables_are_selects.sql has the same number"],
        ),
        ("migrations/0005_x.sql", "", ["migrations/0005_x.sql: it is empty"]),
        ("migrations/0005_x.sql", "-- later\n", ["migrations/0005_x.sql: it is empty"]),
        ("migrations/0005_x.txt", "", ["migrations/0005_x.txt: "]),
        ("migrations/old/0001_x.sql", "SELECT 1;", ["migrations/old: "]),
        ("sql/x.sql", VIEW, ["sql/x.sql: ", "sql/silver/"]),
        ("sql/sliver/x.sql", VIEW, ["sql/sliver: ", "etl, bronze, silver, gold, checks"]),
        ("sql/silver/more/x.sql", VIEW, ["sql/silver/more: "]),
        ("sql/silver/x.sq", VIEW, ["sql/silver/x.sq: "]),
        ("sql/silver/X y.sql", VIEW, ["sql/silver/X y.sql: ", "lower-case"]),
        (f"sql/silver/{'x' * 64}.sql", VIEW, [f"sql/silver/{'x' * 64}.sql: ", "63"]),
        (f"sql/checks/{'x' * 58}.sql", CHECK + "SELECT 1", ["sql/checks/xxx", "57"]),
        ("sql/silver/x.sql", "", ["sql/silver/x.sql: it is empty"]),
        ("sql/silver/x.sql", "-- soon\n/* yes */\n", ["sql/silver/x.sql: it is empty"]),
        (
            "sql/silver/x.sql",
            VIEW.replace("silver.x", "silver.y"),
            ["sql/silver/x.sql: it creates silver.y, not silver.x"],
        ),
        ("sql/silver/x.sql", "SELECT 1;", ["sql/silver/x.sql, line 1: there is no header"]),
        (
            "sql/silver/write_orders.sql",
            "CREATE TABLE silver.write_orders (a int);",
            ["sql/silver/write_orders.sql: it does not create silver.write_orders", "migrations/"],
        ),
        (
            "sql/bronze/load_raw_orders.sql",
            "CREATE VIEW bronze.load_raw_orders AS SELECT 1 AS a;",
            ["sql/bronze/load_raw_orders.sql: fdwarehouse itself creates bronze.load_raw_orders"],
        ),
        (
            "sql/etl/run_pipeline.sql",
            "CREATE VIEW etl.run_pipeline AS SELECT 1 AS a;",
            ["sql/etl/run_pipeline.sql: fdwarehouse itself creates etl.run_pipeline"],
        ),
        (
            "sql/checks/watermarks_show_every_change.sql",
            CHECK + "SELECT 1",
            ["sql/checks/watermarks_show_every_change.sql: fdwarehouse itself creates "],
        ),
        ("sql/checks/x.sql", "", ["sql/checks/x.sql: it is empty"]),
        ("sql/checks/x.sql", CHECK, ["sql/checks/x.sql: it is empty"]),
        (
            "sql/checks/x.sql",
            CHECK.replace("-- It holds.\n", "") + "SELECT 1",
            ["sql/checks/x.sql: a check must have a description"],
        ),
        (
            "sql/checks/x.sql",
            CHECK + "SELECT 1; SELECT 2;",
            ["sql/checks/x.sql: a check must be one SELECT"],
        ),
        (
            "sql/checks/x.sql",
            CHECK + "DELETE FROM gold.x",
            ["sql/checks/x.sql: a check must be one SELECT"],
        ),
        ("sql/silver/x.sql", VIEW + "\n{{ sources.production }}", ["sql/silver/x.sql, line 2: "]),
        (
            "sql/silver/x.sql",
            VIEW + "\n{{ nothing }}",
            ["sql/silver/x.sql, line 2: nothing is not"],
        ),
        (
            "sql/silver/x.sql",
            VIEW + "\n{{ source.elsewhere.name }}",
            ["sql/silver/x.sql, line 2: ", "elsewhere", "production"],
        ),
        (
            "sql/silver/x.sql",
            "\n{{ silver.rejects({}) }}",
            ["sql/silver/x.sql, line 2: silver has no macro rejects", "reject_reasons"],
        ),
        ("sql/silver/x.sql", "\n{{ x | quoted }}", ["sql/silver/x.sql, line 2: ", "quoted"]),
        ("sql/silver/x.sql", VIEW + "\n\n{% if true %}\n", ["sql/silver/x.sql, line ", "if"]),
        ("sql/silver/x.sql", VIEW + "\n{{ 1 +", ["sql/silver/x.sql, line 2: "]),
        ("sql/silver/x.sql", VIEW + "\n{# soon", ["sql/silver/x.sql, line 2: "]),
        ("sql/silver/x.sql", VIEW + "\n{{ 1 / 0 }}", ["sql/silver/x.sql, line 2: "]),
        (
            "sql/silver/x.sql",
            "\n{{ silver.write_latest('x', versions='v', key=['k']) }}",
            ["sql/silver/x.sql, line 2: ", "columns"],
        ),
        (
            "sql/silver/x.sql",
            "\n{{ silver.write_latest('x', 'v', ['k'], [], colour=1) }}",
            ["sql/silver/x.sql, line 2: ", "colour"],
        ),
        (
            "sql/checks/x.sql",
            CHECK + "SELECT 1 WHERE p_after_run_id = 0",
            ["sql/checks/x.sql: p_after_run_id was renamed to p_since_run_id"],
        ),
        (
            "sql/gold/x.sql",
            VIEW + " WHERE p_after_run_id = 0",
            ["sql/gold/x.sql: p_after_run_id was renamed to p_since_run_id"],
        ),
        ("sql/silver/x.sql", "\n{% include 'no.sql' %}", ["sql/silver/x.sql, line 2: ", "no.sql"]),
    ],
)
def test_file_of_the_project_that_is_wrong_is_named(
    command: Command, project: Path, file: str, text: str, words: list[str]
) -> None:
    (project / file).parent.mkdir(parents=True, exist_ok=True)
    (project / file).write_text(text)
    fails(command, project, *words)


@pytest.mark.parametrize(
    "file",
    ["warehouse.yaml", "contracts/production.yaml", "sql/silver/x.sql", "migrations/0005_x.sql"],
)
@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"caf\xe9", "UTF-8"), ("SELECT 1".encode("utf-16"), "UTF-8"), (b"SELECT '\0'", "")],
)
def test_file_that_is_no_text_is_named(
    command: Command, project: Path, file: str, content: bytes, problem: str
) -> None:
    (project / file).write_bytes(content)
    fails(command, project, file, problem)


@pytest.mark.parametrize("file", ["warehouse.yaml", "contracts/production.yaml"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("", "it is empty"),
        ("# later\n", "it is empty"),
        ("- a\n- b\n", "names and values"),
        ("just words", "names and values"),
        ("a: [", "line 1"),
        ("a:\n\tb: 1\n", "line 2: a tab: YAML is indented with spaces"),
        ("a: 1\nb: 2\na: 3\n", "line 3: a is given twice"),
        ("a: {b: 1, b: 2}\n", "line 1: b is given twice"),
        ("a: &x [*x]\n", ""),
        ("1: 2\n", ""),
        ("a: !!python/object:os.system {}\n", "line 1"),
        ("? [a]\n: 1\n", ""),
        ("a: 1\n---\nb: 1\n", "line 2"),
        ("a: 2024-99-99\n", "line 1: the value is not of kind timestamp"),
        ("a: 1\nb: !!bool x\n", "line 2: the value is not of kind bool"),
        ('a: "\\ud800"\n', "line 1: a character that PostgreSQL cannot store"),
        ('"\\0": 1\n', "line 1: a character that PostgreSQL cannot store"),
        ("a: " + "[" * 5000, ""),
    ],
)
def test_yaml_that_is_wrong_is_named(
    command: Command, project: Path, file: str, text: str | None, words: str
) -> None:
    if text is None:
        (project / file).unlink()
        if file == "warehouse.yaml":
            return  # then there is no project: see test_no_project_is_told
    else:
        (project / file).write_text(text)
    fails(command, project, f"{file}", words)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("source",), "shop", ["source is shop", "production"]),
        (("server_version",), "new", ["server_version: "]),
        (("server_version",), 11, ["server_version: ", "12"]),
        (("time_zone",), "", ["time_zone: "]),
        (("tables", "orders", "primary_key"), "order_id", ["tables.orders.primary_key: "]),
        (("tables", "orders", "primary_key"), ["id"], ["tables.orders: primary_key: id"]),
        (("tables", "orders", "columns"), {}, ["tables.orders.columns: "]),
        (("tables", "orders", "columns"), None, ["tables.orders.columns: "]),
        (("tables", "orders", "columns", "status"), "text", ["tables.orders.columns.status: "]),
        (("tables", "orders", "columns", "status", "type"), "txet", ["status.type: ", "txet"]),
        (("tables", "orders", "columns", "status", "type"), "int; DROP", ["status.type: "]),
        (("tables", "orders", "columns", "status", "type"), "", ["status.type: "]),
        (("tables", "orders", "columns", "s" * 64), {"type": "text"}, ["63"]),
        (("tables", "visits"), {"columns": {"a": {"type": "text"}}}, ["visits", "warehouse.yaml"]),
    ],
)
def test_contract_written_by_hand_is_judged(
    command: Command, project: Path, path: tuple[str, ...], value: object, words: list[str]
) -> None:
    edit(project, "contracts/production.yaml", *path, value=value)
    fails(command, project, "contracts/production.yaml: ", *words, "fdwarehouse contract")
