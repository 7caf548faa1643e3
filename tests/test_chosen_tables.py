"""Tables of several schemas in one source, named exactly or by pattern."""

import pytest

from fdwarehouse.project.contract import load_contract
from tests.place import Place

PRODUCTION = """
CREATE SCHEMA sales;
CREATE SCHEMA "human resources";
CREATE TABLE orders (id int PRIMARY KEY, note text, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE sales.orders (LIKE orders INCLUDING ALL);
CREATE TABLE sales.customers (id int PRIMARY KEY, name text);
CREATE TABLE sales.customers_archive (LIKE sales.customers INCLUDING ALL);
CREATE TABLE "human resources".people (LIKE orders INCLUDING ALL);
CREATE VIEW sales.names AS SELECT name FROM sales.customers;
CREATE TABLE sales.payments (id int, paid int, PRIMARY KEY (id, paid)) PARTITION BY LIST (paid);
CREATE TABLE sales.payments_1 PARTITION OF sales.payments FOR VALUES IN (1);
INSERT INTO orders SELECT n, 'public ' || n FROM generate_series(1, 30) AS n;
INSERT INTO sales.orders SELECT n, 'sales ' || n FROM generate_series(1, 20) AS n;
INSERT INTO sales.customers VALUES (1, 'Ana');
INSERT INTO sales.customers_archive VALUES (1, 'Ana');
INSERT INTO sales.payments VALUES (1, 1);
INSERT INTO "human resources".people VALUES (1, 'Bo');
ANALYZE;
"""
BRONZE = {
    "orders": "orders",
    "sales.orders": "sales_orders",
    "sales.customers": "clients",
    '"human resources".people': "human resources_people",
}
SEVERAL = {
    "orders": {"watermark": "updated_at"},
    "sales.orders": {"watermark": "updated_at"},
    "sales.customers": {"as": "clients"},
    "human resources.people": {"watermark": "updated_at"},
}


@pytest.fixture(autouse=True)
def _several_schemas(place: Place) -> None:
    place.write(PRODUCTION)


def test_tables_of_several_schemas_are_read_reconciled_and_watched(place: Place) -> None:
    place.configure(SEVERAL)
    place.works("bootstrap", "contract", "deploy", "run")
    contract = load_contract(place.root, "production")
    assert {name: table.schema_name for name, table in contract.tables.items()} == {
        "orders": None,
        "sales.orders": "sales",
        "sales.customers": "sales",
        "human resources.people": "human resources",
    }
    place.require_equal(BRONZE)
    place.write(
        "UPDATE orders SET note = 'p', updated_at = clock_timestamp() WHERE id = 2",
        "UPDATE sales.orders SET note = 's', updated_at = clock_timestamp() WHERE id = 3",
        "INSERT INTO sales.customers VALUES (2, 'Bea')",
    )
    place.works("run")
    place.require_equal(BRONZE)
    place.write(
        "DELETE FROM sales.orders WHERE id = 1",
        "UPDATE orders SET note = 'unstamped' WHERE id = 5",
        """UPDATE "human resources".people SET note = 'unstamped'""",
    )
    place.works("reconcile")
    place.require_equal(BRONZE)
    place.write("ALTER TABLE sales.orders DROP note", "ALTER TABLE orders ADD remark text")
    said = place.command("run")
    assert said.exit_code == 1
    assert place.warehouse.rows("SELECT subject, difference, breaks FROM etl.drift ORDER BY 1") == [
        ("orders.remark", "a new column, which is not read", None),
        ("sales.orders.note", "the column is gone", "bronze.raw_sales_orders"),
    ]


def test_first_load_of_equal_names_in_two_schemas_is_divided_by_the_statistics_of_each(
    place: Place,
) -> None:
    place.write(
        "INSERT INTO sales.orders SELECT n, 'x' FROM generate_series(1000, 3000) AS n", "ANALYZE"
    )
    place.configure(SEVERAL)
    place.works("bootstrap", "contract", "deploy", "backfill --chunk-rows 500", "run")
    chunks = "SELECT model, count(*) FROM etl.chunks GROUP BY 1 ORDER BY 1"
    assert place.warehouse.rows(chunks) == [
        ('bronze."raw_human resources_people"', 1),
        ("bronze.raw_orders", 1),
        ("bronze.raw_sales_orders", 4),
    ]
    place.require_equal(BRONZE)


