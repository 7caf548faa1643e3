"""A warehouse of an earlier release is upgraded by a deploy: rows stay, and runs go on.

`tests/releases` has what earlier releases deployed for the shop: the files of `build/`, as
`fdwarehouse render` wrote them. Add an archive when a release is made:

    cd build && tar --sort=name -cf - [0-9]*.sql | xz -9e > ../tests/releases/VERSION.tar.xz
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from fdwarehouse.database.connections import connect
from fdwarehouse.database.deployment import execute_files
from fdwarehouse.project.sql_files import SqlFile
from tests.harness import ROOT, Shop, Warehouse

MIGRATIONS = ROOT / "orchestration/fdwarehouse/mechanics/migrations"
RELEASES = sorted((ROOT / "tests" / "releases").glob("*.tar.xz"))
ALL = ("bronze", "silver", "gold")


def files_of(release: Path) -> Iterator[SqlFile]:
    """Read what a release deployed, in order."""
    with tarfile.open(release) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            file = archive.extractfile(member)
            assert file is not None
            yield SqlFile(member.name, release.name, file.read().decode())


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def former(
    request: pytest.FixtureRequest, seeded_shop: Shop, bootstrapped_warehouse: Warehouse
) -> Warehouse:
    """A warehouse that an earlier release has deployed and run."""
    warehouse = bootstrapped_warehouse
    warehouse.shop = seeded_shop
    with connect(warehouse.urls["owner"]) as connection:
        execute_files(
            files_of(request.param), connection, {"production": seeded_shop.urls["reader"]}
        )
    warehouse.run()
    seeded_shop.execute("UPDATE customers SET full_name = 'Zoe Long' WHERE customer_id <= 3")
    warehouse.run()
    return warehouse


def without_runs(warehouse: Warehouse) -> dict[str, list[str]]:
    """All rows, without the surrogate keys and runs that a full refresh may change."""
    return {
        table: warehouse.column(
            f"SELECT (to_jsonb(t) - '{{_run_id,_inserted_run_id}}'::text[])::text "
            f"FROM {table} AS t ORDER BY 1"
        )
        for table in warehouse.tables(*ALL)
        if not table.endswith("_changes")
    }


def test_deploy_upgrades_the_warehouse_of_an_earlier_release(former: Warehouse) -> None:
    before = without_runs(former)
    former.deploy()
    assert without_runs(former) == before, "a deploy changes no row"
    former.run()
    assert without_runs(former) == before, "nothing has changed in production"
    former.run()
    writes = former.step_counts(former.last_run())
    assert {counts[1:4] for model, counts in writes.items() if model != "production.fence"} == {
        (0, 0, 0)
    }


def test_upgraded_warehouse_equals_a_new_one(former: Warehouse) -> None:
    former.deploy()
    former.run()
    former.shop.execute(
        "UPDATE customers SET full_name = 'Zoe Longer' WHERE customer_id = 2",
        "UPDATE orders SET status = 'cancelled' WHERE order_id = 1",
    )
    former.run()
    former.reconcile()
    upgraded = without_runs(former)
    former.call("etl.rebuild()")
    assert without_runs(former) == upgraded
    names = (
        "SELECT full_name FROM silver.clean_customers WHERE customer_id <= 3 ORDER BY customer_id"
    )
    assert former.column(names) == ["Zoe Long", "Zoe Longer", "Zoe Long"]


def test_nothing_of_the_earlier_release_is_left(former: Warehouse, warehouse: Warehouse) -> None:
    routines = (
        "SELECT p.oid::regprocedure::text FROM pg_proc AS p "
        "INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid "
        "WHERE nspname IN ('etl', 'bronze', 'silver', 'gold', 'production') ORDER BY 1"
    )
    relations = (
        "SELECT c.oid::regclass::text, c.relkind FROM pg_class AS c "
        "INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        "WHERE nspname IN ('etl', 'bronze', 'silver', 'gold', 'production') ORDER BY 1"
    )
    former.deploy()
    assert former.column(routines) == warehouse.column(routines)
    assert former.rows(relations) == warehouse.rows(relations)


def test_no_migration_is_edited_or_left_out() -> None:
    """A new one needs its line: sha256sum FILE >> tests/migrations.sha256, in that folder."""
    listed = (ROOT / "tests/migrations.sha256").read_text().splitlines()
    found = [f"{sha256(p.read_bytes()).hexdigest()}  {p.name}" for p in MIGRATIONS.iterdir()]
    assert sorted(found) == sorted(listed)
