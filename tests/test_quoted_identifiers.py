"""`quote_all_identifiers` changes only how a server writes names."""

import json

import pytest

from tests.command import Command
from tests.harness import Warehouse


@pytest.mark.parametrize("sides", [("warehouse",), ("production",), ("warehouse", "production")])
def test_servers_that_quote_every_name_are_served(
    command: Command, bootstrapped_warehouse: Warehouse, sides: tuple[str, ...]
) -> None:
    warehouse, shop = bootstrapped_warehouse, bootstrapped_warehouse.shop
    plain = {"warehouse": warehouse.name, "production": shop.name}
    for side, database in (("warehouse", warehouse), ("production", shop)):
        if side in sides:
            database.execute(
                f"ALTER DATABASE {plain[side]} SET quote_all_identifiers = on", role="admin"
            )
            database.close()
    assert (warehouse.value("SHOW quote_all_identifiers") == "on") == ("warehouse" in sides)
    shop.execute(
        "INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'Ana'), ('b@b.c', 'Bo')"
    )
    command.use(warehouse.environment)
    assert "contracts/production.yaml is up to date." in command.works("contract")
    command.works("deploy")
    assert command.works("deploy") == "Nothing to change.\n"
    command.works("run")
    shop.execute("DELETE FROM customers WHERE full_name = 'Bo'")
    for name in ("customers", "raw_orders", "bronze.raw_orders"):
        warehouse.call(f"etl.reconcile('{name}')")
    warehouse.call("gold.build_dim_customers()")
    warehouse.call("etl.prune_bronze('1 day', 'customers')", role="owner")
    command.works("rebuild")
    command.works("check")
    live = "SELECT full_name FROM silver.clean_customers WHERE NOT is_deleted"
    assert warehouse.column(live) == ["Ana"]
    described = json.loads(command.works("status", "--json"))
    tables = [table["table"] for table in described["tables"]]
    assert "bronze.raw_customers" in tables
    assert not [table for table in tables if '"' in table]
    assert [source["drift"] for source in described["sources"]] == [[]]
