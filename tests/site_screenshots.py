"""Takes the screenshots of docs/site.md again: `python -m tests.site_screenshots`.

It needs Chromium. Two embedded servers are started, a shop with a week of runs, the last of which
failed, and a site; all of them are removed in the end.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from fdwarehouse.database.observation.everything import observe
from fdwarehouse.demo import seeding
from fdwarehouse.embedded import lifecycle
from fdwarehouse.project.charts import load_charts
from fdwarehouse.site.writing import write_site
from fdwarehouse.terminal.console import say
from tests.browser import PROGRAM, chromium, visit
from tests.harness import ROOT, Warehouse
from tests.servers import Servers
from tests.shop_database import PRODUCTION

PICTURES = ROOT / "docs" / "images"
RUNS = 21
CHECK = """\
-- layer: gold
-- severity: error
-- No single sale is above 20,000: then a price is wrong.
SELECT
    order_item_id,
    product_id,
    quantity,
    unit_price,
    total_amount
FROM gold.fact_sales
WHERE total_amount > 20000
"""

# Page, height of the window, and what is clicked or hovered before.
SHOTS = {
    "site-home": ("index.html", 820),
    "site-business": ("business.html", 1180),
    "site-column": ("tables/gold.fact_sales.html#c-total_amount", 640),
    "site-lineage": ("lineage.html#gold.fact_sales%7Ctotal_amount", 640),
    "site-run": (f"runs/{RUNS}.html", 640),
    "site-star": ("star.html", 820),
}


def main() -> None:
    """Create the site and take the pictures."""
    if not PROGRAM:
        sys.exit("Install chromium first.")
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="screenshots-") as scratch:
        folder = Path(scratch)
        with _warehouse(folder) as warehouse:
            _week(warehouse, _project(folder))
            charts = load_charts(ROOT)
            urls = warehouse.urls
            seen = observe(urls["owner"], charts, analyst_url=urls["analyst"])
            write_site(seen, "xyz_store", folder / "site")
        with chromium() as browser:
            for name, (page, height) in SHOTS.items():
                theme = "dark" if name == "site-star" else "light"
                with visit(browser, folder / "site", width=1180, theme=theme) as visited:
                    visited.page.set_viewport_size({"width": 1180, "height": height})
                    shown = visited.open(page)
                    shown.wait_for_timeout(300)
                    shown.screenshot(path=PICTURES / f"{name}.png")
                    say(f"docs/images/{name}.png")


@contextmanager
def _warehouse(folder: Path) -> Iterator[Warehouse]:
    servers = Servers(folder / "servers")
    try:
        with (
            closing(servers.shop("seeded")) as shop,
            closing(servers.warehouse("bootstrapped", shop)) as warehouse,
        ):
            yield warehouse
    finally:
        lifecycle.remove(folder / "servers")


def _project(folder: Path) -> Path:
    root = folder / "project"
    root.mkdir()
    text = (ROOT / "warehouse.yaml").read_text()
    text = text.replace(
        "    fence: activity\n", "    fence: activity\n    fresh_within: 12 hours\n"
    )
    (root / "warehouse.yaml").write_text(text)
    for name in ("contracts", "migrations", "sql"):
        shutil.copytree(ROOT / name, root / name)
    (root / "sql/checks/no_sale_is_too_large.sql").write_text(CHECK)
    return root


def _week(warehouse: Warehouse, root: Path) -> None:
    """Run three times a day; in the end, a wrong price stops the publication."""
    shop = warehouse.shop
    warehouse.deploy(root)
    for number in range(1, RUNS):
        if number > 1:
            seeding.make_changes(shop.urls["admin"], PRODUCTION, changes=25, random_seed=number)
            shop.execute(
                f"UPDATE orders SET order_date = order_date - {RUNS - number} * interval '8 hours' "
                "WHERE order_date > localtimestamp - interval '1 hour'"
            )
        if number == RUNS - 2:
            warehouse.lift_rules("orders")
            shop.execute("UPDATE orders SET status = 'lost in the post' WHERE order_id IN (7, 12)")
        if number % 6 == 5:
            warehouse.reconcile()
        else:
            warehouse.run()
    shop.execute("UPDATE order_items SET unit_price = 39900 WHERE order_item_id = 40")
    try:
        warehouse.run()
    except psycopg.Error as error:
        say(str(error).splitlines()[0])
    _spread(warehouse)


def _spread(warehouse: Warehouse) -> None:
    """Shift what is logged, so that the runs are eight hours apart."""
    for table, columns in {
        "etl.runs": ("started_at", "finished_at"),
        "etl.steps": ("started_at", "finished_at"),
        "etl.check_results": ("checked_at",),
        "etl.fences": ("fence", "observed_at", "asked_at", "answered_at"),
        "etl.watermarks": ("advanced_at",),
    }.items():
        shifted = ", ".join(
            f"{column} = {column} - ({RUNS} - run_id + 0.8) * interval '8 hours'"
            for column in columns
        )
        warehouse.execute(f"UPDATE {table} SET {shifted}")


if __name__ == "__main__":
    main()
