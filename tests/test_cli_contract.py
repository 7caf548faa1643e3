"""`fdwarehouse contract`: the schema of production, read through the warehouse."""

from pathlib import Path

from fdwarehouse.project.contract import Column, Contract, Table, dump_contract, load_contract
from tests.command import Command
from tests.harness import ROOT, Warehouse


def test_the_contract_of_the_repository_is_what_the_command_writes(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    assert command.works("contract", "--check") == "contracts/production.yaml is up to date.\n"
    (project / "contracts" / "production.yaml").unlink()
    command.works("contract")
    written = (project / "contracts" / "production.yaml").read_text()
    assert written == (ROOT / "contracts" / "production.yaml").read_text()


def test_contract_shows_what_has_changed(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    path = project / "contracts" / "production.yaml"
    before = path.read_text()
    bootstrapped_warehouse.shop.execute(
        "ALTER TABLE customers ADD COLUMN phone text",
        "ALTER TABLE orders ALTER COLUMN status DROP NOT NULL",
    )
    said = command("contract", "--check")
    assert said.exit_code == 1
    assert "+      phone: {type: 'text'}" in said.out
    assert "-      status: {type: 'character varying(50)', not_null: true, comment: " in said.out
    assert "production differs from the contract" in said.err
    assert path.read_text() == before

    told = command.works("contract")
    assert told.startswith(said.out)
    contract = load_contract(project, "production")
    assert contract.tables["customers"].columns["phone"] == Column(type="text")
    assert not contract.tables["orders"].columns["status"].not_null
    assert "up to date" in command.works("contract")


def test_contract_maps_types_that_the_warehouse_does_not_know(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    bootstrapped_warehouse.shop.execute(
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE DOMAIN cents AS numeric(12, 2) CHECK (value >= 0)",
        "CREATE DOMAIN price AS cents NOT NULL",
        "CREATE TYPE place AS (x integer, y integer)",
        "CREATE SCHEMA elsewhere CREATE TABLE customers (wrong integer PRIMARY KEY)",
        """
        CREATE TABLE "Odd Table" (
            "on" timestamp(3) NOT NULL, "Key: b" varchar(5), a bigint, m mood, ms mood[], p price,
            ns numeric(5, 1)[], l place, t regclass, j jsonb, gone integer, i interval(2),
            PRIMARY KEY ("Key: b", a)
        )
        """,
        'ALTER TABLE "Odd Table" DROP COLUMN gone',
        'GRANT SELECT ON "Odd Table" TO warehouse_reader',
    )
    odd_table = '      "Odd Table": {mode: snapshot}\n'
    config = project / "warehouse.yaml"
    config.write_text(config.read_text().replace("    tables:\n", "    tables:\n" + odd_table))
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    command.works("contract")
    contract = load_contract(project, "production")
    assert list(contract.tables) == ["Odd Table", "customers", "products", "orders", "order_items"]
    table = contract.tables["Odd Table"]
    assert table.primary_key == ["Key: b", "a"]
    assert {name: column.type for name, column in table.columns.items()} == {
        "on": "timestamp(3) without time zone",
        "Key: b": "character varying(5)",
        "a": "bigint",
        "m": "text",
        "ms": "text",
        "p": "numeric(12,2)",
        "ns": "numeric(5,1)[]",
        "l": "text",
        "t": "text",
        "j": "jsonb",
        "i": "interval(2)",
    }
    assert [n for n, column in table.columns.items() if column.not_null] == ["on", "Key: b", "a"]


def test_contract_leaves_nothing_behind_in_the_warehouse(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    everything = """
        SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
        UNION ALL SELECT srvname FROM pg_foreign_server ORDER BY 1
    """
    before = bootstrapped_warehouse.rows(everything)
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    command.works("contract")
    assert bootstrapped_warehouse.rows(everything) == before


def test_contract_names_the_table_that_production_lacks(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    bootstrapped_warehouse.shop.execute("DROP TABLE order_items")
    command.use(bootstrapped_warehouse.environment)
    assert "production has no table public.order_items" in command.fails(2, "contract")


def test_contract_names_the_table_that_the_reader_may_not_read(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    command.use(bootstrapped_warehouse.environment)
    for change_of_rights in (
        "REVOKE SELECT ON orders FROM warehouse_reader",
        "GRANT SELECT (order_id, status) ON orders TO warehouse_reader",
    ):
        bootstrapped_warehouse.shop.execute(change_of_rights)
        said = command.fails(2, "contract")
        assert "does not allow its reader to read public.orders: permission denied" in said
        assert "`fdwarehouse bootstrap --side production`" in said


def test_contract_tells_that_production_is_down(
    command: Command, bootstrapped_warehouse: Warehouse
) -> None:
    command.secrets.add("pa55word")
    nowhere = "postgresql://warehouse_reader:pa55word@127.0.0.1:1/x"
    command.use(bootstrapped_warehouse.environment | {"PRODUCTION_URL": nowhere})
    said = command.fails(2, "contract")
    assert "source production cannot be read" in said
    assert "port 1 failed" in said


def test_a_written_contract_is_read_as_it_was(project: Path) -> None:
    names = ["a", "on", "null", "1st", "it's", "Key: b", "täglich", "new\nline", "# no", "a.b", "y"]
    columns = {name: Column(type="numeric(10,2)", not_null=name == "a") for name in names}
    contract = Contract(
        source="production",
        server_version=15,
        time_zone="America/Argentina/Buenos_Aires",
        tables={name: Table(primary_key=names[:2], columns=columns) for name in names},
    )
    (project / "contracts" / "production.yaml").write_text(
        dump_contract(contract), encoding="utf-8"
    )
    assert load_contract(project, "production") == contract


def test_contract_tells_every_problem_at_once_and_accepts_nothing_that_a_deploy_refuses(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path
) -> None:
    command.project(project)
    command.use(bootstrapped_warehouse.environment)
    path = project / "contracts" / "production.yaml"
    before = path.read_text()
    bootstrapped_warehouse.shop.execute(
        "REVOKE SELECT ON orders FROM warehouse_reader",
        "ALTER TABLE products ALTER updated_at TYPE text",
        "CREATE FUNCTION fails() RETURNS int LANGUAGE sql AS 'SELECT 1 / 0'",
        "CREATE VIEW broken AS SELECT fails() AS id",
        "CREATE VIEW keyless AS SELECT 1 AS id, now() AS at, 1 AS _run_id",
        "GRANT SELECT ON broken, keyless TO warehouse_reader",
    )
    config = project / "warehouse.yaml"
    added = "      broken: {key: id}\n      keyless: {watermark: at}\n      gone: {key: id}\n"
    config.write_text(config.read_text().replace("    tables:\n", "    tables:\n" + added))
    said = command.fails(2, "contract", "--check")
    assert said.count("gone") == 1
    for problem in (
        "source production has no table public.gone",
        "does not allow its reader to read public.orders",
        "public.broken of source production cannot be read: division by zero",
        "production.products: watermark updated_at is of type text, not a time",
        "production.keyless: it has no primary key",
        "production.keyless: column _run_id: the name is reserved in bronze",
    ):
        assert problem in said
    assert path.read_text() == before
