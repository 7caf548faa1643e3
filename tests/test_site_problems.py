"""The site leads from each problem to what explains it, and so do alerts."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import psycopg
import pytest

from fdwarehouse.alerts.messages import Message
from fdwarehouse.database.observation.everything import observe
from fdwarehouse.site.addresses import problem_page
from fdwarehouse.site.pages.problems import KINDS
from fdwarehouse.site.writing import write_site
from tests.harness import Warehouse

BREAK = """
    CREATE FUNCTION gold.fail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'the trigger says no' USING DETAIL = 'in detail'; END $$;
    CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON gold.daily_sales
    FOR EACH ROW EXECUTE FUNCTION gold.fail()
"""


@pytest.fixture
def ill(seeded_warehouse: Warehouse) -> Warehouse:
    """A warehouse with a problem of most kinds, whose failed run is an old one."""
    seeded_warehouse.run()
    seeded_warehouse.lift_rules("orders")
    seeded_warehouse.shop.execute("UPDATE orders SET status = 'lost' WHERE order_id <= 3")
    seeded_warehouse.run()
    seeded_warehouse.shop.execute(
        "UPDATE order_items SET quantity = quantity + 1 WHERE order_item_id <= 3"
    )
    seeded_warehouse.execute(BREAK)
    with pytest.raises(psycopg.Error, match="the trigger says no"):
        seeded_warehouse.run()
    seeded_warehouse.execute(
        "INSERT INTO etl.runs (begun_by, status, finished_at) "
        "SELECT 'etl.check', 'succeeded', clock_timestamp() FROM generate_series(1, 60)",
        "INSERT INTO etl.drift VALUES ('production', 'orders.note', 'there is a new column', 3)",
        "UPDATE etl.sources SET fresh_within = '1 microsecond'",
        "UPDATE etl.check_results SET offending_rows = 1, unresolved_since_run_id = 0, "
        "failing_since = checked_at WHERE check_name = 'freshness'",
    )
    return seeded_warehouse


def site_of(warehouse: Warehouse, folder: Path) -> Path:
    write_site(observe(warehouse.urls["owner"], {}), "a shop", folder)
    return folder


def is_there(site: Path, link: str) -> bool:
    """Say whether a link leads to a file, and to a place in it."""
    path, _, place = link.partition("#")
    if not (site / path).is_file():
        return False
    return not place or f' id="{place}"' in unescape((site / path).read_text())


def test_every_problem_links_to_what_explains_it(ill: Warehouse, tmp_path: Path) -> None:
    site = site_of(ill, tmp_path / "site")
    problems = observe(ill.urls["owner"], {}).problems
    assert {problem["kind"] for problem in problems} >= {
        *("run_failed", "step_failed", "check_warned", "source_late", "drift", "rows_rejected")
    }
    home = unescape((site / "index.html").read_text())
    for problem in problems:
        page = problem_page(problem)
        assert is_there(site, page), page
        assert f'href="{page}">{problem["subject"]}</a>' in home
        link = Message("a shop", [], [], "https://dwh.example.com/").link(problem)
        assert link == f"https://dwh.example.com/{page}"


def test_an_alert_of_any_kind_links_to_a_page_that_is_there(ill: Warehouse, tmp_path: Path) -> None:
    site = site_of(ill, tmp_path / "site")
    subjects = {
        "step_failed": "gold.daily_sales",
        "source_late": "production",
        "fence_held": "production",
        "rows_rejected": "silver.clean_orders",
    }
    for kind in KINDS:
        for run_id in (3, None):
            subject = subjects.get(kind, "freshness")
            page = problem_page({"kind": kind, "subject": subject, "run_id": run_id})
            assert is_there(site, page), page


def test_the_page_of_a_table_says_what_is_wrong_with_it(ill: Warehouse, tmp_path: Path) -> None:
    site = site_of(ill, tmp_path / "site")
    orders = (site / "tables/silver.clean_orders.html").read_text()
    assert "unknown status" in orders
    assert "3 rows are kept out" in orders
    assert '<h2 id="rejected">Rejected rows' in orders
    sales = (site / "tables/gold.daily_sales.html").read_text()
    assert "a function raised an exception (P0001)" in sales
    assert "What is wrong" not in (site / "tables/gold.fact_sales.html").read_text()


def test_a_failed_run_says_why_once(ill: Warehouse, tmp_path: Path) -> None:
    site = site_of(ill, tmp_path / "site")
    page = (site / "runs/3.html").read_text()
    why, _, _ = page.partition("Where in the SQL</summary>")
    assert why.count("the trigger says no") == 1
    assert why.count("in detail") == 1
    assert "gold.daily_sales" in why
    text = re.sub("<[^>]+>", "", page)
    assert re.search(r"Not built: gold\.\w+", text)
    assert re.search(r"Rolled back with it, and unchanged: gold\.\w+", text)


def test_the_rows_of_a_failed_check_are_shown_once(
    seeded_warehouse: Warehouse, tmp_path: Path
) -> None:
    seeded_warehouse.run()
    seeded_warehouse.execute(
        "CREATE OR REPLACE FUNCTION etl.check_fact_sales_joins_dimensions(p_since_run_id bigint) "
        "RETURNS SETOF jsonb LANGUAGE sql STABLE RETURN jsonb_build_object('sale', 'odd one')"
    )
    seeded_warehouse.shop.execute("UPDATE order_items SET quantity = 9 WHERE order_item_id = 3")
    with pytest.raises(psycopg.Error, match="fact_sales_joins_dimensions failed"):
        seeded_warehouse.run()
    page = (site_of(seeded_warehouse, tmp_path / "site") / "runs/2.html").read_text()
    assert page.count("check fact_sales_joins_dimensions failed") == 1
    assert page.count("odd one") == 1


def test_a_run_that_failed_before_its_first_step_has_a_page(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.execute(
        "INSERT INTO etl.runs (begun_by, status, error, finished_at) "
        "VALUES ('etl.run_pipeline', 'failed', 'it could not begin', clock_timestamp())"
    )
    page = (site_of(warehouse, tmp_path / "site") / "runs/1.html").read_text()
    assert "it could not begin" in page
    assert "It built no table." in page


def test_the_page_of_a_check_has_its_rows_and_its_sql(ill: Warehouse, tmp_path: Path) -> None:
    page = (site_of(ill, tmp_path / "site") / "checks/no_rejected_rows.html").read_text()
    assert "3 rows break it" in page
    assert "SELECT * FROM etl.check_no_rejected_rows(0);" in page
    assert "FUNCTION etl.check_no_rejected_rows" in page
    assert 'href="../runs/2.html"' in page
