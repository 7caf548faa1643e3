"""The site: what it is made of, that it shows text as text, and what it never shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from fdwarehouse.database.observation.everything import observe
from fdwarehouse.project.charts import load_charts
from fdwarehouse.site.serving import serving
from fdwarehouse.site.writing import LIST_OF_FILES, safe_json, write_site
from tests.chart_files import REVENUE, charts_of
from tests.command import Command
from tests.harness import ROOT, Warehouse
from tests.place import Place

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def shown(seeded_warehouse: Warehouse, command: Command, tmp_path: Path) -> Path:
    """The site of the demo's warehouse after one run."""
    seeded_warehouse.run()
    command.use(seeded_warehouse.environment)
    folder = tmp_path / "site"
    command.works("site", "--out", str(folder))
    return folder


def test_every_table_and_run_has_a_page(shown: Path, seeded_warehouse: Warehouse) -> None:
    for table in seeded_warehouse.column(
        "SELECT model FROM etl.pipeline_steps WHERE layer <> 'source' AND interval_between IS NULL"
    ):
        assert (shown / f"tables/{table}.html").is_file()
    assert (shown / "runs/1.html").is_file()
    links = {
        (page, link)
        for page in shown.rglob("*.html")
        for link in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', page.read_text())
    }
    assert [(p, link) for p, link in links if not (p.parent / link).is_file()] == []


def test_a_site_of_the_demo_is_small(shown: Path) -> None:
    files = [path for path in shown.rglob("*") if path.is_file()]
    per_table = [path.stat().st_size for path in shown.glob("tables/*.html")]
    fixed = sum(path.stat().st_size for path in files) - sum(per_table)
    assert fixed + 50 * max(sum(per_table) / len(per_table), 1) < 2_000_000


def test_a_new_site_replaces_the_old_one_and_nothing_else(
    shown: Path, command: Command, seeded_warehouse: Warehouse
) -> None:
    listed = json.loads((shown / LIST_OF_FILES).read_text())
    (shown / "tables/gone.html").write_text("old")
    (shown / LIST_OF_FILES).write_text(json.dumps([*listed, "tables/gone.html"]))
    (shown / "notes.txt").write_text("mine")
    command.works("site", "--out", str(shown))
    assert not (shown / "tables/gone.html").exists()
    assert (shown / "notes.txt").read_text() == "mine"


