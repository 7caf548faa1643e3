"""How long superseded versions are kept can differ from table to table."""

from collections.abc import Callable
from pathlib import Path

import yaml

from tests.harness import Shop, Warehouse, failing
from tests.test_retention import reprice, repricing, versions

__all__ = ["reprice", "repricing"]  # fixtures


def test_each_table_has_its_retention(
    shop: Shop, warehouse: Warehouse, project: Path, reprice: Callable[[int], None]
) -> None:
    with failing("22023", "nothing says how long history is kept"):
        warehouse.call("etl.prune_bronze()", role="owner")
    config = yaml.safe_load((project / "warehouse.yaml").read_text())
    tables = config["sources"]["production"]["tables"]
    tables["products"]["retention"] = "2 years"
    (project / "warehouse.yaml").write_text(yaml.safe_dump(config))
    warehouse.deploy(project)
    warehouse.lift_rules("products")
    shop.execute("UPDATE customers SET full_name = 'Bo'")
    reprice(6)
    warehouse.call("etl.prune_bronze()", role="owner")
    assert len(versions(warehouse, "products", "price")) == 2, "not old enough"
    for table in ("products", "customers"):
        warehouse.execute(
            f"UPDATE bronze.raw_{table} SET _extracted_at = now() - interval '3 years'"
        )
    warehouse.call("etl.prune_bronze()", role="owner")
    assert versions(warehouse, "products", "price") == [(6, False)]
    assert len(versions(warehouse, "customers", "full_name")) == 2, "it has no retention"
    with failing("22023", "nothing says how long bronze.raw_customers is kept"):
        warehouse.call("etl.prune_bronze(NULL, 'customers')", role="owner")
