"""Bronze pruned of old history: current rows stay, and later history is unchanged."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.command import Command
from tests.harness import Row, Shop, Warehouse, failing
from tests.test_models import assert_is_as_rebuilt, sell
from tests.test_rebuild import WRITES, Day, days, forget, picture, write

HOUR = "interval '1 hour'"
LONG_AGO = "10 years"


def prune(warehouse: Warehouse, age: str = "0", table: str | None = None) -> int:
    """Prune bronze as the owner and return how many rows went."""
    tables = f", '{table}'" if table else ""
    warehouse.call(f"etl.prune_bronze('{age}'{tables})", role="owner")
    counts = warehouse.step_counts(warehouse.last_run())
    return sum(int(deleted) for _, _, _, deleted, _ in counts.values())


def versions(warehouse: Warehouse, table: str, column: str) -> list[Row]:
    """A column of each version of row 1 in bronze, and whether it is a tombstone."""
    key = f"{table.removesuffix('s')}_id"
    return warehouse.rows(
        f"SELECT {column}, _is_deleted FROM bronze.raw_{table} WHERE {key} = 1 ORDER BY _run_id"
    )


def repricing(shop: Shop, warehouse: Warehouse) -> Callable[[int], None]:
    """Sell product 1, and return what changes its price and runs."""

    def change(price: int) -> None:
        shop.execute(f"UPDATE products SET price = {price}, updated_at = clock_timestamp()")
        warehouse.run()

    sell(shop, 1)
    warehouse.lift_rules("products")
    warehouse.run()
    return change


@pytest.fixture
def reprice(shop: Shop, warehouse: Warehouse) -> Callable[[int], None]:
    return repricing(shop, warehouse)


def test_prune_after_a_first_load_that_failed(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.execute("ALTER SERVER production OPTIONS (SET port '1')")
    with failing("08001"):
        warehouse.run()
    assert prune(warehouse) == 0


def test_superseded_versions_go_and_the_latest_stays(
    warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    reprice(6)
    reprice(7)
    assert prune(warehouse, "1 hour") == 0
    assert prune(warehouse) == 2
    assert versions(warehouse, "products", "price") == [(7, False)]
    assert prune(warehouse) == 0
    assert warehouse.rows("SELECT DISTINCT status, begun_by FROM etl.runs WHERE run_id > 3") == [
        ("succeeded", "etl.prune_bronze")
    ]


def test_what_was_true_at_the_age_stays(
    warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    for price in (6, 7, 8):
        reprice(price)
    warehouse.execute(
        f"UPDATE bronze.raw_products SET _extracted_at = now() - {HOUR} * (5 - _run_id)"
    )
    assert prune(warehouse, "150 minutes") == 1
    assert versions(warehouse, "products", "price") == [(6, False), (7, False), (8, False)]


def test_one_table_is_pruned_alone(
    shop: Shop, warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    shop.execute("UPDATE customers SET full_name = 'Bo'")
    reprice(6)
    assert prune(warehouse, table="customers") == 1
    assert len(versions(warehouse, "products", "price")) == 2
    assert prune(warehouse, table="bronze.raw_products") == 1


def test_g3_next_run_is_a_rebuild_after_history_was_dropped(
    warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    history = "SELECT price, valid_from::text FROM gold.dim_products WHERE product_key > 0 ORDER BY"
    reprice(6)
    reprice(7)
    (first, second, third) = warehouse.rows(f"{history} valid_from")
    assert (first[0], second[0], third[0]) == (5, 6, 7)
    prune(warehouse)
    assert warehouse.rows(f"{history} valid_from") == [first, second, third]
    warehouse.run()
    assert warehouse.rows(f"{history} valid_from") == [(7, "-infinity")]
    assert_is_as_rebuilt(warehouse)


def test_run_after_a_prune_that_dropped_nothing_computes_nothing_anew(
    warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    reprice(6)
    prune(warehouse, LONG_AGO)
    warehouse.run()
    after = warehouse.column(
        "SELECT min(since_run_id) FROM etl.steps WHERE run_id = 4 AND layer = 'gold'"
    )
    assert after == [2]


def test_customer_who_left_is_still_found_by_his_orders(shop: Shop, warehouse: Warehouse) -> None:
    sell(shop, 1)
    warehouse.run()
    shop.force("UPDATE customers SET full_name = 'Bo', updated_at = now()")
    warehouse.run()
    shop.force("DELETE FROM customers")
    warehouse.reconcile()
    assert prune(warehouse) == 1
    assert versions(warehouse, "customers", "full_name") == [("Bo", False), ("Bo", True)]
    warehouse.run()
    assert_is_as_rebuilt(warehouse)
    sold_to = "SELECT full_name, is_current FROM gold.fact_sales JOIN gold.dim_customers"
    assert warehouse.rows(f"{sold_to} USING (customer_key)") == [("Bo", False)]

    sell_again = "INSERT INTO customers VALUES (1, 'c@example.com', 'Cy', now(), now())"
    shop.force(sell_again)
    warehouse.run()
    assert prune(warehouse) == 2
    assert versions(warehouse, "customers", "full_name") == [("Cy", False)]
    warehouse.run()
    assert_is_as_rebuilt(warehouse)


def test_reconciliation_finds_nothing_after_a_prune(
    shop: Shop, warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    sell(shop, 2)
    reprice(6)
    shop.force("DELETE FROM customers WHERE customer_id = 2")
    warehouse.reconcile()
    assert prune(warehouse) > 0
    hashes = warehouse.contents("etl")["etl.bucket_hashes"]
    counts = warehouse.step_counts(warehouse.reconcile())
    repaired = [row for model, row in counts.items() if model.endswith(".reconciliation")]
    assert repaired == [(0, 0, 0, 0, 0)] * 4
    assert warehouse.contents("etl")["etl.bucket_hashes"] == hashes
    warehouse.call("etl.run_pipeline(p_is_full => true)")
    counts = warehouse.step_counts(warehouse.last_run())
    assert {row[1:] for model, row in counts.items() if "bronze" in model} == {(0, 0, 0, 0)}


@settings(max_examples=8)
@given(st.lists(days, min_size=2, max_size=6), st.integers(1, 6))
def test_g3_history_since_the_age_answers_as_before(
    shop: Shop, warehouse: Warehouse, history: list[Day], begins: int
) -> None:
    for table in WRITES:
        warehouse.lift_rules(table)
        shop.execute(f"TRUNCATE {table} CASCADE")
    warehouse.execute("TRUNCATE etl.runs, etl.bucket_hashes RESTART IDENTITY CASCADE")
    forget(warehouse, "bronze", "silver", "gold")
    for changes, _ in history:
        for row in changes:
            write(shop, *row)
        warehouse.reconcile()
    for table in WRITES:  # as if a run took a day
        warehouse.execute(
            f"UPDATE bronze.raw_{table} SET _extracted_at = now() - "
            f"interval '1 day' * ({len(history)} - _run_id)"
        )
    warehouse.call("etl.rebuild()")

    since = f"(now() - interval '1 day' * ({len(history) - begins} + 0.5))::timestamp"
    query = " UNION ALL ".join(
        f"""
        SELECT
            '{key}',
            {key},
            {value}::text,
            greatest(valid_from, {since})::date::text,
            valid_to::text
        FROM gold.{dimension}
        WHERE valid_to > {since} AND NOT is_inferred
        """
        for dimension, key, value in (
            ("dim_customers", "customer_id", "full_name"),
            ("dim_products", "product_id", "(category, price)"),
        )
    )
    before = sorted(warehouse.rows(query), key=str)
    prune(warehouse, f"{max(0, len(history) - begins) * 24 + 12} hours")
    warehouse.run()
    assert sorted(warehouse.rows(query), key=str) == before
    built = picture(warehouse)
    forget(warehouse, "silver", "gold")
    warehouse.call("etl.rebuild()")
    assert picture(warehouse) == built


def test_what_cannot_be_pruned_is_named_and_begins_no_run(warehouse: Warehouse) -> None:
    for arguments, code, words in (
        ("'-1 day'", "22023", "older than '-1 days'"),
        ("NULL", "22023", "nothing says how long history is kept"),
        ("'1 day', 'nothing'", "DW003", "no table 'nothing' is in bronze"),
        ("'1 day', 'clean_orders'", "DW003", "SELECT table_name FROM etl.pipeline_steps"),
    ):
        with failing(code, words):
            warehouse.call(f"etl.prune_bronze({arguments})", role="owner")
    assert warehouse.rows("SELECT * FROM etl.runs") == []


def test_prune_is_refused_during_a_run(warehouse: Warehouse) -> None:
    warehouse.call("etl.start_run()")
    with failing("DW001", "run 1 is in progress"):
        prune(warehouse)


def test_g4_prune_that_fails_drops_nothing_and_says_so(
    warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    reprice(6)
    warehouse.execute(
        """
        CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE 'not this one'; END $$
        """,
        """
        CREATE TRIGGER keep BEFORE DELETE ON bronze.raw_products
        FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()
        """,
    )
    before = warehouse.row_versions("bronze")
    with failing("P0001", "Nothing was deleted."):
        prune(warehouse)
    assert warehouse.row_versions("bronze") == before
    assert warehouse.rows(
        "SELECT status, split_part(error, E'\n', 1) FROM etl.runs WHERE run_id = 3"
    ) == [("failed", "not this one")]
    warehouse.run()


def test_g6_history_is_dropped_by_the_owner_alone(warehouse: Warehouse) -> None:
    for role in ("loader", "orchestrator", "analyst"):
        with failing("42501"):
            warehouse.call("etl.prune_bronze('0')", role=role)
    assert warehouse.rows("SELECT * FROM etl.runs") == []


def test_prune_as_typed(
    command: Command, warehouse: Warehouse, reprice: Callable[[int], None]
) -> None:
    reprice(6)
    command.use(warehouse.environment)
    said = command.works("prune", "--older-than", "0 days", "products")
    assert "bronze.raw_products: 0 read, 1 deleted" in said
    assert "Old history was deleted" in said
    assert "invalid input syntax for type interval" in command.fails(
        2, "prune", "--older-than", "yesteryear"
    )
    assert "--older-than: '90' has no unit" in command.fails(2, "prune", "--older-than", "90")
    assert "no table 'x' is in bronze" in command.fails(1, "prune", "--older-than", "1 year", "x")
    assert command("prune").exit_code == 2
