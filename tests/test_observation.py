"""What can be seen of a warehouse: sizes, statistics, samples, health, lineage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fdwarehouse.database.observation.everything import observe
from fdwarehouse.database.observation.hiding import Hiding
from fdwarehouse.database.observation.reading import snapshot
from fdwarehouse.database.observation.runs import read_table_history
from fdwarehouse.database.observation.samples import read_samples
from fdwarehouse.database.observation.statistics import read_statistics
from fdwarehouse.site.pages.graphs import lineage, mermaid, star
from fdwarehouse.site.pages.home import home, verdict
from fdwarehouse.site.pages.sampling import as_table
from tests.harness import Warehouse


def test_a_step_logs_the_size_of_the_table_that_it_changed(seeded_warehouse: Warehouse) -> None:
    first = seeded_warehouse.run()
    sizes = "SELECT model, table_bytes FROM etl.steps WHERE run_id = %s AND table_bytes > 0"
    logged: dict[str, int] = dict(seeded_warehouse.rows(sizes, [first]))
    assert set(logged) == set(seeded_warehouse.tables()) & {
        *seeded_warehouse.column("SELECT model FROM etl.steps")
    }
    real = seeded_warehouse.value("SELECT pg_total_relation_size('gold.fact_sales')")
    assert logged["gold.fact_sales"] == real
    assert seeded_warehouse.rows(sizes, [seeded_warehouse.run()]) == []


def test_rows_over_time_are_those_of_the_table(seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.run()
    seeded_warehouse.shop.execute(
        "DELETE FROM order_items WHERE order_item_id <= 5",
        "UPDATE customers SET full_name = 'Zoe Long' WHERE customer_id <= 3",
    )
    seeded_warehouse.reconcile()
    with snapshot(seeded_warehouse.urls["owner"]) as connection:
        history = read_table_history(connection)
    for table, condition in (
        ("bronze.raw_customers", "true"),
        ("bronze.raw_order_items", "true"),
        ("silver.clean_order_items", "NOT is_deleted"),
        ("gold.fact_sales", "true"),
        ("gold.dim_customers", "customer_key > 0"),
    ):
        counted = seeded_warehouse.value(f"SELECT count(*) FROM {table} WHERE {condition}")
        assert history[table][-1]["rows"] == counted
    before, after = (point["rows"] for point in history["gold.fact_sales"][-2:])
    assert before - after == 5


def test_statistics_are_those_of_analyze(seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.run()
    seeded_warehouse.execute(
        "CREATE TABLE gold.t AS SELECT n, CASE WHEN n % 4 > 0 THEN n END AS m, "
        "timestamp '2026-01-01' + n * interval '1 hour' AS at, 'v' || n % 3 AS v "
        "FROM generate_series(1, 1000) AS n; ANALYZE gold.t"
    )
    with snapshot(seeded_warehouse.urls["owner"]) as connection:
        read = read_statistics(connection, {"gold.t": 1000}, [("gold.t", "at")], with_values=True)
        counts = read_statistics(connection, {"gold.t": 1000}, [], with_values=False)
    n, m, v = (read["gold.t", name] for name in "nmv")
    assert (n.minimum, n.maximum, n.distinct, n.null_share) == ("1", "1000", 1000, 0)
    assert sum(n.bins) == pytest.approx(1)
    assert max(n.bins) == pytest.approx(1 / len(n.bins), abs=0.01)
    assert m.null_share == pytest.approx(0.25)
    assert {value for value, _ in v.common} == {"v0", "v1", "v2"}
    assert ("gold.t", "at") not in read, "it is masked"
    assert counts["gold.t", "at"].distinct == 1000
    assert not any(each.minimum or each.common or each.bins for each in counts.values())


def test_samples_skip_a_table_that_is_locked(warehouse: Warehouse) -> None:
    warehouse.execute(
        "CREATE TABLE gold.open AS SELECT 'ü\"' AS v, NULL AS w",
        "CREATE TABLE gold.locked AS SELECT 1 AS v",
    )
    with warehouse.connect("owner") as holder:
        holder.execute("LOCK TABLE gold.locked")
        with snapshot(warehouse.urls["owner"]) as connection:
            read = read_samples(connection, {"gold.open": ["v", "w"], "gold.locked": ["v"]})
    assert read == {"gold.open": [['ü"', None]]}


def written(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "sample_rows": json.dumps(row["sample_rows"])} for row in rows]


def test_masked_columns_are_taken_out_of_what_is_stored() -> None:
    hiding = Hiding({("silver.people", "email")}, with_values=True)
    rows = [{"name": "c", "sample_rows": [{"id": 1, "email": "a@b.c", "x": [{"email": 1}]}]}]
    assert hiding.samples(written(rows))[0]["sample_rows"] == [{"id": 1, "x": [{}]}]
    aliased = [{"name": "c", "shows_rows": False, "sample_rows": [{"id": 1, "who": "a@b.c"}]}]
    assert hiding.samples(written(aliased))[0]["sample_rows"] == []
    certain = [{"name": "c", "shows_rows": True, "sample_rows": [{"id": 1, "who": "a@b.c"}]}]
    assert hiding.samples(written(certain)) == certain
    shown = {"error_without_values": 'invalid: "..."'}
    told = {"message": "a@b.c", "detail": "row (a@b.c)", "hint": "not a@b.c"}
    errors = [{"error": "invalid: a@b.c", **shown}, {"error": "c: a@b.c", **told, **shown}]
    hidden = hiding.errors(errors)
    assert "a@b.c" not in str(hidden)
    assert [row["error"] for row in hidden] == ['invalid: "..."'] * 2
    assert hidden[1]["message"] == 'invalid: "..."'
    rejected = [{"key": {"email": "a@b.c"}, "row": {"id": 1, "email": "a@b.c"}}]
    (group,) = hiding.rejected([{"samples": json.dumps(rejected)}])
    assert group["samples"] == [{"key": {}, "row": {"id": 1}}]
    assert Hiding((), with_values=True).errors(errors) == errors
    assert Hiding((), with_values=False).samples(written(certain))[0]["sample_rows"] == []


def test_sample_rows_are_arranged_as_a_table() -> None:
    assert as_table([{"a": 1}, {"b": None, "a": [1, {"c": True}]}]) == (
        ["a", "b"],
        [["1", ""], ["1, c: true", None]],
    )


def test_rejected_rows_and_failed_checks_are_at_home(seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.lift_rules("orders")
    seeded_warehouse.shop.execute("UPDATE orders SET status = 'lost' WHERE order_id = 1")
    seeded_warehouse.run()
    page = home(observe(seeded_warehouse.urls["owner"], {}))
    (group,) = page["rejected"]
    assert (group["model"], group["reasons"], group["rows"]) == (
        "silver.clean_orders",
        ["unknown status"],
        1,
    )
    columns, rows = group["sample"]
    assert dict(zip(columns, rows[0], strict=True))["status"] == "lost"
    assert "no_rejected_rows" in [check["name"] for check in page["failing"]]
    assert page["sources"][0]["run_id"] == 1


def test_a_failed_run_is_no_good_warehouse(seeded_warehouse: Warehouse) -> None:
    seeded_warehouse.run()
    assert verdict(observe(seeded_warehouse.urls["owner"], {}))[0] == "ok"
    seeded_warehouse.execute("UPDATE etl.runs SET status = 'failed', error = 'it broke'")
    level, sentence = verdict(observe(seeded_warehouse.urls["owner"], {}))
    assert level == "error"
    assert "ailed" in sentence


def test_lineage_and_star_lead_from_gold_to_the_tables_that_it_reads(
    seeded_warehouse: Warehouse,
) -> None:
    seen = observe(seeded_warehouse.urls["owner"], {})
    graph = lineage(seen)
    names = [table["name"] for table in graph["tables"]]
    edges = {(names[a], names[b]) for a, b in graph["edges"]}
    assert ("silver.clean_orders", "gold.fact_sales") in edges
    assert ("gold.fact_sales", "gold.daily_sales") in edges
    diagram = star(seen)
    assert ["gold.fact_sales", "customer_key", "gold.dim_customers"] in diagram["edges"]
    text = mermaid(diagram)
    assert '    dim_customers ||--o{ fact_sales : "customer_key"\n' in text
    assert "        bigint customer_key FK\n" in text
