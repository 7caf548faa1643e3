"""Names that tables get in the warehouse where theirs cannot be used."""

from psycopg import sql

from fdwarehouse.rendering.render import render_project
from tests.clinic import Clinic, with_tables
from tests.test_odd_names import STAMP, make


def test_names_that_the_warehouse_cannot_use_are_cut_and_hashed(clinic: Clinic) -> None:
    names = {
        "e" * 42: "e" * 32 + "_5f1d078e",
        "e" * 43: "e" * 32 + "_",
        "ä" * 21: "ä" * 16 + "_",
        "a\nb": "a_b_",
        "_columns": "_columns_",
        "_pg_class": "_pg_class_",
    }
    for name in names:
        make(clinic, name)
    clinic.configure(with_tables({name: {"watermark": STAMP} for name in names}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    (source,) = render_project(clinic.root).sources
    found = {t.table_name: t.local_name for t in source.tables}
    for name, beginning in names.items():
        assert found[name].startswith(beginning)
        assert len(found[name].encode()) <= 41
        query = sql.SQL('SELECT "The Key" FROM {} ORDER BY 1')
        table = sql.Identifier("bronze", f"raw_{found[name]}")
        assert clinic.warehouse.column(query.format(table).as_string()) == ["1", "2"]
    assert len(set(found.values())) == len(found)
