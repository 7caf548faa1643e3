"""The charts of a project: what the file may say, and how the queries run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from fdwarehouse.database.observation.charts import read_charts
from fdwarehouse.database.observation.everything import observe
from fdwarehouse.site.writing import write_site
from tests.chart_files import REVENUE, charts_of
from tests.command import Command
from tests.harness import Warehouse


def test_charts_run_as_a_role_that_only_reads_gold(
    seeded_warehouse: Warehouse, tmp_path: Path
) -> None:
    seeded_warehouse.run()
    seeded_warehouse.execute(
        "CREATE FUNCTION gold.peek() RETURNS text LANGUAGE sql AS "
        "$$ SELECT current_user || (SELECT count(*) FROM silver.clean_orders) $$",
        "CREATE FUNCTION gold.poke() RETURNS text LANGUAGE sql AS "
        "$$ DELETE FROM gold.daily_sales RETURNING 'gone' $$",
    )
    peek = {"title": "t", "kind": "number", "query": "SELECT gold.peek() AS n"}
    poke = {"title": "t", "kind": "number", "query": "SELECT gold.poke() AS n"}
    charts = charts_of(tmp_path, peek=peek, poke=poke, fine=REVENUE)
    urls = seeded_warehouse.urls
    as_analyst = read_charts(charts, urls["owner"], urls["analyst"], [])
    assert "permission denied" in (as_analyst["peek"].error or "")
    as_owner = read_charts(charts, urls["owner"], None, [])
    assert "read-only transaction" in (as_owner["poke"].error or "")
    for read in (as_analyst, as_owner):
        assert read["fine"].error is None
        assert read["fine"].rows == [
            list(map(float, row))
            for row in seeded_warehouse.rows(
                "SELECT date_key, revenue FROM gold.daily_sales ORDER BY 1"
            )
        ]


def test_a_chart_that_fails_says_why_and_the_others_are_shown(
    seeded_warehouse: Warehouse, tmp_path: Path
) -> None:
    seeded_warehouse.run()
    charts = charts_of(
        tmp_path,
        gone={**REVENUE, "query": "SELECT nothing FROM gold.nowhere"},
        lacking={**REVENUE, "query": "SELECT 1 AS date_key"},
        hidden={
            **REVENUE,
            "query": "SELECT email AS date_key, 1 AS revenue FROM gold.dim_customers",
        },
        long={
            **REVENUE,
            "sort": "-date_key",
            "query": "SELECT n AS date_key, 1 AS revenue FROM generate_series(1, 3000) AS n -- end",
        },
        fine={**REVENUE, "query": f"{REVENUE['query']};"},
    )
    url = seeded_warehouse.urls["owner"]
    read = read_charts(charts, url, None, [("gold.dim_customers", "email")])
    assert read["gone"].error == 'relation "gold.nowhere" does not exist'
    assert read["lacking"].error == "the query returns no column revenue; it returns date_key"
    assert read["hidden"].error == "gold.dim_customers.email is masked: it is not shown"
    assert (read["long"].is_cut, read["long"].rows[0], len(read["long"].rows)) == (
        True,
        [3000, 1],
        2000,
    )
    assert read["fine"].rows
    write_site(observe(url, charts), "shop", tmp_path / "site")
    page = (tmp_path / "site/business.html").read_text()
    assert "relation &#34;gold.nowhere&#34; does not exist" in page


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": "pie"}, "charts.odd.kind: Input should be 'line', 'bar'"),
        ({"x": None}, "charts.odd: a chart of kind line needs x"),
        ({"query": "SELECT 1; SELECT 2"}, "charts.odd.query: it must be one SELECT"),
        ({"query": "DELETE FROM gold.a"}, "charts.odd.query: it must be one SELECT"),
        ({"query": "SELECT FROM FROM"}, "charts.odd.query: syntax error"),
        (
            {"query": "WITH d AS (DELETE FROM gold.a RETURNING *) SELECT * FROM d"},
            "it must only read",
        ),
        ({"query": "SELECT * FROM gold.a FOR UPDATE"}, "it must only read"),
        ({"query": "SELECT * FROM silver.a"}, "it reads silver.a, but charts read tables of gold"),
        ({"query": "SELECT * FROM a"}, "it reads a, but"),
        ({"titel": "t"}, "charts.odd.titel: there is no such name; title?"),
    ],
)
def test_a_deploy_refuses_a_wrong_chart_and_names_it(
    local: tuple[Command, Path], changes: dict[str, object], problem: str
) -> None:
    command, root = local
    chart = {**REVENUE, **changes}
    (root / "sql/charts.yaml").write_text(yaml.safe_dump({"charts": {"odd": chart}}))
    for words in (("deploy", "--plan"), ("site",)):
        said = command.fails(2, *words)
        assert said.startswith("Error: sql/charts.yaml: ")
        assert problem in said