def test_reader_may_read_what_owners_of_tables_create_later_in_each_schema(place: Place) -> None:
    place.write(
        "DROP ROLE IF EXISTS app_of_several",
        "CREATE ROLE app_of_several",
        "GRANT CREATE, USAGE ON SCHEMA sales TO app_of_several",
        "ALTER TABLE sales.customers OWNER TO app_of_several",
    )
    try:
        place.configure(SEVERAL)
        place.works("bootstrap")
        place.write("SET ROLE app_of_several", "CREATE TABLE sales.later (id int)")
        may = "SELECT has_table_privilege('warehouse_reader', 'sales.later', 'SELECT')"
        assert place.shop.value(may) is True
    finally:
        place.write("DROP OWNED BY app_of_several CASCADE", "DROP ROLE app_of_several")


def test_one_table_named_twice_is_refused(place: Place) -> None:
    place.configure({"orders": {}, "public.orders": {}, "sales.custmers": {}})
    place.works("bootstrap")
    said = place.command("contract")
    assert said.exit_code == 2
    assert "public.orders and orders of source production are the same table" in said.err
    assert "source production has no table sales.custmers; sales.customers?" in said.err


def test_pattern_takes_what_no_name_claims_and_nothing_is_excluded(place: Place) -> None:
    place.configure(
        {
            "sales.customers": {"as": "clients"},
            "sales.*": {"watermark": "updated_at"},
            "human*.pe?ple": {"watermark": "updated_at", "reconcile": {"every": "6 hours"}},
            "*": {"fetch_size": 7},
        },
        exclude=["*_archive"],
    )
    place.works("bootstrap", "contract", "deploy", "run")
    assert place.tables_of_contract() == {
        *("orders", "sales.orders", "sales.customers", "sales.payments", "human resources.people"),
    }
    place.require_equal(BRONZE)
    steps = "SELECT model, interval_between::text FROM etl.pipeline_steps WHERE layer = 'bronze'"
    # a pattern's watermark applies to the tables that have it; the others are snapshots
    assert {name: every for name, every in place.warehouse.rows(steps) if "reconcil" in name} == {
        "bronze.raw_sales_orders.reconciliation": "1 day",
        'bronze."raw_human resources_people".reconciliation': "06:00:00",
    }
    place.write(
        "UPDATE sales.customers SET name = 'Bea'",
        "UPDATE sales.orders SET note = 's', updated_at = clock_timestamp() WHERE id = 3",
        "UPDATE orders SET note = 'unstamped' WHERE id = 1",
    )
    place.works("run")
    place.require_equal(BRONZE)


def test_tables_that_appear_later_are_drift_until_the_next_contract(place: Place) -> None:
    place.configure({"*": {}, "sales.*": {}}, exclude=["*_archive", "sales.names"])
    place.works("bootstrap", "contract", "deploy", "run")
    place.write(
        "CREATE TABLE later (id int PRIMARY KEY)",
        "CREATE TABLE sales.later (id int PRIMARY KEY)",
        "CREATE TABLE sales.later_archive (id int PRIMARY KEY)",
        """CREATE TABLE "human resources".later (id int PRIMARY KEY)""",
        "CREATE VIEW later_view AS SELECT 1",
        "CREATE TABLE sales.payments_2 PARTITION OF sales.payments FOR VALUES IN (2)",
        "INSERT INTO later VALUES (1)",
        "INSERT INTO sales.later VALUES (2)",
    )
    place.works("run")
    drift = "SELECT subject, difference, breaks FROM etl.drift ORDER BY 1"
    assert place.warehouse.rows(drift) == [
        ("later", "a new table, which is not read", None),
        ("sales.later", "a new table, which is not read", None),
    ]
    messages = place.warehouse.column("SELECT message FROM etl.problems WHERE kind = 'drift'")
    assert [message.partition(".")[2] for message in sorted(messages)] == [
        "later: a new table, which is not read.",
        "sales.later: a new table, which is not read.",
    ]
    place.works("contract", "deploy", "run")
    assert place.warehouse.rows(drift) == []
    place.require_equal({"later": "later", "sales.later": "sales_later"})


