"""G1 complete: no row of production is lost on its way to bronze, whenever it commits."""

import psycopg
import pytest

from tests.harness import Row, Shop, Warehouse, fence_alone, wait_until
from tests.test_resumption import run_until_killed, terminate_backend

TABLES = ("customers", "products", "orders", "order_items")


@pytest.fixture(autouse=True)
def no_overlap(warehouse: Warehouse) -> None:
    """Remove the margin behind the fence, so that only the fence finds a row."""
    warehouse.execute("UPDATE etl.sources SET overlap = '0'")


def add_customer(connection: psycopg.Connection | Shop, email: str) -> None:
    connection.execute(f"INSERT INTO customers (email, full_name) VALUES ('{email}', 'Ana')")


def set_zone(shop: Shop, warehouse: Warehouse, zone: str) -> None:
    """Change production's time zone for the sessions to come, the warehouse's too."""
    shop.execute(f"ALTER DATABASE {shop.name} SET timezone TO '{zone}'")
    warehouse.close()


def emails(warehouse: Warehouse) -> list[str]:
    return warehouse.column("SELECT email FROM bronze.raw_customers ORDER BY _run_id, email")


def live_rows(warehouse: Warehouse, table: str) -> list[Row]:
    return warehouse.rows(
        f"SELECT to_jsonb(s) - '{{is_deleted,_run_id}}'::text [] FROM silver.clean_{table} AS s "
        "WHERE NOT is_deleted ORDER BY 1"
    )


def test_g1_row_committed_after_the_fence_is_not_lost(shop: Shop, warehouse: Warehouse) -> None:
    with shop.connect() as late:
        add_customer(late, "late@example.com")  # stamped now, seen when it commits
        add_customer(shop, "early@example.com")
        first = warehouse.run()
        assert emails(warehouse) == ["early@example.com"]
        held_by = warehouse.fence(first)["held_by"]
        assert f"process {late.info.backend_pid}, postgres test, idle in transaction" == held_by
    warehouse.run()
    assert emails(warehouse) == ["early@example.com", "late@example.com"]


def test_g1_fence_is_the_start_of_the_oldest_open_transaction(
    shop: Shop, warehouse: Warehouse
) -> None:
    with shop.connect() as first, shop.connect() as second:
        started = [c.execute("SELECT now()").fetchall()[0][0] for c in (first, second)]
        assert warehouse.value("SELECT count(*) FROM production.customers") == 0
        run_id = warehouse.run()
    query = "SELECT fence, kind, fence < observed_at FROM etl.fences WHERE run_id = %s"
    assert warehouse.rows(query, [run_id]) == [(min(started), "activity", True)]


def test_g1_row_stamped_exactly_at_the_fence_is_not_lost(shop: Shop, warehouse: Warehouse) -> None:
    first = warehouse.run()
    fence = f"timestamptz '{warehouse.fence(first)['fence']}' AT TIME ZONE 'UTC'"
    shop.force(
        f"""
        INSERT INTO customers (email, full_name, created_at, updated_at)
        SELECT 'tie' || n || '@example.com', 'Ana', {fence}, {fence} FROM generate_series(1, 2) AS n
        """
    )
    warehouse.run()
    assert emails(warehouse) == ["tie1@example.com", "tie2@example.com"]


def test_g1_rows_rolled_back_never_appear(shop: Shop, warehouse: Warehouse) -> None:
    with shop.connect() as phantom:
        add_customer(phantom, "phantom@example.com")
        warehouse.run()
        phantom.rollback()
    warehouse.run()
    assert emails(warehouse) == []


def test_g1_prepared_transaction_holds_the_fence(shop: Shop, warehouse: Warehouse) -> None:
    with shop.connect() as prepared:
        # it begins after the first fence, and is in no session when the second is read
        first = warehouse.run()
        prepared.tpc_begin(prepared.xid(1, "an order of last week", "b"))
        add_customer(prepared, "prepared@example.com")
        prepared.tpc_prepare()
        second = warehouse.run()
        fence = warehouse.fence(second)
        assert fence["fence"] == warehouse.fence(first)["fence"]
        assert fence["held_by"].startswith("prepared transaction 1_")
        prepared.tpc_commit()
    warehouse.run()
    assert emails(warehouse) == ["prepared@example.com"]


