"""A key that silver computes: two rows with the same computed key never hide each other."""

from pathlib import Path

import pytest

from tests.extra_tables import mount_table
from tests.harness import Row, Warehouse, failing

# Ways to compute the key of articles, and rows that get the same key.
KEYS = {
    "cleaned": ("lower(btrim(code))", "('AB1', 1), ('ab1 ', 2)", "ab1"),
    "rounded": ("round(weight)::text", "('A', 1.1), ('B', 0.9)", "1"),
    "put together": (
        "substr(code, 1, 2) || '-' || trunc(weight)",
        "('ABx', 1.1), ('ABy', 1.9)",
        "AB-1",
    ),
    "cut": ("left(code, 2)", "('ABC', 1), ('ABD', 2)", "AB"),
}
SILVER = "SELECT article, code, is_deleted FROM silver.articles ORDER BY article"


@pytest.fixture(params=KEYS)
def articles(
    request: pytest.FixtureRequest, warehouse: Warehouse, project: Path
) -> tuple[Warehouse, str, str]:
    """An empty table of articles in production, and silver with a computed key."""
    expression, rows, key = KEYS[request.param]
    flag = "is_bad boolean NOT NULL DEFAULT false"
    columns = ("code text", "weight numeric NOT NULL", flag)
    mount_table(warehouse.shop, project, "articles", "code", *columns)
    (project / "migrations/0009_articles.sql").write_text(
        "CREATE TABLE silver.articles (article text PRIMARY KEY, code text, weight numeric, "
        "is_deleted boolean NOT NULL, _run_id bigint NOT NULL);\n"
    )
    (project / "sql/silver/article_versions.sql").write_text(
        "CREATE VIEW silver.article_versions AS\nWITH cleaned_versions AS (\n    SELECT\n"
        f"        {expression} AS article,\n        code,\n        weight,\n        is_bad,\n"
        "        {{ bronze.metadata(source.production) | indent(8) }}\n"
        "    FROM bronze.raw_articles\n)\n\nSELECT\n    *,\n"
        "    {{ silver.reject_reasons({'unwanted': 'weight > 1000 OR is_bad'}) | indent(4) }} "
        "AS reject_reasons\nFROM cleaned_versions;\n"
    )
    (project / "sql/silver/write_articles.sql").write_text(
        "{{ silver.write_latest('articles', 'silver.article_versions', 'article', "
        "['code', 'weight']) }}\n"
    )
    warehouse.deploy(project)
    return warehouse, rows, key


def insert(warehouse: Warehouse, rows: str) -> None:
    warehouse.shop.execute(f"INSERT INTO articles (code, weight) VALUES {rows}")


def halves(rows: str) -> list[str]:
    first, second = rows.split("), (")
    return [f"{first})", f"({second}"]


def state(warehouse: Warehouse) -> list[Row]:
    return warehouse.rows(SILVER)


@pytest.mark.parametrize("order", ["at once", "one after the other", "the other way round"])
def test_two_live_rows_of_one_computed_key_are_an_error_that_names_both(
    articles: tuple[Warehouse, str, str], order: str
) -> None:
    warehouse, rows, key = articles
    parts = halves(rows) if order == "one after the other" else halves(rows)[::-1]
    if order == "at once":
        parts = [rows]
    for part in parts[:-1]:
        insert(warehouse, part)
        warehouse.run()
    before = state(warehouse)
    insert(warehouse, parts[-1])
    with failing("DW014", key) as caught:
        warehouse.run()
    for half in halves(rows):
        assert half.split("'")[1].strip() in str(caught.value.diag.message_hint)
    assert state(warehouse) == before


