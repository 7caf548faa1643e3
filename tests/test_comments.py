"""Comments of production's tables and columns are those of the warehouse's, and stop nothing."""

from pathlib import Path

import pytest
import yaml

from tests.command import Command
from tests.harness import Shop, Warehouse

ODD = 'It\'s "odd": */ ends; nothing {here} \\ ☃\nand a second line;\n-- no comment'


@pytest.fixture
def begun(
    command: Command, bootstrapped_warehouse: Warehouse, project: Path, shop: Shop
) -> tuple[Command, Path]:
    command.use(bootstrapped_warehouse.environment)
    command.project(project)
    path = project / "warehouse.yaml"
    path.write_text(path.read_text().replace("    fence: act", "    mirror: true\n    fence: act"))
    for folder in ("gold", "checks", "tests"):
        for file in (project / "sql" / folder).iterdir():
            file.unlink()
    for name in ("clean_products", "clean_order_items"):
        (project / f"sql/silver/{name}.sql").unlink()
    shop.execute("ALTER TABLE products ADD is_deleted boolean")
    quoted = ODD.replace("'", "''")
    shop.execute(
        "COMMENT ON TABLE products IS 'What the shop sells.'",
        "COMMENT ON COLUMN products.price IS 'Without tax.'",
        f"COMMENT ON COLUMN products.name IS '{quoted}'",
        "COMMENT ON COLUMN products.is_deleted IS 'Taken from the shelf.'",
    )
    command("contract")
    return command, project


def comment(warehouse: Warehouse, table: str, column: str | None = None) -> str:
    if column is None:
        return str(warehouse.value("SELECT obj_description(%s::regclass, 'pg_class')", [table]))
    query = (
        "SELECT col_description(attrelid, attnum) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attname = %s"
    )
    return str(warehouse.value(query, [table, column]))


def test_bronze_and_the_mirror_have_the_comments_of_production(
    begun: tuple[Command, Path], bootstrapped_warehouse: Warehouse
) -> None:
    command, root = begun
    command.works("deploy")
    for table in ("bronze.raw_products", "silver.products"):
        assert comment(bootstrapped_warehouse, table, "price") == "Without tax."
        assert comment(bootstrapped_warehouse, table, "name") == ODD.replace(
            "*/", "* /" if table.startswith("silver") else "*/"
        )
        assert "What the shop sells." in comment(bootstrapped_warehouse, table)
    assert comment(bootstrapped_warehouse, "silver.products", "source_is_deleted") == (
        "Taken from the shelf."
    )
    assert "As in production.products." in comment(
        bootstrapped_warehouse, "bronze.raw_products", "category"
    )
    written = yaml.safe_load((root / "contracts/production.yaml").read_text())
    products = written["tables"]["products"]
    assert products["comment"] == "What the shop sells."
    assert products["columns"]["name"]["comment"] == ODD
    assert "comment" not in products["columns"]["category"]


def test_a_changed_comment_stops_nothing_and_computes_nothing_again(
    begun: tuple[Command, Path], bootstrapped_warehouse: Warehouse, shop: Shop
) -> None:
    command, _ = begun
    command.works("deploy")
    shop.execute("INSERT INTO products (name, category, price) VALUES ('a', 'b', 1)")
    command.works("run")
    marks = "SELECT model, run_id FROM etl.watermarks ORDER BY 1"
    before = bootstrapped_warehouse.rows(marks)
    shop.execute(
        "COMMENT ON COLUMN products.price IS 'With tax.'",
        "COMMENT ON COLUMN products.name IS E'first;\\nsecond;'",
        "COMMENT ON TABLE products IS 'Goods.'",
    )
    said = command.works("contract", "--check")
    assert "differs only in comments, which stop nothing" in said
    assert "+      price: {" in said
    assert command("doctor").exit_code == 0
    command.works("run")
    assert bootstrapped_warehouse.rows("SELECT * FROM etl.drift") == []
    command.works("contract")
    before = bootstrapped_warehouse.rows(marks)
    command.works("deploy")
    assert bootstrapped_warehouse.rows(marks) == before  # no table is computed in full
    for table in ("bronze.raw_products", "silver.products"):
        assert comment(bootstrapped_warehouse, table, "price") == "With tax."
        assert "Goods." in comment(bootstrapped_warehouse, table)


def test_a_changed_column_is_still_drift(begun: tuple[Command, Path], shop: Shop) -> None:
    command, _ = begun
    shop.execute("COMMENT ON TABLE products IS 'Goods.'", "ALTER TABLE products ADD note text")
    assert "production differs from the contract" in command("contract", "--check").err
    assert command("contract", "--check").exit_code == 1