def test_g1_all_tables_are_read_at_one_moment(shop: Shop, warehouse: Warehouse) -> None:
    warehouse.run()
    with warehouse.connect("admin") as holder:
        # customers and products are read before orders, which wait
        holder.execute("LOCK TABLE bronze.raw_orders IN ACCESS EXCLUSIVE MODE")
        run = warehouse.begin("etl.run_pipeline(true)")
        run.wait_until_blocked()
        shop.execute(
            """
            WITH customer AS (
                INSERT INTO customers (email, full_name)
                VALUES ('ana@example.com', 'Ana') RETURNING customer_id
            ), product AS (
                INSERT INTO products (name, category, price)
                VALUES ('Kite', 'Toys', 5) RETURNING product_id
            ), ordered AS (
                INSERT INTO orders (customer_id)
                SELECT customer_id FROM customer RETURNING order_id
            )
            INSERT INTO order_items (order_id, product_id, quantity, unit_price)
            SELECT order_id, product_id, 1, 5 FROM ordered, product
            """
        )
    run.result()
    assert {t: live_rows(warehouse, t) for t in TABLES} == {table: [] for table in TABLES}
    warehouse.run()
    for table in TABLES:
        ((key,),) = shop.rows(f"SELECT {table.removesuffix('s')}_id FROM {table}")
        ((row,),) = live_rows(warehouse, table)
        assert row[f"{table.removesuffix('s')}_id"] == key


def test_a_run_with_no_change_writes_no_row(seeded_shop: Shop, seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.execute("UPDATE etl.sources SET overlap = '10 years'")  # all is read again
    seeded_warehouse.run()
    before = seeded_warehouse.row_versions()
    written = """
        SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables
        WHERE schemaname IN ('bronze', 'silver', 'gold') ORDER BY relid
    """
    with seeded_warehouse.connect("loader", autocommit=True) as loader:
        for expected in (None, seeded_warehouse.rows(written)):
            loader.execute("CALL etl.run_pipeline()")
            loader.execute("SELECT pg_stat_force_next_flush()")
            assert expected in (None, seeded_warehouse.rows(written))
    assert seeded_warehouse.row_versions() == before
    counts = seeded_warehouse.step_counts(seeded_warehouse.last_run())
    orders = seeded_shop.value("SELECT count(*) FROM orders")
    assert counts["bronze.raw_orders"] == (orders, 0, 0, 0, 0)
    assert {row[1:] for model, row in counts.items() if model != "production.fence"} == {(0,) * 4}


def test_bronze_says_when_from_where_and_by_which_run(shop: Shop, warehouse: Warehouse) -> None:
    add_customer(shop, " Ana@Example.com")
    first = warehouse.run()
    shop.execute("UPDATE customers SET full_name = 'Ann'")
    second = warehouse.run()
    stamps = shop.rows("SELECT customer_id, created_at, updated_at FROM customers")[0]
    rows = warehouse.rows(
        """
        SELECT b.customer_id, b.email, b.full_name, b._run_id, b._source_system, b._is_deleted,
            b._extracted_at BETWEEN r.started_at AND r.finished_at
        FROM bronze.raw_customers AS b INNER JOIN etl.runs AS r ON r.run_id = b._run_id
        ORDER BY b._run_id
        """
    )
    assert rows == [
        (stamps[0], " Ana@Example.com", "Ana", first, "xyz_store_oltp", False, True),
        (stamps[0], " Ana@Example.com", "Ann", second, "xyz_store_oltp", False, True),
    ]
    assert warehouse.rows(
        "SELECT customer_id, created_at, updated_at FROM bronze.raw_customers WHERE _run_id = %s",
        [second],
    ) == [stamps]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("America/New_York", "America/New_York"),
        ("Asia/Kolkata", "Asia/Kolkata"),
        ("Asia/Tokyo", "America/New_York"),  # clocks on the wall go back by 14 hours
        ("America/New_York", "Asia/Tokyo"),
        ("<SUMMER>-2", "<WINTER>-1"),  # and by one when summer time ends
    ],
)
def test_g1_time_zone_of_production_loses_nothing(
    shop: Shop, warehouse: Warehouse, before: str, after: str
) -> None:
    late = []
    for number, zone in enumerate((before, after, after)):
        set_zone(shop, warehouse, zone)
        with shop.connect() as early:
            add_customer(early, f"early{number}@example.com")
        late.append(shop.connect())
        add_customer(late[number], f"late{number}@example.com")
        warehouse.run()
        assert f"early{number}@example.com" in emails(warehouse)
    for connection in late:
        connection.commit()
    warehouse.run()
    expected = [f"{who}{n}@example.com" for who in ("early", "late") for n in range(3)]
    assert sorted(emails(warehouse)) == expected