def test_deletion_of_one_row_does_not_delete_the_other(
    articles: tuple[Warehouse, str, str],
) -> None:
    warehouse, rows, key = articles
    first, second = halves(rows)
    codes = [half.split("'")[1] for half in (first, second)]
    insert(warehouse, first)
    warehouse.run()
    warehouse.shop.execute("DELETE FROM articles")
    insert(warehouse, second)  # the new row is seen before the deletion of the old one
    with failing("DW014"):
        warehouse.run()
    warehouse.reconcile()
    assert state(warehouse) == [(key, codes[1], False)]
    insert(warehouse, first)
    with failing("DW014"):
        warehouse.run()
    warehouse.shop.execute(f"DELETE FROM articles WHERE code = '{codes[0]}'")
    warehouse.reconcile()
    assert state(warehouse) == [(key, codes[1], False)]
    before = warehouse.row_versions("silver")
    warehouse.call("etl.rebuild('all')")
    assert warehouse.row_versions("silver") == before


def test_row_that_gets_another_key_leaves_the_old_one(articles: tuple[Warehouse, str, str]) -> None:
    warehouse, rows, key = articles
    first, _ = halves(rows)
    insert(warehouse, first)
    warehouse.run()
    code = first.split("'")[1]
    warehouse.shop.execute(
        "UPDATE articles SET code = 'ZZ9', weight = 7, updated_at = clock_timestamp()"
    )
    warehouse.reconcile()
    ((deleted_key, deleted_code, is_deleted), (_, new_code, is_gone)) = sorted(
        state(warehouse), key=lambda row: row[1] != code
    )
    assert (deleted_key, deleted_code, is_deleted) == (key, code, True)
    assert (new_code, is_gone) == ("ZZ9", False)
    before = warehouse.row_versions("silver")
    warehouse.call("etl.rebuild('all')")
    assert warehouse.row_versions("silver") == before


def test_rejected_row_has_no_key_to_share(articles: tuple[Warehouse, str, str]) -> None:
    warehouse, rows, key = articles
    first, _second = halves(rows)
    insert(warehouse, first)
    warehouse.shop.execute("INSERT INTO articles (code, weight) VALUES ('XX heavy', 5000)")
    warehouse.run()
    assert [(row[0], row[2]) for row in state(warehouse)] == [(key, False)]
    assert warehouse.value("SELECT count(*) FROM silver.rejected_rows") == 1


def test_every_rejected_row_of_a_computed_key_is_shown_until_it_is_right_or_gone(
    articles: tuple[Warehouse, str, str],
) -> None:
    warehouse, rows, key = articles
    codes = [half.split("'")[1] for half in halves(rows)]
    rejected = "SELECT rejected_row ->> 'code', reasons FROM silver.rejected_rows ORDER BY 1"

    def is_bad(code: str, answer: str) -> None:
        warehouse.shop.execute(
            f"UPDATE articles SET is_bad = {answer}, updated_at = clock_timestamp() "
            f"WHERE code = '{code}'"
        )

    insert(warehouse, halves(rows)[0])
    warehouse.run()
    is_bad(codes[0], "true")
    warehouse.shop.execute(
        f"INSERT INTO articles (code, weight, is_bad) SELECT v.*, true FROM (VALUES {rows}) AS v "
        f"WHERE v.column1 <> '{codes[0]}'"
    )
    warehouse.run()
    both = [(code, ["unwanted"]) for code in sorted(codes)]
    assert warehouse.rows(rejected) == both
    assert state(warehouse) == [(key, codes[0], False)]  # the last good one stays
    is_bad(codes[0], "false")
    warehouse.run()
    assert warehouse.rows(rejected) == [(codes[1], ["unwanted"])]
    assert state(warehouse) == [(key, codes[0], False)]
    before = warehouse.row_versions("silver")
    warehouse.call("etl.rebuild('all')")
    assert warehouse.row_versions("silver") == before
    warehouse.shop.execute(f"DELETE FROM articles WHERE code = '{codes[1]}'")
    warehouse.reconcile()
    assert warehouse.rows(rejected) == []


def test_key_that_is_the_sources_own_costs_nothing(warehouse: Warehouse) -> None:
    text = warehouse.value("SELECT pg_get_functiondef('silver.write_clean_orders'::regproc)")
    assert "source_versions" not in text
