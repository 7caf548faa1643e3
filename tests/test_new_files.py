"""`fdwarehouse new` writes files that deploy, run and pass as they are; `add-table` adds a line."""

from pathlib import Path

import pytest
import yaml

from tests.command import Command
from tests.harness import Shop, Warehouse

Local = tuple[Command, Path]


@pytest.fixture
def whole(command: Command, bootstrapped_warehouse: Warehouse, project: Path) -> Local:
    """The command in a copy of the shop, with both databases, and its own unit tests."""
    command.use(bootstrapped_warehouse.environment)
    command.project(project)
    return command, project


def text(root: Path, name: str) -> str:
    return (root / name).read_text()


def test_what_new_writes_deploys_runs_and_passes(
    whole: Local, shop: Shop, bootstrapped_warehouse: Warehouse
) -> None:
    command, root = whole
    for path in (*(root / "sql/gold").iterdir(), *(root / "sql/checks").iterdir()):
        path.unlink()
    (root / "sql/silver/clean_orders.sql").unlink()
    for path in (root / "sql/tests").iterdir():
        path.unlink()
    commands = (
        ("model", "silver.clean_orders"),
        ("model", "gold.fact_x", "--from", "silver.clean_orders"),
        ("model", "gold.dim_customers", "--from", "silver.clean_customers"),
        ("model", "gold.on_top", "--from", "gold.fact_x"),
        ("check", "orders_are_whole", "--from", "silver.clean_orders"),
        ("check", "facts_are_whole", "--from", "gold.fact_x"),
        ("test", "gold.fact_x"),
        ("test", "gold.dim_customers"),
        ("test", "a_product_is_cleaned", "--from", "silver.clean_products"),
        ("test", "gold.on_top"),
    )
    for arguments in commands:
        assert command("new", *arguments).out.startswith("wrote sql/"), arguments
    said = command.works("test")
    assert "4 unit tests passed" in said
    shop.execute(
        "INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'A')",
        "INSERT INTO orders (customer_id, status) VALUES (1, 'pending'), (1, 'shipped')",
    )
    command.works("deploy")
    assert "5 checks passed" in command.works("run")
    orders = shop.rows("SELECT order_id, customer_id, status::text FROM orders ORDER BY 1")
    for table in ("gold.fact_x", "gold.on_top"):
        found = f"SELECT order_id, customer_id, status::text FROM {table} ORDER BY 1"
        assert bootstrapped_warehouse.rows(found) == orders
    shop.execute("UPDATE customers SET full_name = 'B', updated_at = clock_timestamp()")
    command.works("run")
    versions = "SELECT full_name FROM gold.dim_customers WHERE customer_id = 1 ORDER BY valid_from"
    assert bootstrapped_warehouse.column(versions) == ["A", "B"]


def test_a_test_of_a_table_has_a_row_of_each_table_that_it_reads(whole: Local) -> None:
    command, root = whole
    for path in (root / "sql/tests").iterdir():
        path.unlink()
    for model in ("gold.fact_sales", "gold.daily_sales", "silver.clean_orders"):
        command("new", "test", model)
    written = yaml.safe_load(text(root, "sql/tests/daily_sales.yaml"))
    assert [*written["given"]] == ["gold.dim_date", "gold.fact_sales"]
    assert written["given"]["gold.fact_sales"][0]["order_item_id"] == 1
    assert written["expect"] != []
    silver = yaml.safe_load(text(root, "sql/tests/clean_orders.yaml"))
    assert silver["given"]["bronze.raw_orders"][0]["status"] == "pending"  # an accepted value
    assert silver["expect"][0]["status"] == "pending"
    assert "3 unit tests passed" in command.works("test")


def test_a_new_model_has_the_columns_of_the_table_that_it_reads(whole: Local) -> None:
    command, root = whole
    command("new", "model", "gold.fact_orders", "--from", "silver.clean_orders")
    assert text(root, "sql/gold/fact_orders.sql") == (
        "/*\n"
        "description: Rows of silver.clean_orders.\n"
        "grain: one row of silver.clean_orders\n"
        "key: [order_id]\n"
        "*/\n"
        "SELECT\n"
        "    order_id,\n"
        "    customer_id,\n"
        "    order_date,\n"
        "    status,\n"
        "    created_at,\n"
        "    updated_at\n"
        "FROM silver.clean_orders\n"
        "WHERE NOT is_deleted\n"
    )