def test_a_folder_with_other_files_is_left_alone(
    command: Command, warehouse: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    command.use(warehouse.environment)
    assert "has files that are not a site's" in command.fails(2, "site", "--out", str(tmp_path))


def test_a_warehouse_without_runs_says_so(
    command: Command, warehouse: Warehouse, tmp_path: Path
) -> None:
    command.use(warehouse.environment)
    command.works("site", "--out", str(tmp_path / "site"))
    home = (tmp_path / "site/index.html").read_text()
    assert "Nothing has run yet." in home
    assert "None of the 12 checks has run." in home
    for claim in ("None: every row", "None: production is", "rows are rejected", "held a fence"):
        assert claim not in home


def test_text_of_the_database_is_text(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.run()
    odd = 'gold."Ünï ""quoted"" </script>"'
    warehouse.execute(
        f"CREATE TABLE {odd} (\"<b>'\" text); INSERT INTO {odd} VALUES ('{SCRIPT}'); ANALYZE {odd}",
        "INSERT INTO etl.tables (table_name, layer, kind, key_columns, tags, is_incremental, "
        f"maintenance, description) VALUES ('{odd}', 'gold', 'table', '{{}}', '{{<i>}}', false, "
        f"'{SCRIPT}', '{SCRIPT}')",
        "INSERT INTO etl.column_lineage VALUES "
        f"('{odd}', '<b>''', 'gold.fact_sales', 'order_id', 'direct')",
        f"UPDATE etl.columns SET description = '{SCRIPT}' "
        "WHERE table_name = 'gold.fact_sales' AND column_name = 'order_id'",
        f"UPDATE etl.runs SET error = '{SCRIPT}', status = 'failed'",
    )
    charts = charts_of(
        tmp_path,
        odd={**REVENUE, "title": SCRIPT, "query": f"SELECT '{SCRIPT}' AS date_key, 1 AS revenue"},
    )
    seen = observe(warehouse.urls["owner"], charts)
    write_site(seen, f"shop {SCRIPT}", tmp_path / "site")
    pages = {path: path.read_text() for path in (tmp_path / "site").rglob("*.html")}
    assert sum("&lt;script&gt;alert(1)" in text for text in pages.values()) == len(pages)
    assert not [path for path, text in pages.items() if SCRIPT in text]
    assert not [
        path for path, text in pages.items() if re.search(r"""<b>|\son\w+\s*=\s*["']""", text)
    ]
    for data in (tmp_path / "site/data").iterdir():
        assert "<" not in data.read_text()


@pytest.mark.parametrize("value", [SCRIPT, "</script>", "<!--", "a\u2028b", "&amp;"])
def test_data_in_a_page_cannot_end_its_script(value: str) -> None:
    text = str(safe_json([value]))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == [value]


def test_without_samples_no_value_of_a_row_is_shown(
    command: Command, seeded_warehouse: Warehouse, tmp_path: Path
) -> None:
    seeded_warehouse.run()
    name = seeded_warehouse.value("SELECT full_name FROM gold.dim_customers WHERE customer_key = 1")
    command.use(seeded_warehouse.environment)
    charts = (ROOT / "sql/charts.yaml").read_text()
    assert "full_name" in charts
    for options, is_shown in (((), True), (("--no-samples",), False)):
        out = tmp_path / str(is_shown)
        command.works("site", *options, "--out", str(out))
        pages = [*out.glob("tables/*.html"), *out.glob("runs/*.html"), out / "index.html"]
        assert any(name in page.read_text() for page in pages) is is_shown


def test_serving_is_for_this_machine_only(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("here")
    with serving(tmp_path, 0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        assert urlopen(address).read() == b"here"
        with pytest.raises(HTTPError, match="403"):
            urlopen(Request(address, headers={"Host": "stranger.example:80"}))
        server.shutdown()


def test_masked_values_are_nowhere(place: Place) -> None:
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, email text, born int, "
        "updated_at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO people SELECT n, 'p' || n % 3, n FROM generate_series(1, 50) AS n",
    )
    place.configure({"people": {"watermark": "updated_at", "mask": {"email": "hash"}}}, mirror=True)
    (place.root / "sql/gold").mkdir(parents=True)
    (place.root / "sql/checks").mkdir()
    (place.root / "sql/gold/mails.sql").write_text(
        "/*\ndescription: d\ngrain: g\nkey: who\n*/\n"
        "SELECT email AS who, count(*) AS n FROM silver.people GROUP BY email\n"
    )
    (place.root / "sql/checks/few.sql").write_text(
        "-- layer: gold\n-- severity: warn\n-- Few.\nSELECT who AS name, n FROM gold.mails\n"
    )
    place.works("bootstrap --side production", "contract", "deploy", "run")
    place.works(f"site --out {place.root}/site")
    masked = place.warehouse.column("SELECT DISTINCT who FROM gold.mails")
    assert len(masked) == 3
    written = [path for path in (place.root / "site").rglob("*") if path.is_file()]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert not [value for value in masked if value in text], path
    page = (place.root / "site/tables/gold.mails.html").read_text()
    assert "masked: not shown" in page
    assert "Some rows" in page


def test_charts_of_the_shop_all_have_rows(shown: Path) -> None:
    page = (shown / "business.html").read_text()
    assert len(re.findall('<section class="chart ', page)) == len(load_charts(ROOT))
    assert "cannot be shown" not in page
    assert "There are no rows" not in page
