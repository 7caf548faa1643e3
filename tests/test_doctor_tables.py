"""`fdwarehouse doctor` finds what is wrong or slow with the tables of production."""

from pathlib import Path

from tests.command import Command
from tests.diagnosis import doctor, one, troubles
from tests.harness import Warehouse
from tests.place import Place


def test_a_table_that_the_reader_may_not_read_is_found_on_both_ways(
    command: Command, patient: Warehouse
) -> None:
    patient.shop.execute("REVOKE SELECT ON orders FROM warehouse_reader")
    found = doctor(command)
    (rights,) = found["production.orders rights"]
    assert rights.state == "error"
    assert "`fdwarehouse bootstrap --side production`" in rights.hint
    (read,) = found["production.orders read"]
    assert "permission denied" in read.message
    assert found["production tables"][0].message == "3 of 4 tables have no problem"
    assert [name for name in troubles(found) if "orders" not in name] == []


def test_row_security_is_found_before_a_deploy(command: Command, patient: Warehouse) -> None:
    patient.shop.execute("ALTER TABLE customers ENABLE ROW LEVEL SECURITY")
    found = doctor(command)
    (hidden,) = found["production.customers row_security"]
    assert (hidden.state, "BYPASSRLS" in hidden.hint) == ("error", True)


def test_a_table_that_only_a_pattern_takes_is_left_out_with_a_warning(
    command: Command, patient: Warehouse, project: Path
) -> None:
    text = (project / "warehouse.yaml").read_text()
    tables = text.index("      customers:")
    (project / "warehouse.yaml").write_text(
        text[:tables] + '      "*": {watermark: updated_at}\n      "sales.*": {}\n'
    )
    command.project(project)
    patient.shop.execute(
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.secrets (id int PRIMARY KEY)",
        "CREATE TABLE sales.open (id int PRIMARY KEY)",
        "GRANT USAGE ON SCHEMA sales TO warehouse_reader",
        "GRANT SELECT ON sales.open TO warehouse_reader",
    )
    command("contract")
    found = doctor(command)
    assert troubles(found) == ["production.sales.secrets read", "production.sales.secrets rights"]
    assert found["production tables"][0].message == "5 of 6 tables have no problem"
    assert found["production contract"][0].state == "ok"


def test_only_the_columns_that_are_taken_must_be_readable(
    command: Command, patient: Warehouse, project: Path
) -> None:
    path = project / "warehouse.yaml"
    path.write_text(
        path.read_text().replace("customers: {", "customers: {exclude: [email, full_name], ", 1)
    )
    command.project(project)
    taken = "customer_id, created_at, updated_at"
    patient.shop.execute(
        "CREATE EXTENSION hstore",
        "ALTER TABLE customers ALTER email TYPE hstore USING NULL, ALTER email DROP NOT NULL",
        "REVOKE SELECT ON customers FROM warehouse_reader",
        f"GRANT SELECT ({taken}) ON customers TO warehouse_reader",
    )
    command("contract")
    assert troubles(doctor(command)) == []
    patient.shop.execute("REVOKE SELECT (created_at) ON customers FROM warehouse_reader")
    (rights,) = doctor(command)["production.customers rights"]
    assert rights.message == "the reader may not read created_at"


def test_a_missing_table_is_found(command: Command, patient: Warehouse) -> None:
    patient.shop.execute("ALTER TABLE order_items RENAME TO items")
    found = doctor(command)
    assert found["production.order_items gone"][0].state == "error"
    assert "has no table public.order_items" in found["production contract"][0].message


def test_drift_is_a_warning_and_names_the_tables(command: Command, patient: Warehouse) -> None:
    patient.shop.execute(
        "ALTER TABLE customers ADD note text", "ALTER TABLE products ALTER name TYPE varchar(99)"
    )
    drift = one(command, "production contract")
    assert (drift.state, drift.message) == (
        "warning",
        "it differs from its contract: customers, products",
    )


def test_without_a_contract_the_report_says_so(
    command: Command, patient: Warehouse, project: Path
) -> None:
    command.project(project)
    (project / "contracts/production.yaml").unlink()
    assert troubles(doctor(command)) == ["production contract"]
    (project / "contracts/production.yaml").write_text("source: [")
    found = doctor(command)["production contract"]
    assert [f.state for f in found] == ["error", "warning"]


def test_slow_tables_are_warnings(command: Command, patient: Warehouse, project: Path) -> None:
    patient.shop.execute(
        "ALTER TABLE orders SET (autovacuum_enabled = off)",
        "INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'A')",
        "INSERT INTO orders (customer_id, status) "
        "SELECT 1, 'pending' FROM generate_series(1, 20000)",
        "UPDATE pg_class SET reltuples = 9000000 WHERE oid IN ('products'::regclass, "
        "'order_items'::regclass)",
        """
        DO $$
        DECLARE v_index regclass;
        BEGIN
            FOR v_index IN SELECT indexrelid FROM pg_index
                WHERE indrelid = 'products'::regclass AND NOT indisprimary
            LOOP EXECUTE format('DROP INDEX %s', v_index); END LOOP;
        END $$
        """,
    )
    config = (project / "warehouse.yaml").read_text()
    (project / "warehouse.yaml").write_text(
        config.replace(
            "{key: order_item_id, watermark: updated_at}", "{key: order_item_id, mode: snapshot}"
        )
    )
    command.project(project)
    found = doctor(command)
    assert troubles(found) == [
        "production.order_items snapshot",
        "production.orders statistics",
        "production.products watermark",
    ]
    (watermark,) = found["production.products watermark"]
    assert "products.updated_at has no index" in watermark.message


def test_types_of_extensions_that_are_missing_here_are_found(
    command: Command, patient: Warehouse
) -> None:
    patient.shop.execute(
        "CREATE EXTENSION hstore", "ALTER TABLE products ADD tags hstore, ADD more hstore []"
    )
    types = one(command, "production types")
    assert types.state == "warning"
    assert types.message.startswith("products.more, products.tags: the types come from extension")
    patient.execute("CREATE EXTENSION hstore", role="admin")
    assert one(command, "production types").state == "ok"


def test_masks_schemas_in_names_and_columns_of_conditions_are_no_trouble(place: Place) -> None:
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, phone text, born date, pin int, is_test boolean)",
        "INSERT INTO people VALUES (1)",
        "ANALYZE people",
    )
    settings = {"mask": {"phone": "redact", "born": None}, "exclude": ["pin", "is_test"]}
    place.configure({"public.people": settings | {"where": "NOT is_test"}, "*": {}})
    place.works("bootstrap", "contract", "deploy", "run")
    found = doctor(place.command)
    assert troubles(found) == []
    assert found["production tables"][0].message == "1 of 1 tables have no problem"
    place.write("REVOKE SELECT (pin, is_test) ON people FROM warehouse_reader")
    found = doctor(place.command)
    assert "may not read is_test" in found["production.public.people rights"][0].message