def test_one_star_takes_all_tables_of_the_schema(place: Place) -> None:
    place.configure("*", schema="sales")
    place.works("bootstrap", "contract", "deploy", "run")
    assert place.tables_of_contract() == {"orders", "customers", "customers_archive", "payments"}
    place.require_equal({"sales.orders": "orders", "sales.customers": "customers"})


def test_table_that_a_pattern_matches_and_that_cannot_be_read_is_left_out(place: Place) -> None:
    place.write("CREATE TABLE strange (id int PRIMARY KEY, _run_id int)")
    place.configure("*")
    place.works("bootstrap")
    place.write(
        "CREATE TABLE secret (id int PRIMARY KEY)", "REVOKE ALL ON secret FROM warehouse_reader"
    )
    said = place.command("contract")
    assert said.exit_code == 0
    assert "production.secret is left out: source production does not allow its reader" in said.err
    assert "production.strange is left out: column _run_id: the name is reserved" in said.err
    assert "Leave it out with exclude: [_run_id], or read a view" in said.err
    place.configure({"*": {"exclude": ["_run_id"]}})
    assert "strange" not in place.command("contract").err
    assert place.tables_of_contract() == {"orders", "strange"}
    place.works("deploy", "run")
    place.configure("*")
    place.command("contract")
    assert place.tables_of_contract() == {"orders"}
    place.works("deploy", "run")


def test_a_table_with_a_dot_in_its_name_and_one_of_a_schema_are_not_mistaken(place: Place) -> None:
    place.write('CREATE TABLE "sales.orders" (id int PRIMARY KEY)')
    by_pattern: dict[str, object] = {"*": {}, "sales.*": {}}
    named: dict[str, object] = {"sales.orders": {}, "sales.*": {}}
    for tables in (named, by_pattern):
        place.configure(tables)
        place.works("bootstrap")
        said = place.command("contract")
        assert said.exit_code == 2
        assert 'public."sales.orders" and sales.orders are both called sales.orders in' in said.err
        assert "exclude: [sales.orders]" in said.err
    place.configure(by_pattern, exclude=["sales.orders"])
    place.works("contract")
    assert load_contract(place.root, "production").tables["sales.orders"].schema_name is None
    assert "sales.customers" in place.tables_of_contract()


def test_tables_that_would_have_one_name_in_the_warehouse_are_named_as_in_production(
    place: Place,
) -> None:
    place.write("CREATE TABLE sales_orders (id int PRIMARY KEY)")
    place.configure({"sales.orders": {}, "*": {}})
    place.works("bootstrap")
    said = place.command("contract")
    assert said.exit_code == 2
    assert "bronze.raw_sales_orders would be created from sales.orders of source prod" in said.err
    assert "and from public.sales_orders of source production" in said.err
    place.configure({"sales.orders": {"as": "orders_of_sales"}, "*": {}})
    place.works("contract")


def test_patterns_that_match_nothing_are_refused(place: Place) -> None:
    place.configure({"none_*": {}})
    place.works("bootstrap")
    said = place.command("contract")
    assert said.exit_code == 2
    assert "no table of production matches warehouse.yaml" in said.err


def test_table_whose_pattern_is_gone_needs_a_new_contract(place: Place) -> None:
    place.configure("*", schema="sales")
    place.works("bootstrap", "contract")
    place.configure("*", schema="sales", exclude=["pay*"])
    said = place.command("render")
    assert said.exit_code == 2
    assert "contracts/production.yaml: warehouse.yaml has no table payments" in said.err
    assert "fdwarehouse contract" in said.err
