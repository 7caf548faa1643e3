"""Bronze pruned where a view over a view decides what silver rejects."""

from pathlib import Path

from tests.harness import Shop, Warehouse
from tests.test_models import change
from tests.test_retention import prune, repricing, versions


def test_g3_versions_are_judged_by_a_view_over_a_view(
    shop: Shop, warehouse: Warehouse, project: Path
) -> None:
    view = project / "sql" / "silver" / "product_versions.sql"
    metadata = "{{ bronze.metadata(source.production) | indent(8) }}"
    assert metadata in view.read_text()
    (project / "sql" / "silver" / "a_raw.sql").write_text(
        "CREATE VIEW silver.a_raw AS\nSELECT product_id, name, category, price, created_at, "
        f"updated_at, {metadata} FROM bronze.raw_products;\n"
        "COMMENT ON VIEW silver.a_raw IS 'As it is.';\n"
    )
    change(project, "silver/product_versions.sql", "FROM bronze.raw_products", "FROM silver.a_raw")
    names = "is_deleted, _run_id, _partition, _version, _source_key, _seen_at"
    view.write_text(view.read_text().replace(metadata, names))
    warehouse.deploy(project)
    warehouse.lift_rules("products")
    reprice = repricing(shop, warehouse)
    for price in (6, -1):
        reprice(price)
    assert prune(warehouse) == 1
    assert versions(warehouse, "products", "price") == [(6, False), (-1, False)]
