"""G1: a rewrite is detected below partitions, child tables, views and functions, too."""

import pytest

from tests.clinic import Clinic, with_tables
from tests.test_rewrites import wait_until_reader_waits

SCHEMA = (
    "CREATE TABLE a_gate (id int PRIMARY KEY, changed_at timestamptz NOT NULL DEFAULT now())",
    "INSERT INTO a_gate VALUES (1)",
    """CREATE TABLE parts (id int PRIMARY KEY, changed_at timestamptz NOT NULL DEFAULT now())
        PARTITION BY RANGE (id)""",
    "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (10)",
    "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20)",
    "INSERT INTO parts SELECT n FROM generate_series(1, 19) AS n",
    "CREATE TABLE parts_3 (LIKE parts INCLUDING ALL)",
    "INSERT INTO parts_3 VALUES (25, '2001-01-01')",
    "CREATE TABLE parents (id int PRIMARY KEY, changed_at timestamptz NOT NULL DEFAULT now())",
    "CREATE TABLE sons (PRIMARY KEY (id)) INHERITS (parents)",
    "CREATE TABLE daughters (LIKE parents INCLUDING ALL)",
    "INSERT INTO parents VALUES (1)",
    "INSERT INTO sons VALUES (2), (3)",
    "INSERT INTO daughters VALUES (4, '2001-01-01')",
    "CREATE TABLE base (id int PRIMARY KEY, changed_at timestamptz NOT NULL DEFAULT now())",
    "CREATE TABLE other_base AS SELECT 7 AS id, timestamptz '2001-01-01' AS changed_at",
    "INSERT INTO base VALUES (1), (2)",
    "CREATE VIEW seen AS SELECT id, changed_at FROM base",
    "CREATE VIEW seen_twice AS SELECT id, changed_at FROM seen WHERE id < 1000",
    """CREATE FUNCTION hidden() RETURNS SETOF base LANGUAGE plpgsql AS $f$
        BEGIN RETURN QUERY SELECT * FROM "clinic 'A'".base; END $f$""",
    "CREATE VIEW called AS SELECT id, changed_at FROM hidden()",
    "CREATE MATERIALIZED VIEW stored AS SELECT id, changed_at FROM base",
)
SHAPES = {
    "TRUNCATE of a partition": ("parts", ("TRUNCATE parts_1",)),
    "partition loaded again": (
        "parts",
        ("TRUNCATE parts_2", "INSERT INTO parts VALUES (11, '2001-01-01')"),
    ),
    "ATTACH PARTITION": (
        "parts",
        ("ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES FROM (20) TO (30)",),
    ),
    "DETACH PARTITION": ("parts", ("ALTER TABLE parts DETACH PARTITION parts_2",)),
    "DROP of a partition": ("parts", ("DROP TABLE parts_1",)),
    "TRUNCATE of a child": (
        "parents",
        ("TRUNCATE sons", "INSERT INTO sons VALUES (3, '2001-01-01')"),
    ),
    "INHERIT": ("parents", ("ALTER TABLE daughters INHERIT parents",)),
    "NO INHERIT": ("parents", ("ALTER TABLE sons NO INHERIT parents",)),
    "TRUNCATE below a view": (
        "seen",
        ("TRUNCATE base", "INSERT INTO base VALUES (2, '2001-01-01'), (3, '2001-01-01')"),
    ),
    "rewrite below two views": (
        "seen_twice",
        ("ALTER TABLE base ADD COLUMN r float DEFAULT random()",),
    ),
    "another view": (
        "seen",
        ("CREATE OR REPLACE VIEW seen AS SELECT id, changed_at FROM other_base",),
    ),
    "TRUNCATE below a function": (
        "called",
        ("TRUNCATE base", "INSERT INTO base VALUES (2, '2001-01-01'), (3, '2001-01-01')"),
    ),
    "REFRESH MATERIALIZED VIEW": (
        "stored",
        (
            "UPDATE base SET id = id + 10, changed_at = '2001-01-01'",
            "REFRESH MATERIALIZED VIEW stored",
        ),
    ),
}
# A view has no NOT NULL column, and so no watermark.
SHAPES_AND_MODES = [
    (shape, mode)
    for shape, (table, _) in SHAPES.items()
    for mode in ("snapshot", "watermark")
    if mode == "snapshot" or table in ("parts", "parents")
]


@pytest.fixture
def shaped(clinic: Clinic) -> Clinic:
    clinic.write(
        *SCHEMA, """GRANT SELECT ON ALL TABLES IN SCHEMA "clinic 'A'" TO warehouse_reader"""
    )
    return clinic


def mount(clinic: Clinic, table: str, mode: str) -> None:
    settings = {"key": "id", "mode": mode} | (
        {"watermark": "changed_at"} if mode == "watermark" else {}
    )
    tables = {"a_gate": {"watermark": "changed_at"}, table: settings}
    config = with_tables({})
    config["sources"]["clinic"]["tables"] = tables
    clinic.configure(config)
    clinic.warehouse.deploy(clinic.root, source="clinic")


def latest(clinic: Clinic, table: str) -> list[int]:
    return clinic.warehouse.column(
        f"""
        SELECT id FROM (
            SELECT DISTINCT ON (id) * FROM bronze.raw_{table} ORDER BY id, _run_id DESC
        ) AS latest
        WHERE NOT _is_deleted ORDER BY 1
        """
    )


def ids(clinic: Clinic, table: str) -> list[int]:
    return clinic.shop.column(f"""SELECT id FROM "clinic 'A'".{table} ORDER BY 1""")


@pytest.mark.parametrize(("shape", "mode"), SHAPES_AND_MODES)
def test_g1_whatever_a_table_is_made_of_its_rewrite_is_noticed(
    shaped: Clinic, shape: str, mode: str
) -> None:
    table, rewrite = SHAPES[shape]
    mount(shaped, table, mode)
    shaped.warehouse.run()
    assert latest(shaped, table) == ids(shaped, table)
    with shaped.shop.connect("admin") as holder:
        holder.execute("""LOCK TABLE "clinic 'A'".a_gate IN ACCESS EXCLUSIVE MODE""")
        run = shaped.warehouse.begin("etl.run_pipeline()")
        wait_until_reader_waits(shaped.shop)  # the snapshot is taken, and a_gate is read first
        shaped.write(*rewrite)
    run.result()
    expected = ids(shaped, table)
    assert latest(shaped, table) == expected


@pytest.mark.parametrize("shape", [s for s, mode in SHAPES_AND_MODES if mode == "watermark"])
def test_g1_whatever_a_table_is_made_of_it_is_reconciled_after_its_rewrite(
    shaped: Clinic, shape: str
) -> None:
    table, rewrite = SHAPES[shape]
    mount(shaped, table, "watermark")
    shaped.warehouse.run()
    shaped.write(*rewrite)
    shaped.warehouse.run()
    assert latest(shaped, table) == ids(shaped, table)
    counts = shaped.warehouse.step_counts(shaped.warehouse.run())
    assert f"bronze.raw_{table}.reconciliation" not in counts
