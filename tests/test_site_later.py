"""The site in a browser: what it says later than it was written, and with hundreds of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fdwarehouse.database.observation.described import Described, DescribedTable
from fdwarehouse.database.observation.everything import Observation, observe
from fdwarehouse.site.writing import write_site
from tests.browser import PROGRAM, chromium, visit
from tests.servers import Servers

pytestmark = pytest.mark.skipif(not PROGRAM, reason="chromium is not installed")

SALES = "tables/gold.fact_sales.html"


@pytest.fixture(scope="module")
def healthy(servers: Servers) -> Observation:
    """A warehouse that is all right, with a promise of 12 hours."""
    with (
        closing(servers.shop("seeded")) as shop,
        closing(servers.warehouse("deployed", shop)) as warehouse,
    ):
        warehouse.run()
        warehouse.execute("UPDATE etl.sources SET fresh_within = '12 hours'")
        seen = observe(warehouse.urls["owner"], {})
    servers.drop_database("warehouse", warehouse.name)
    servers.drop_database("production", shop.name)
    return seen


@pytest.fixture(scope="module")
def healthy_site(healthy: Observation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("healthy") / "site"
    write_site(healthy, "a shop", folder)
    return folder


@pytest.fixture(scope="module")
def broad_site(healthy: Observation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a warehouse with 400 more tables of silver, and 100 of gold that read them."""
    silver = [f"silver.part_{n}" for n in range(400)]
    gold = {f"gold.whole_{n}": silver[4 * n : 4 * n + 4] for n in range(100)}
    reads = {(table, part) for table, parts in gold.items() for part in parts}
    described = Described(
        [
            *healthy.described.tables,
            *(DescribedTable(name, "silver") for name in silver),
            *(DescribedTable(name, "gold") for name in (*gold, "gold.of_all")),
        ],
        healthy.described.origins,
        healthy.described.reads | reads | {("gold.of_all", name) for name in gold},
    )
    columns = {**healthy.columns, **{table.name: [] for table in described.tables[-501:]}}
    folder = tmp_path_factory.mktemp("broad") / "site"
    write_site(replace(healthy, described=described, columns=columns), "a shop", folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize(
    ("hours", "ago", "verdict", "level"),
    [
        (3, "3 hours", "The warehouse is all right.", "succeeded"),
        (72, "3 days", "Late by now: production (3 days old).", "failed"),
    ],
)
def test_ages_are_of_when_the_page_is_opened(
    browser: Browser, healthy_site: Path, *, hours: int, ago: str, verdict: str, level: str
) -> None:
    with visit(browser, healthy_site) as visited:
        visited.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(hours=hours))
        page = visited.open("index.html")
        expect(page.locator("h1")).to_contain_text(verdict)
        expect(page.locator(".as-of")).to_contain_text(f"written {ago} ago")
        expect(page.locator(".lead")).to_contain_text(f"succeeded, {ago} ago")
        expect(page.locator("#source-production .old")).to_have_text(f"{ago} old")
        expect(page.locator("#source-production .late")).to_be_visible(visible=level == "failed")
        expect(page.locator(".gauge .level")).to_have_class(f"level {level}")
        for name in ("index.html", SALES, "checks/freshness.html", "tables.html"):
            page = visited.open(name)
            notice = page.get_by_role("note").filter(has_text="This page was written 3 days ago")
            expect(notice).to_have_count(int(level == "failed"))
            assert page.locator("time.age", has_text=f"{ago} ago").count() > 0


def test_ages_go_on_while_the_page_is_open(browser: Browser, healthy_site: Path) -> None:
    with visit(browser, healthy_site) as visited:
        visited.page.clock.install(time=datetime.now(UTC))
        page = visited.open("index.html")
        expect(page.locator(".gauge .level")).to_have_class("level succeeded")
        page.clock.run_for("13:00:00")
        expect(page.locator("h1")).to_contain_text("Late by now: production (13 hours old).")


def test_a_clock_that_is_behind_makes_nothing_younger(browser: Browser, healthy_site: Path) -> None:
    with visit(browser, healthy_site) as visited:
        visited.page.clock.set_fixed_time(datetime.now(UTC) - timedelta(days=3))
        page = visited.open("index.html")
        expect(page.locator(".as-of")).to_contain_text("written 0 s ago")


def test_without_script_a_page_says_as_of_when_its_ages_are(
    browser: Browser, healthy_site: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((healthy_site / "index.html").as_uri())
    expect(page.locator(".as-of")).to_contain_text(
        re.compile(
            r"As of \d{4}-\d\d-\d\d \d\d:\d\d UTC, when this page was written: ages are of then"
        )
    )
    expect(page.locator("#source-production")).not_to_contain_text("late", use_inner_text=True)
    page.goto((healthy_site / SALES).as_uri())
    expect(page.locator("footer")).to_contain_text("ages are of then")
    context.close()


def test_lineage_of_hundreds_of_tables_begins_with_what_is_legible(
    browser: Browser, broad_site: Path
) -> None:
    with visit(browser, broad_site) as visited:
        page = visited.open("lineage.html")
        expect(page.locator("#graph")).to_contain_text("one of gold here")
        page.locator("#graph").get_by_role("button", name="gold.whole_7", exact=True).click()
        expect(page.locator("#graph .node")).to_have_count(6)
        expect(page.get_by_label("Steps")).to_have_value("99")
        page.get_by_label("Details").get_by_role("button", name="gold.of_all").click()
        expect(page.locator("#graph .node")).to_have_count(101)
        expect(page.locator("#cut")).to_contain_text("shows 101 of the 501 tables around it")
        expect(page.get_by_label("Steps")).to_have_value("1")
        page.get_by_label("Steps").select_option("all")
        expect(page.locator("#graph .node")).to_have_count(501)
        page.get_by_role("button", name="Whole graph").click()
        expect(page.get_by_label("Layers")).to_have_value("1")
        names = page.locator("#graph .node").evaluate_all("all => all.map((e) => e.dataset.name)")
        assert len(names) > 100
        assert all(name.startswith("gold.") for name in names)
        page.get_by_label("Layers").select_option("silver and gold")
        page.get_by_role("button", name="silver.part_399, silver").focus()
        lit = page.locator(".node.lit").evaluate_all("all => all.map((e) => e.dataset.name)")
        assert sorted(lit) == ["gold.of_all", "gold.whole_99", "silver.part_399"]
