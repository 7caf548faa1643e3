"""Which words of SQL are names of schemas, in a deployment beside the main one."""

import pytest

from fdwarehouse.project.schema_names import with_prefix, without_prefix


@pytest.mark.parametrize(
    ("sql", "renamed"),
    [
        ("SELECT gold.f(x) FROM silver.a, etl.b, bronze.c", None),
        ('\'gold.fact_sales\' "gold"."A" GOLD.x {"etl.sources": 1}', None),
        ("layer = 'gold', m.gold.x, a.silver, golden.x, x_gold.y, gold.*, into gold. Then", ""),
        ("CREATE SCHEMA gold; COMMENT ON SCHEMA silver IS ''", None),
        ("'gold.%' format('silver.%I')", None),
    ],
)
def test_only_names_of_schemas_are_renamed(sql: str, renamed: str | None) -> None:
    found = with_prefix(sql, "dev_")
    assert (found == sql) == (renamed == "")
    assert with_prefix(found, "dev_") == found
    assert without_prefix(found, "dev_").replace('"gold"', "gold") == sql.replace(
        "GOLD", "gold"
    ).replace('"gold"', "gold")
    assert with_prefix(sql, "") == sql


def test_bronze_of_the_main_deployment_is_neither_created_nor_described() -> None:
    sql = (
        "CREATE SCHEMA bronze;\nCREATE SCHEMA gold;\nCOMMENT ON SCHEMA bronze IS\n'It''s a log.';\n"
    )
    assert with_prefix(sql, "dev_") == "CREATE SCHEMA dev_gold;\n"