def test_g1_transaction_open_when_the_time_zone_changes_is_not_lost(
    shop: Shop, warehouse: Warehouse
) -> None:
    set_zone(shop, warehouse, "America/New_York")
    warehouse.run()
    late = shop.connect()
    add_customer(late, "late@example.com")
    set_zone(
        shop, warehouse, "Asia/Tokyo"
    )  # between two runs, the first of which saw no transaction
    warehouse.run()
    late.commit()
    warehouse.run()
    assert emails(warehouse) == ["late@example.com"]


def test_g1_time_zone_that_only_a_failed_run_saw_loses_nothing(
    shop: Shop, warehouse: Warehouse
) -> None:
    set_zone(shop, warehouse, "Asia/Tokyo")
    warehouse.run()
    set_zone(shop, warehouse, "America/New_York")
    with shop.connect() as early:
        add_customer(early, "early@example.com")
    run_until_killed(warehouse, "bronze.raw_customers", terminate_backend)
    set_zone(shop, warehouse, "Asia/Tokyo")
    warehouse.run()
    assert emails(warehouse) == ["early@example.com"]


def test_g1_transaction_open_when_summer_time_begins_is_not_lost(
    shop: Shop, warehouse: Warehouse
) -> None:
    # summer time begins in a second or two, and lasts 90 days
    soon = "now()::timestamp + INTERVAL '2 seconds'"
    ((day, time),) = shop.rows(f"SELECT extract(DOY FROM {soon})::int - 1, ({soon})::time(0)")
    zone = f"<WINTER>0<SUMMER>-1,{day}/{time},{(day + 90) % 365}/0"
    set_zone(shop, warehouse, zone)
    with shop.connect() as late, shop.connect(autocommit=True) as clock:
        add_customer(late, "late@example.com")
        warehouse.run()
        summer = "SELECT to_char(clock_timestamp(), 'TZ') = 'SUMMER'"
        wait_until(lambda: clock.execute(summer).fetchall() == [(True,)])
        warehouse.run()
        warehouse.run()
    warehouse.run()
    assert emails(warehouse) == ["late@example.com"]


def test_g1_clock_put_back_between_fence_and_snapshot_loses_nothing(
    shop: Shop, warehouse: Warehouse
) -> None:
    # summer time ends in a second or two, and began 90 days ago
    soon = "now()::timestamp + INTERVAL '2 seconds'"
    ((day, time),) = shop.rows(f"SELECT extract(DOY FROM {soon})::int - 1, ({soon})::time(0)")
    zone = f"<WINTER>1<SUMMER>0,{(day + 275) % 365}/0,{day}/{time}"
    set_zone(shop, warehouse, zone)
    with shop.connect(autocommit=True) as clock:
        add_customer(clock, "before@example.com")
        warehouse.run()
        with fence_alone(warehouse) as run_id:
            winter = "SELECT to_char(clock_timestamp(), 'TZ') = 'WINTER'"
            wait_until(lambda: clock.execute(winter).fetchall() == [(True,)])
            add_customer(clock, "after@example.com")
            warehouse.call(f"etl.extract_and_load_bronze({run_id})")
    assert emails(warehouse) == ["before@example.com", "after@example.com"]