def test_an_existing_file_is_not_replaced(whole: Local) -> None:
    command, root = whole
    before = text(root, "sql/gold/fact_sales.sql")
    for arguments in (
        ("model", "gold.fact_sales", "--from", "silver.clean_orders"),
        ("check", "freshness", "--from", "silver.clean_orders"),
        ("test", "a_cancelled_order_is_no_revenue", "--from", "gold.daily_sales"),
    ):
        assert "exists" in command.fails(2, "new", *arguments)
    assert text(root, "sql/gold/fact_sales.sql") == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("model", "gold.x"), "Name the table to read with --from: gold."),
        (("model", "gold.x", "--from", "silver.nothing"), "no table silver.nothing"),
        (("model", "silver.clean_nothing"), "must read a table of bronze"),
        (("check", "x"), "Name the table to read with --from"),
        (("test", "gold.nothing"), "no table or view gold.nothing"),
    ],
)
def test_what_cannot_be_written_says_what_can(
    whole: Local, arguments: tuple[str, ...], words: str
) -> None:
    command, root = whole
    before = sorted(path for path in (root / "sql").rglob("*"))
    assert words in command.fails(2, "new", *arguments)
    assert sorted(path for path in (root / "sql").rglob("*")) == before


@pytest.mark.parametrize("name", ["bronze.x", "gold.X", "gold.a.b", "../x"])
def test_names_that_are_none_are_wrong_usage(whole: Local, name: str) -> None:
    command, _ = whole
    assert command("new", "model", name).exit_code == 2
    assert command("new", "check", name).exit_code == 2


def test_add_table_adds_one_table_with_its_reason_and_keeps_every_other_byte(
    whole: Local, shop: Shop, bootstrapped_warehouse: Warehouse
) -> None:
    command, root = whole
    shop.execute(
        "CREATE TABLE invoices (id int PRIMARY KEY, updated_at timestamptz NOT NULL)",
        "CREATE TABLE others (id int PRIMARY KEY)",
        "INSERT INTO invoices VALUES (7, now())",
        "GRANT SELECT ON invoices, others TO warehouse_reader",
    )
    before = text(root, "warehouse.yaml")
    said = command.works("add-table", "production.invoices")
    assert "1 table by watermark" in said
    lines = text(root, "warehouse.yaml").splitlines()
    added = [line for line in lines if line not in before.splitlines()]
    reason, line = added
    assert reason.startswith("      # primary key; nothing in the database sets updated_at on")
    assert line == "      invoices: {watermark: updated_at}"
    assert [line for line in lines if line not in added] == before.splitlines()
    for arguments in (("contract",), ("new", "model", "silver.invoices"), ("deploy",), ("run",)):
        command(*arguments)
    assert bootstrapped_warehouse.column("SELECT id FROM silver.invoices") == [7]
    assert "has production.invoices already" in command.fails(2, "add-table", "production.invoices")
    assert "has no table nothing" in command.fails(2, "add-table", "production.nothing")
    assert "It has others" in command.fails(2, "add-table", "production.nothing")
    assert "is not a table of a source" in command.fails(2, "add-table", "invoices")


def test_add_table_names_a_table_of_another_schema(whole: Local, shop: Shop) -> None:
    command, root = whole
    shop.execute(
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.orders (id int PRIMARY KEY)",
        "GRANT USAGE ON SCHEMA sales TO warehouse_reader",
        "GRANT SELECT ON sales.orders TO warehouse_reader",
    )
    command.works("add-table", "production.sales.orders")
    tables = yaml.safe_load(text(root, "warehouse.yaml"))["sources"]["production"]["tables"]
    assert tables["sales.orders"] == {"mode": "snapshot"}
    assert len(tables) == 5


def test_add_table_says_why_a_table_cannot_be_read(whole: Local, shop: Shop) -> None:
    command, root = whole
    shop.execute("CREATE TABLE hidden (id int PRIMARY KEY)")
    shop.execute("REVOKE ALL ON hidden FROM warehouse_reader")
    before = text(root, "warehouse.yaml")
    said = command.fails(2, "add-table", "production.hidden")
    assert "production.hidden cannot be added: the reader may not read it" in said
    assert text(root, "warehouse.yaml") == before
