"""Settings of PostgreSQL for single steps of a project."""

from pathlib import Path

import pytest

from tests.command import Command
from tests.harness import Shop, Warehouse
from tests.test_models import change, sell
from tests.test_project_files import fails
from tests.test_render import edit

SHOWN = "SELECT DISTINCT average_unit_price FROM gold.product_performance"
SETTINGS = """
    SELECT setting FROM pg_proc AS p CROSS JOIN unnest(p.proconfig) AS setting
    WHERE p.oid = %s::regproc
        AND setting !~ '^(search_path|plan_cache_mode|enable_mergejoin|client_encoding)='
    ORDER BY 1
"""
STEPS = "SELECT bool_or(since_run_id = 0) FROM etl.steps WHERE run_id = %s AND layer <> 'source'"


def test_setting_holds_while_its_step_runs_and_computes_nothing_anew(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    sell(shop, 1)
    shows = "CASE WHEN current_setting('work_mem') = '77MB' THEN 77 ELSE 1 END"
    function = f"CREATE FUNCTION public.shown() RETURNS int IMMUTABLE LANGUAGE sql RETURN {shows}"
    warehouse.execute(function, "GRANT EXECUTE ON FUNCTION public.shown TO PUBLIC", role="admin")
    average = r"round\(\s*sum\(total_amount\)(?s:.*?)2\s*\)"
    change(project, "gold/product_performance.sql", average, "public.shown()")
    warehouse.deploy(project)
    warehouse.run()
    assert warehouse.column(SHOWN) == [1]

    chosen = {
        "gold.product_performance": {"work_mem": "77MB", "hash_mem_multiplier": 1.5},
        "bronze.raw_orders": {"jit": False},  # off, in YAML
    }
    edit(project, "warehouse.yaml", "settings", value=chosen)
    warehouse.deploy(project)
    sell(shop, 2)
    assert warehouse.value(STEPS, [warehouse.run()]) is False
    assert set(warehouse.column(SHOWN)) == {1, 77}
    for routine, settings in {
        "gold.write_product_performance": ["hash_mem_multiplier=1.5", "work_mem=77MB"],
        "gold.write_daily_sales": ["work_mem=128MB"],
        "bronze.append_raw_orders": ["jit=off", "work_mem=128MB"],
    }.items():
        assert warehouse.column(SETTINGS, [routine]) == settings

    edit(project, "warehouse.yaml", "settings", value=None)
    warehouse.deploy(project)
    assert warehouse.column(SETTINGS, ["bronze.append_raw_orders"]) == ["work_mem=128MB"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gold.fact_sale": {"work_mem": "1GB"}}, ["settings: there is no step gold.fact_sale"]),
        ({"gold.fact_sales": "1GB"}, ["settings.gold.fact_sales: "]),
        ({"gold.fact_sales": {"work mem": 1}}, ["settings.gold.fact_sales", "'work_mem'"]),
        (
            {"gold.fact_sales": {"synchronous_commit": "off"}},
            ["settings.gold.fact_sales", "ALTER ROLE warehouse_loader SET synchronous_commit"],
        ),
        *(
            ({"gold.fact_sales": {name: "on"}}, [f"gold.fact_sales.{name}: ", "step computes"])
            for name in ("timezone", "role", "transaction_read_only")
        ),
    ],
)
def test_setting_without_meaning_is_named(
    command: Command, project: Path, settings: dict[str, object], words: list[str]
) -> None:
    edit(project, "warehouse.yaml", "settings", value=settings)
    fails(command, project, "warehouse.yaml: ", *words)


@pytest.mark.parametrize(
    ("setting", "words"),
    [({"wok_mem": "1GB"}, '"wok_mem"'), ({"work_mem": "lots"}, '"work_mem": "lots"')],
)
def test_g7_setting_that_the_server_refuses_is_named_and_nothing_is_deployed(
    command: Command, warehouse: Warehouse, project: Path, setting: dict[str, str], words: str
) -> None:
    command.use(warehouse.environment)
    command.project(project)
    edit(project, "warehouse.yaml", "settings", value={"gold.fact_sales": setting})
    said = command.fails(1, "deploy")
    assert words in said
    assert "warehouse.yaml: settings" in said
    assert warehouse.column(SETTINGS, ["gold.write_fact_sales"]) == ["work_mem=128MB"]
