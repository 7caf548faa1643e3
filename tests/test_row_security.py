"""G1: rows that the reader may not see are an error (DW019), never a deletion."""

from collections.abc import Callable, Iterator

import pytest

from tests.command import Command
from tests.harness import Shop, Warehouse, failing

HIDING = [
    "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
    # a policy that shows everything today may hide something tomorrow
    """
    ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everything ON orders FOR SELECT TO PUBLIC USING (true);
    """,
    """
    ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    CREATE POLICY half ON orders TO warehouse_reader USING (order_id % 2 = 0);
    """,
    # the session's own setting comes first
    """
    ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
    ALTER ROLE warehouse_reader SET row_security = on;
    """,
]
VIEWS = {
    "of the reader's rights": """
        ALTER TABLE orders RENAME TO kept_orders;
        CREATE VIEW orders WITH (security_invoker = true) AS SELECT * FROM kept_orders;
        ALTER TABLE kept_orders ENABLE ROW LEVEL SECURITY;
    """,
    "of a role that is not the table's owner": """
        ALTER TABLE orders RENAME TO kept_orders;
        GRANT SELECT ON kept_orders TO seller;
        CREATE VIEW orders AS SELECT * FROM kept_orders;
        ALTER VIEW orders OWNER TO seller;
        ALTER TABLE kept_orders ENABLE ROW LEVEL SECURITY;
    """,
    "of an owner who is not exempt either": """
        ALTER TABLE orders RENAME TO kept_orders;
        CREATE VIEW orders AS SELECT * FROM kept_orders;
        ALTER TABLE kept_orders OWNER TO holder;
        ALTER VIEW orders OWNER TO holder;
        ALTER TABLE kept_orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    """,
}


@pytest.fixture
def built(seeded_warehouse: Warehouse) -> Warehouse:
    seeded_warehouse.run()
    return seeded_warehouse


@pytest.fixture(autouse=True)
def _roles_as_before(seeded_shop: Shop) -> Iterator[None]:
    """Roles belong to the whole server: restore the reader, and revoke privileges of others."""
    for role in ("seller", "holder"):
        if not seeded_shop.rows("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]):
            seeded_shop.execute(f"CREATE ROLE {role}")
        seeded_shop.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    yield
    seeded_shop.execute(
        "ALTER ROLE warehouse_reader RESET row_security",
        "ALTER ROLE warehouse_reader NOBYPASSRLS",
        "DROP OWNED BY seller, holder CASCADE",
    )


CALLS: dict[str, Callable[[Warehouse], object]] = {
    "run": lambda warehouse: warehouse.run(),
    "full run": lambda warehouse: warehouse.call("etl.run_pipeline(true)"),
    "one table": lambda warehouse: warehouse.call("bronze.load_raw_orders()"),
    "reconciliation": lambda warehouse: warehouse.reconcile(),
    "reconciliation of one": lambda warehouse: warehouse.call("etl.reconcile('orders')"),
}


@pytest.mark.parametrize(
    ("hiding", "how"),
    [*((HIDING[0], how) for how in CALLS), *((h, "reconciliation") for h in HIDING[1:])],
)
def test_g1_hidden_rows_are_an_error_and_nothing_changes(
    built: Warehouse, hiding: str, how: str
) -> None:
    before = built.dump("bronze", "silver", "gold")
    built.shop.execute(hiding)
    with failing("DW019", "row security of source production would hide rows of") as caught:
        CALLS[how](built)
    assert "bronze.raw_orders" in str(caught.value.diag.message_primary)
    assert "BYPASSRLS" in str(caught.value.diag.message_hint)
    assert built.dump("bronze", "silver", "gold") == before


@pytest.mark.parametrize("view", VIEWS)
def test_g1_rows_hidden_behind_a_view_are_an_error(built: Warehouse, view: str) -> None:
    built.execute("DELETE FROM etl.source_columns WHERE table_name = 'orders'")
    built.shop.execute(VIEWS[view], "GRANT SELECT ON orders TO warehouse_reader")
    before = built.dump("bronze", "silver", "gold")
    with failing("DW019", "kept_orders"):
        built.reconcile()
    assert built.dump("bronze", "silver", "gold") == before


def test_g1_a_reader_that_is_exempt_sees_all_rows(built: Warehouse) -> None:
    before = built.dump("silver", "gold")
    built.shop.execute(
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "ALTER ROLE warehouse_reader BYPASSRLS",
    )
    built.reconcile()
    assert built.dump("silver", "gold") == before


@pytest.mark.parametrize(
    "children",
    [
        """
        CREATE TABLE parts (part bigint PRIMARY KEY, updated_at timestamptz NOT NULL)
        PARTITION BY RANGE (part);
        CREATE TABLE low_parts PARTITION OF parts FOR VALUES FROM (0) TO (10);
        ALTER TABLE low_parts ENABLE ROW LEVEL SECURITY;
        """,
        """
        CREATE TABLE parts (part bigint PRIMARY KEY, updated_at timestamptz NOT NULL);
        CREATE TABLE low_parts () INHERITS (parts);
        ALTER TABLE low_parts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        """,
    ],
)
def test_g1_policies_of_children_hide_nothing_from_who_reads_the_parent(
    seeded_shop: Shop, children: str
) -> None:
    seeded_shop.execute(
        children,
        "INSERT INTO low_parts (part, updated_at) VALUES (1, now()), (2, now())",
        "GRANT SELECT ON parts, low_parts TO warehouse_reader",
    )
    reader = seeded_shop.connect("reader", autocommit=True)
    reader.execute("SET row_security = off")
    assert reader.execute("SELECT part FROM parts ORDER BY 1").fetchall() == [(1,), (2,)]


@pytest.mark.parametrize("hiding", HIDING[:3])
def test_g1_contract_and_deploy_see_hidden_rows(
    command: Command, bootstrapped_warehouse: Warehouse, hiding: str
) -> None:
    command.use(bootstrapped_warehouse.environment)
    bootstrapped_warehouse.shop.execute(hiding)
    for arguments in (("contract", "--check"), ("deploy",)):
        said = command(*arguments)
        assert said.exit_code > 0
        assert "row security of source production would hide rows of" in said.err
        assert "ALTER ROLE warehouse_reader BYPASSRLS" in said.err
    assert not bootstrapped_warehouse.value("SELECT to_regclass('gold.fact_sales') IS NOT NULL")


def test_g1_backfill_sees_hidden_rows_in_any_chunk(seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.shop.execute("ANALYZE", HIDING[0])
    with failing("DW019", "bronze.raw_orders"):
        seeded_warehouse.call("etl.backfill(100)")
    assert seeded_warehouse.value("SELECT count(*) FROM bronze.raw_orders") == 0
    seeded_warehouse.shop.execute("ALTER TABLE orders DISABLE ROW LEVEL SECURITY")
    seeded_warehouse.call("etl.backfill(100)")
    assert seeded_warehouse.value("SELECT count(*) FROM bronze.raw_orders") == 400
