"""The site in a browser, from disk: it works, asks nobody, is accessible, and fits a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from fdwarehouse.database.observation.everything import observe
from fdwarehouse.project.charts import Chart, load_charts
from fdwarehouse.site.writing import write_site
from tests.browser import PROGRAM, chromium, visit
from tests.chart_files import REVENUE, line_of, wide_heatmap
from tests.harness import ROOT, Warehouse
from tests.servers import Servers

pytestmark = pytest.mark.skipif(not PROGRAM, reason="chromium is not installed")

SCRIPT = "<script>alert(1)</script>"
ODD = 'gold."Ünï ""quoted"" table"'
SALES = "tables/gold.fact_sales.html"


def fill(warehouse: Warehouse) -> None:
    """Let a warehouse have everything that a site shows: failures, rejects, odd names."""
    warehouse.run()
    warehouse.lift_rules("orders")
    warehouse.shop.execute(
        "UPDATE orders SET status = 'lost' WHERE order_id <= 3",
        "UPDATE customers SET full_name = 'Zoe Long' WHERE customer_id <= 3",
    )
    warehouse.run()
    warehouse.execute(
        f'CREATE TABLE {ODD} ("it\'s <b>" text, n numeric)',
        f"INSERT INTO {ODD} SELECT '{SCRIPT}', n FROM generate_series(1, 200) AS n",
        f"ANALYZE {ODD}",
        "INSERT INTO etl.tables (table_name, layer, kind, key_columns, tags, is_incremental, "
        f"maintenance, description) VALUES ('{ODD}', 'gold', 'table', '{{}}', '{{<i>}}', false, "
        f"'{SCRIPT}', '{SCRIPT}')",
        "INSERT INTO etl.column_lineage VALUES "
        f"('{ODD}', 'it''s <b>', 'gold.fact_sales', 'order_id', 'direct')",
        f"UPDATE etl.columns SET description = '{SCRIPT}' "
        "WHERE table_name = 'gold.fact_sales' AND column_name = 'order_id'",
        "INSERT INTO etl.runs (begun_by, status, error, finished_at) VALUES "
        f"('etl.run_pipeline', 'failed', '{SCRIPT}', clock_timestamp())",
        "INSERT INTO etl.steps (run_id, model, layer, position, status, error, error_code) "
        f"SELECT max(run_id), 'gold.fact_sales', 'gold', 1, 'failed', '{SCRIPT}', 'DW001' "
        "FROM etl.runs",
        "INSERT INTO etl.drift VALUES ('production', 'orders.note', 'there is a new column', 1)",
        "UPDATE etl.sources SET fresh_within = '12 hours'",
    )


@pytest.fixture(scope="module")
def site(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "ünï 'site'"
    charts = {
        **load_charts(ROOT),
        "odd": Chart.model_validate({**REVENUE, "title": SCRIPT, "kind": "bar"}),
        "spike": line_of("Spike", "n = 50"),
        "spike_of_bars": line_of("Bars", "n = 50").model_copy(update={"kind": "bar"}),
        "growth": line_of("Growth", "n > 92"),
        "wide": wide_heatmap(),
        "wrong": Chart.model_validate({**REVENUE, "query": "SELECT * FROM gold.nowhere"}),
    }
    with (
        closing(servers.shop("seeded")) as shop,
        closing(servers.warehouse("deployed", shop)) as warehouse,
    ):
        fill(warehouse)
        write_site(observe(warehouse.urls["owner"], charts), "a shop", folder)
    servers.drop_database("warehouse", warehouse.name)
    servers.drop_database("production", shop.name)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def pages_of(site: Path) -> list[str]:
    """List a page of each kind, and of each odd thing."""
    odd = [path.name for path in site.glob("tables/*quoted*")]
    assert len(odd) == 1
    return [
        *(path.name for path in sorted(site.glob("*.html"))),
        *(f"runs/{path.name}" for path in site.glob("runs/*.html")),
        *(
            SALES,
            f"tables/{odd[0]}",
            "tables/silver.clean_orders.html",
            "checks/no_rejected_rows.html",
            "lineage.html#gold.fact_sales",
        ),
    ]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_works_is_accessible_and_fits(
    browser: Browser, site: Path, width: int, theme: str
) -> None:
    axe = Axe()
    with visit(browser, site, width=width, theme=theme) as visited:
        for name in pages_of(site):
            page = visited.open(name)
            expect(page.locator("h1")).to_be_visible()
            assert page.locator("html").get_attribute("data-theme") == theme
            found = axe.run(page, options={"preload": False})
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_search_finds_a_column_by_the_keyboard(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("runs.html")
        page.keyboard.press("/")
        page.keyboard.type("total_am")
        expect(page.get_by_role("option")).to_contain_text(["gold.fact_sales.total_amount"])
        page.keyboard.press("Enter")
        page.wait_for_url("**/tables/gold.fact_sales.html#c-total_amount")
        expect(page.locator("#c-total_amount")).to_be_in_viewport()
        page.get_by_role("combobox").fill("nothing like this")
        expect(page.get_by_role("listbox")).to_be_hidden()


def test_search_finds_odd_names_and_shows_them_as_text(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("index.html")
        page.get_by_role("combobox").fill("ünï quoted")
        option = page.get_by_role("option").first
        expect(option).to_contain_text('Ünï ""quoted"" table')
        option.click()
        expect(page.locator("h1")).to_have_text(ODD)
        expect(page.locator("table.small").last).to_contain_text(SCRIPT)


def test_a_list_is_filtered(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("tables.html")
        page.get_by_label("Filter").fill("type 2 gold.")
        rows = page.locator("tr[data-filter]:visible")
        expect(rows).to_have_count(2)
        expect(page.get_by_role("status")).to_contain_text("2 of")


def test_a_click_in_the_graph_leads_to_the_table(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("lineage.html")
        page.get_by_role("button", name="gold.daily_sales, gold").click()
        details = page.get_by_label("Details")
        expect(details.get_by_role("link")).to_have_text("gold.daily_sales")
        expect(page.get_by_role("button", name="silver.clean_orders, silver")).to_be_visible()
        expect(page.get_by_role("button", name="gold.cohort_months, gold")).to_have_count(0)
        details.get_by_role("button", name="gold.fact_sales").click()
        page.get_by_role("button", name="gold.cohort_months, gold").focus()
        page.keyboard.press("Enter")
        details.get_by_role("link").click()
        expect(page.locator("h1")).to_have_text("gold.cohort_months")


def test_charts_are_drawn_in_the_colors_of_the_theme(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("business.html")
        drawn = page.locator("[data-chart] > svg")
        expect(drawn).to_have_count(8)
        assert page.locator("#revenue_by_day g[stroke='#1d5a99']").count() == 1
        page.get_by_role("button", name="Dark theme").click()
        assert page.locator("#revenue_by_day g[stroke='#8fbcf0']").count() == 1
        page.reload()
        expect(page.get_by_role("button", name="Dark theme")).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(page.locator("#wrong")).to_contain_text("This chart cannot be shown: relation")
        page.locator("#odd summary").first.click()
        expect(page.locator("#odd table")).to_be_visible()


def test_a_single_spike_does_not_flatten_a_chart_and_is_named(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("business.html")
        chart = page.locator("#spike")
        expect(chart.locator(".beyond")).to_contain_text("Beyond the scale, in EUR: 50: 90,000.")
        expect(chart.locator("svg")).to_contain_text("▲")
        expect(chart.locator("svg")).to_contain_text("90K")
        expect(chart.locator("svg")).not_to_contain_text("80K")
        chart.get_by_role("button").click()
        expect(chart.locator("svg")).to_contain_text("80K")
        expect(chart.locator(".beyond")).to_contain_text("The scale reaches all values.")
        chart.get_by_role("button").click()
        expect(chart.locator(".beyond")).to_contain_text("Beyond the scale")


def test_what_grew_and_stayed_is_within_the_scale(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("business.html")
        expect(page.locator("#growth svg")).to_contain_text("80K")
        expect(page.locator("#growth .beyond")).to_be_hidden()


WIDTHS = """(picture) => {
    const widths = (what) => [...picture.querySelectorAll(what)].map((e) => e.getBBox().width);
    return [Math.max(...widths("g[font-size] text")), Math.min(...widths("rect"))];
}"""
"""The widest number and the narrowest cell."""


@pytest.mark.parametrize("width", [360, 1280])
def test_numbers_of_a_heat_map_stay_within_their_cells(
    browser: Browser, site: Path, width: int
) -> None:
    with visit(browser, site, width=width) as visited:
        page = visited.open("business.html")
        for name in ("wide", "customers_who_return"):
            widths = page.locator(f"#{name} .picture").evaluate(WIDTHS)
            assert 0 < widths[0] < widths[1], (name, widths)
        expect(page.locator("#wide .beyond")).to_contain_text("one value is beyond it")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_star_is_copied_as_mermaid(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("star.html")
        assert page.locator("#graph .node").count() == 5
        assert page.locator("#graph .edge").count() == 4
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("status")).not_to_be_empty()
        expect(page.get_by_label("Mermaid text")).to_contain_text("erDiagram")


def test_home_says_what_is_wrong(browser: Browser, site: Path) -> None:
    with visit(browser, site) as visited:
        page = visited.open("index.html")
        expect(page.locator("main")).to_contain_text("unknown status")
        expect(page.locator("main")).to_contain_text("there is a new column")
        expect(page.locator(".strip li")).to_have_count(3)
        page.locator(".strip a").last.click()
        expect(page.locator("pre.message").first).to_have_text(SCRIPT)


def test_pages_print(browser: Browser, site: Path) -> None:
    with visit(browser, site, theme="dark") as visited:
        for name in ("index.html", "business.html", SALES, "star.html"):
            page = visited.open(name)
            page.set_viewport_size({"width": 720, "height": 1000})  # A4
            page.emulate_media(media="print")
            expect(page.get_by_label("Pages")).to_be_hidden()
            assert page.evaluate("document.documentElement.scrollWidth") <= 720, name
            assert page.pdf()[:5] == b"%PDF-"
