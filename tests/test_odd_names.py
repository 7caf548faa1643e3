"""Names that SQL must quote work from the contract to the status."""

from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident
from fdwarehouse.rendering.render import render_project
from tests.clinic import Clinic, with_tables
from tests.command import Command
from tests.test_render import edit

NAMES = [
    *("price list", "müll-fee", "Animal", "animal", "it's", 'say "x"', "order", "user", "a.b"),
    *("a/b", "100%", "{x}", "$$ $do$", "back\\slash", "-- none", "[red]", "_hidden", "read_fence"),
    "e" * 41,
]
COLUMNS = ["select", "The Key", "it's", '"', "r", "s", "hash", "bucket", "%s", "ä", "$do$", "{c}"]
STAMP = "Changed At"


def make(clinic: Clinic, name: str) -> None:
    """Create a table of this name in production, with two rows."""
    columns = [sql.Identifier(column) for column in COLUMNS]
    statements = [
        sql.SQL("CREATE TABLE {} ({}, {} timestamptz NOT NULL, PRIMARY KEY ({}, {}))").format(
            sql.Identifier(name),
            sql.SQL(", ").join(sql.SQL("{} text").format(column) for column in columns),
            sql.Identifier(STAMP),
            *columns[:2],
        ),
        sql.SQL("INSERT INTO {} ({}, {}, {}, {}) VALUES {}").format(
            sql.Identifier(name),
            *columns[:3],
            sql.Identifier(STAMP),
            sql.SQL("(1, 1, 'a', now()), (2, 2, 'b', now())"),
        ),
        sql.SQL("GRANT SELECT ON {} TO warehouse_reader").format(sql.Identifier(name)),
    ]
    clinic.write(*(statement.as_string() for statement in statements))


def test_g1_tables_of_any_name_are_read_reconciled_checked_and_shown(
    clinic: Clinic, command: Command
) -> None:
    tables: dict[str, Any] = {}
    for number, name in enumerate(NAMES):
        make(clinic, name)
        tables[name] = {"mode": "snapshot"} if number % 3 == 2 else {"watermark": STAMP}
        if number % 3 == 1:
            tables[name] |= {"reconcile": {"depth": "key"}}
    config = with_tables(tables)
    config["sources"]["clinic"]["mirror"] = True
    clinic.configure(config)
    (clinic.root / "sql/silver").mkdir(parents=True)
    (clinic.root / "sql/silver/users.sql").write_text(
        'CREATE VIEW silver.users AS SELECT "The Key", "it\'s" FROM bronze."raw_price list"; -- ok'
    )
    command.project(clinic.root)
    command.use(
        {
            "WAREHOUSE_URL": clinic.warehouse.urls["owner"],
            "CLINIC_URL": clinic.shop.urls["reader"],
        }
    )
    assert "up to date" in command.works("contract")
    command.works("render")
    assert "append_raw_price list" in command.works("deploy", "--plan")
    command.works("deploy")
    assert command.works("deploy") == "Nothing to change.\n"
    command.works("run")
    for name in NAMES:
        clinic.write(f"""UPDATE {ident(name)} SET "it's" = 'c', "{STAMP}" = now() WHERE "r" IS NULL
            AND "The Key" = '1'""")
        clinic.warehouse.call(f"bronze.{ident(f'load_raw_{name}')}()")
        clinic.write(f"""DELETE FROM {ident(name)} WHERE "The Key" = '2'""")
        if tables[name].get("mode") == "snapshot":
            command.works("run")
        else:
            command.works("reconcile", name)
        history = (
            f"""SELECT "it's", _is_deleted FROM bronze.{ident(f"raw_{name}")} ORDER BY _run_id, 1"""
        )
        expected = [("a", False), ("b", False), ("c", False), ("b", True)]
        assert clinic.warehouse.rows(history) == expected
    command.works("prune", "--older-than", "1 day", "price list")
    command.works("check")
    command.works("rebuild")
    status = command.works("status")
    for name in NAMES:
        assert ident(f"raw_{name}") in status
    assert clinic.warehouse.rows('SELECT * FROM silver.users ORDER BY "it\'s"')[0] == ("1", "a")


