"""G1 complete: what each kind of fence promises, and any interleaving of transactions."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.harness import Row, Shop, Warehouse, wait_until

SESSIONS = 3

actions = st.one_of(
    st.tuples(st.just("run"), st.just(0)),
    st.tuples(
        st.sampled_from(["insert", "update", "update", "commit", "rollback", "prepare"]),
        st.integers(0, SESSIONS - 1),
    ),
)


class Writer:
    """A session of production; each has its own third of the products, so that none waits."""

    def __init__(self, shop: Shop, number: int) -> None:
        self.number = number
        self.state = "idle"
        self._connection = shop.connect(autocommit=True)

    def act(self, action: str) -> None:
        """Take one action, if it is possible now."""
        if action in ("insert", "update") and self.state != "prepared":
            if self.state == "idle":
                self._connection.execute("BEGIN")
                self.state = "open"
            self._connection.execute(
                "INSERT INTO products (name, category, price) VALUES ('Kite', 'toys', 1)"
                if action == "insert"
                else "UPDATE products SET price = price + 1 WHERE product_id % 3 = "
                + str(self.number)
            )
        elif action == "prepare" and self.state == "open":
            self._connection.execute(f"PREPARE TRANSACTION 'writer {self.number}'")
            self.state = "prepared"
        elif action in ("commit", "rollback") and self.state != "idle":
            prepared = f" PREPARED 'writer {self.number}'" if self.state == "prepared" else ""
            self._connection.execute(f"{action}{prepared}")
            self.state = "idle"

    def close(self) -> None:
        """Clean up."""
        self.act("rollback")
        self._connection.close()


@given(st.lists(st.lists(actions, max_size=6), min_size=1, max_size=4))
def test_g1_whatever_interleaves_silver_is_the_snapshot_that_was_read(
    shop: Shop, warehouse: Warehouse, rounds: list[list[tuple[str, int]]]
) -> None:
    warehouse.execute("UPDATE etl.sources SET overlap = '0'")
    columns = "product_id, name, category, price, created_at, updated_at"
    in_production = f"SELECT {columns} FROM products ORDER BY product_id"
    in_silver = (
        f"SELECT {columns} FROM silver.clean_products WHERE NOT is_deleted ORDER BY product_id"
    )
    finale = [[("commit", n) for n in range(SESSIONS)]]
    with ExitStack() as stack:
        writers = [stack.enter_context(closing(Writer(shop, n))) for n in range(SESSIONS)]
        for steps in rounds + finale:
            for action, number in [*steps, ("run", 0)]:
                if action == "run":
                    warehouse.run()
                    assert warehouse.rows(in_silver) == shop.rows(in_production)
                else:
                    writers[number].act(action)


@contextmanager
def without_right_to_see_others(shop: Shop) -> Iterator[None]:
    shop.execute("REVOKE SELECT ON fdwarehouse.fence FROM warehouse_reader")
    try:
        yield
    finally:
        shop.execute("GRANT SELECT ON fdwarehouse.fence TO warehouse_reader")


def fence_and_margin(warehouse: Warehouse) -> Row:
    query = "SELECT kind, (observed_at - fence)::text, held_by FROM etl.fences WHERE run_id = %s"
    (row,) = warehouse.rows(query, [warehouse.run()])
    return row


def test_fence_is_a_margin_of_time_when_configured(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    config = yaml.safe_load((project / "warehouse.yaml").read_text())
    config["sources"]["production"] |= {"fence": "lookback", "lookback": "25 minutes"}
    (project / "warehouse.yaml").write_text(yaml.safe_dump(config))
    warehouse.deploy(project)
    assert fence_and_margin(warehouse) == ("lookback", "00:25:00", None)


def test_g6_fence_is_a_margin_of_time_when_the_reader_may_not_see_others(
    shop: Shop, warehouse: Warehouse
) -> None:
    with without_right_to_see_others(shop), shop.connect() as late:
        late.execute("INSERT INTO customers (email, full_name) VALUES ('late@example.com', 'Ana')")
        why = (
            "there is no view fdwarehouse.fence that the reader may read: "
            "`fdwarehouse bootstrap --side production` creates it"
        )
        assert fence_and_margin(warehouse) == ("lookback", "01:00:00", why)
        late.commit()
        warehouse.run()
        assert warehouse.column("SELECT email FROM silver.clean_customers") == ["late@example.com"]


def test_fence_is_a_margin_of_time_when_a_session_hides_its_activity(
    shop: Shop, warehouse: Warehouse
) -> None:
    with shop.connect(autocommit=True) as hidden:
        hidden.execute("SET track_activities = off")
        hidden.execute("BEGIN")
        kind, margin, _ = fence_and_margin(warehouse)
        assert (kind, margin) == ("lookback", "01:00:00")


def test_fence_is_not_held_by_other_databases(
    shop: Shop, seeded_shop: Shop, warehouse: Warehouse
) -> None:
    with seeded_shop.connect() as elsewhere:
        elsewhere.execute("SELECT")
        fence = warehouse.fence(warehouse.run())
        assert (fence["kind"], fence["held_by"]) == ("activity", None)


def test_time_zone_of_the_configuration_overrides_that_of_the_server(
    shop: Shop, warehouse: Warehouse
) -> None:
    warehouse.execute("UPDATE etl.sources SET overlap = '0', time_zone = 'America/New_York'")
    warehouse.run()
    with psycopg.connect(shop.urls["admin"]) as application:
        application.execute("SET timezone = 'America/New_York'")
        application.execute("INSERT INTO customers (email, full_name) VALUES ('a@b.c', 'Ana')")
    warehouse.run()
    assert warehouse.column("SELECT email FROM silver.clean_customers") == ["a@b.c"]


def test_foreign_sessions_name_the_warehouse(shop: Shop, warehouse: Warehouse) -> None:
    with warehouse.connect("loader", autocommit=True) as loader:
        loader.execute("CALL etl.run_pipeline()")
        query = "SELECT application_name FROM pg_stat_activity WHERE usename = 'warehouse_reader'"
        assert wait_until(lambda: shop.column(f"{query} AND datname = current_database()")) == [
            "fdwarehouse"
        ]