def test_row_without_a_key_is_set_aside_as_it_is_whatever_its_columns_are_called(
    clinic: Clinic,
) -> None:
    clinic.write(
        "CREATE TABLE r (r text, e text, v text, b text, k int)",
        "INSERT INTO r VALUES ('x', 'y', 'z', 'w', NULL), ('x', 'y', 'z', 'w', 1)",
        "GRANT SELECT ON r TO warehouse_reader",
    )
    clinic.configure(with_tables({"r": {"key": "k", "mode": "snapshot"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    rejected = "SELECT model, rejected_row, key ->> 'k' FROM silver.rejected_rows"
    row = {"r": "x", "e": "y", "v": "z", "b": "w", "k": None}
    assert clinic.warehouse.rows(rejected) == [("bronze.raw_r", row, None)]
    assert clinic.warehouse.rows("SELECT r, k FROM bronze.raw_r") == [("x", 1)]


UNSEEN = [
    *("a\nb", "a\n; SELECT 1 / 0; --", "\r", "\t", "a\r\nb'\"", "\x01\x1b[31m", "\x7f", "x\x85y"),
    *(
        "line\u2028sep",
        "no\u00a0break",
        "zero\u200bwidth",
        "\ufeffbom",
        "rtl\u202eo",
        "\U000e0001tag",
    ),
    *("$migration$\n", "$$\n$$", "%s\n%%", "back\\slash\n\\000A", "{{ x }}\n", " ", "😀" * 15),
    *("/* \n", "*/\n", "\n--", 'U&"\n', "ü" * 31, "E'\n", "a]b[", "NULL", "_", "x" * 63),
]


def test_g1_columns_of_names_with_what_cannot_be_seen_are_read(
    clinic: Clinic, command: Command
) -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} text NOT NULL DEFAULT {}").format(sql.Identifier(name), sql.Literal(str(n)))
        for n, name in enumerate(UNSEEN)
    )
    key = sql.SQL(", ").join(map(sql.Identifier, UNSEEN[:3]))
    for table in ("odd", "snapped", "unkeyed"):
        clinic.write(
            sql.SQL("CREATE TABLE {} ({}, n int, {} timestamptz NOT NULL DEFAULT now())")
            .format(sql.Identifier(table), columns, sql.Identifier("at\n"))
            .as_string(),
            sql.SQL("INSERT INTO {} (n) VALUES (1)").format(sql.Identifier(table)).as_string(),
            f"GRANT SELECT ON {table} TO warehouse_reader",
        )
    clinic.write(sql.SQL("ALTER TABLE odd ADD PRIMARY KEY ({})").format(key).as_string())
    clinic.write(
        sql.SQL("ALTER TABLE unkeyed ALTER {0} DROP NOT NULL; UPDATE unkeyed SET {0} = NULL")
        .format(sql.Identifier(UNSEEN[0]))
        .as_string()
    )
    clinic.configure(
        with_tables(
            {
                "odd": {"watermark": "at\n", "reconcile": {"depth": "all"}},
                "snapped": {"mode": "snapshot", "key": UNSEEN[1:4]},
                "unkeyed": {"watermark": "at\n", "key": UNSEEN[:2], "partitions": 2},
            }
        )
    )
    command.project(clinic.root)
    command.use(
        {
            "WAREHOUSE_URL": clinic.warehouse.urls["owner"],
            "CLINIC_URL": clinic.shop.urls["reader"],
        }
    )
    assert "up to date" in command.works("contract")
    command.works("deploy")
    assert command.works("deploy") == "Nothing to change.\n"
    command.works("run")
    listed = sql.SQL(", ").join(map(sql.Identifier, UNSEEN)).as_string()
    row = tuple(str(n) for n in range(len(UNSEEN)))
    for table in ("odd", "snapped"):
        query = f"SELECT {listed} FROM bronze.raw_{table} ORDER BY _run_id"
        assert clinic.warehouse.rows(query) == [row]
    (rejected,) = clinic.warehouse.column("SELECT rejected_row FROM silver.rejected_rows")
    assert {name: rejected[name] for name in UNSEEN} == dict(
        zip(UNSEEN, (None, *row[1:]), strict=True)
    )
    for table in ("odd", "snapped"):
        clinic.write(
            sql.SQL("UPDATE {} SET {} = 'other'")
            .format(sql.Identifier(table), sql.Identifier(UNSEEN[5]))
            .as_string()
        )
    command.works("reconcile")
    changed = (*row[:5], "other", *row[6:])
    for table in ("odd", "snapped"):
        query = f"SELECT {listed} FROM bronze.raw_{table} ORDER BY _run_id"
        assert clinic.warehouse.rows(query) == [row, changed]
    command.works("check")
    command.works("status")


def test_migration_may_hold_any_dollar_quotes(clinic: Clinic) -> None:
    (clinic.root / "migrations").mkdir()
    (clinic.root / "migrations/0001_odd.sql").write_text(
        "CREATE TABLE silver.odd (a text);\nINSERT INTO silver.odd VALUES "
        "($migration$a$do$b$migration$), ('$do$ $migration2$'), ($do$c$do$), ($do2$d$do2$);\n"
    )
    clinic.warehouse.deploy(clinic.root, source="clinic")
    assert clinic.warehouse.column("SELECT a FROM silver.odd") == [
        *("a$do$b", "$do$ $migration2$", "c", "d")
    ]


def test_table_of_many_columns_is_read(clinic: Clinic) -> None:
    columns = ", ".join(f"c{n} int" for n in range(300))
    clinic.write(
        f"CREATE TABLE wide (k int PRIMARY KEY, at timestamptz NOT NULL, {columns})",
        "INSERT INTO wide VALUES (1, now(), 7)",
        "GRANT SELECT ON wide TO warehouse_reader",
    )
    clinic.configure(with_tables({"wide": {"watermark": "at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    assert clinic.run("wide", "c0, c299") == [(7, None)]
    clinic.write("UPDATE wide SET c299 = 8")
    clinic.warehouse.reconcile()
    assert clinic.warehouse.column("SELECT c299 FROM bronze.raw_wide ORDER BY _run_id") == [None, 8]


def test_table_is_called_in_the_warehouse_as_it_is_told(clinic: Clinic, command: Command) -> None:
    long = "every visit that any patient ever made to any of our wards"
    make(clinic, long)
    clinic.configure(with_tables({long: {"watermark": STAMP, "as": "all_visits"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    for table in ("bronze.raw_all_visits", "clinic.all_visits"):
        query = f'SELECT "The Key" FROM {table} ORDER BY 1'
        assert clinic.warehouse.column(query) == ["1", "2"]
    clinic.write(f'DELETE FROM "{long}"')
    clinic.warehouse.call("etl.reconcile('all_visits')")
    assert clinic.warehouse.value("SELECT count(*) FROM bronze.raw_all_visits") == 4


@pytest.mark.parametrize(
    ("name", "columns", "message", "hint"),
    [
        ("e" * 42, [], "is too long a name for the warehouse; the limit is 41 bytes", "as:"),
        ("ä" * 21, [], "is too long a name for the warehouse; the limit is 41 bytes", "as:"),
        ("a\nb", [], "the name contains a line break", "as:"),
        ("_columns", [], "the warehouse has its own _columns", "as:"),
        ("_pg_class", [], "the warehouse has its own _pg_class", "as:"),
        (
            "t",
            ["_run_id"],
            "column _run_id: the name is reserved in bronze",
            "a view in production",
        ),
        (
            "t",
            ["p_run_id"],
            "column p_run_id: the name is reserved in bronze",
            "a view in production",
        ),
    ],
)
def test_name_that_cannot_be_is_refused(
    project: Path, name: str, columns: list[str], message: str, hint: str
) -> None:
    described = {column: {"type": "integer"} for column in ["k", *columns]}
    table = {"primary_key": ["k"], "columns": described}
    edit(project, "contracts/production.yaml", "tables", name, value=table)
    edit(
        project,
        "warehouse.yaml",
        "sources",
        "production",
        "tables",
        name,
        value={"as": name},
    )
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    assert f"production.{ident(name)}: " in caught.value.message.replace("\\n", "\n")
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_two_tables_of_one_name_are_refused_until_one_is_called_otherwise(project: Path) -> None:
    tables = ("sources", "production", "tables")
    edit(project, "warehouse.yaml", *tables, "orders", "as", value="customers")
    with pytest.raises(FdwarehouseError) as caught:
        render_project(project)
    assert (
        "warehouse.yaml: bronze.raw_customers would be created from public.customers of source "
        "production and from public.orders of source production" in caught.value.message
    )
    assert "as: " in (caught.value.hint or "")
