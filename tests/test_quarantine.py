"""Rows that break a rule are rejected, whatever their values."""

from tests.clinic import CONFIG, Clinic, with_tables

ODD_JSON = {
    r'{"a": "\u0000"}': {"a": r"\u0000"},
    r'["\\\\u0000 \\\u0000\u0000", "\u00e4"]': [r"\\u0000 \\u0000\u0000", "ä"],
    r'"\ud800"': r"\ud800",
    r'"\ud83d\ude00\ude00 \uD83D"': r"😀\ude00 \uD83D",
    '{"a": [1e999999]}': '{"a": [1e999999]}',
    r'{"\u0000": 1}': {r"\u0000": 1},
}


def test_row_without_key_is_set_aside_with_json_that_jsonb_cannot_hold(clinic: Clinic) -> None:
    clinic.write(
        "CREATE TABLE notes (k int, n int, at timestamptz, note json, notes json[], x float8)",
        *(
            f"INSERT INTO notes VALUES (NULL, {n}, now(), '{written}', "
            f"ARRAY['{written}'::json], 'NaN')"
            for n, written in enumerate(ODD_JSON)
        ),
        "INSERT INTO notes VALUES (1, 0, now(), '1', NULL, 1)",
        "GRANT SELECT ON notes TO warehouse_reader",
    )
    clinic.configure(with_tables({"notes": {"key": "k", "mode": "snapshot"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    rejected = (
        "SELECT rejected_row -> 'note', rejected_row ->> 'x', reasons, _run_id "
        "FROM silver.rejected_rows ORDER BY rejected_row -> 'n'"
    )
    expected = [(kept, "NaN", ["k is null"], 1) for kept in ODD_JSON.values()]
    assert clinic.warehouse.rows(rejected) == expected
    clinic.warehouse.run()
    assert clinic.warehouse.rows(rejected) == expected
    clinic.write("DELETE FROM notes WHERE n < 5 AND k IS NULL")
    clinic.warehouse.run()
    assert clinic.warehouse.rows(rejected) == expected[5:]
    assert clinic.warehouse.column("SELECT note FROM bronze.raw_notes") == [1]


def test_very_large_values_of_a_rejected_row_are_cut_off_and_that_is_said(clinic: Clinic) -> None:
    clinic.write(
        "CREATE TABLE scans (k int, at timestamptz NOT NULL, scan bytea, said text)",
        "INSERT INTO scans VALUES "
        "(NULL, now(), convert_to(repeat('x', 9000000), 'UTF8'), 'whole'), "
        "(NULL, now(), '\\x01', repeat('é\"', 20000)), "
        "(NULL, now(), '\\x02', 'a' || repeat('é', 9000000)), "
        "(NULL, now(), '\\x02', 'b' || repeat('é', 9000000))",
        "GRANT SELECT ON scans TO warehouse_reader",
    )
    clinic.configure(with_tables({"scans": {"key": "k", "watermark": "at"}}))
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    rows = clinic.warehouse.column(
        "SELECT rejected_row - 'at' FROM silver.rejected_rows ORDER BY rejected_row ->> 'said'"
    )
    assert [row.pop("k") for row in rows] == [None] * 4
    small, first, second, large = sorted(rows, key=lambda row: (row["scan"][:4], row["said"][:1]))
    assert small == {"scan": r"\x01", "said": 'é"' * 20_000}
    assert first["said"].startswith("a" + "é" * 999 + " [cut off: 18000003 bytes of JSON, MD5 ")
    assert second["said"].startswith("b" + "é" * 999 + " [cut off: 18000003 bytes of JSON, MD5 ")
    assert large["said"] == "whole"
    assert large["scan"].startswith(r"\x" + "78" * 499 + " [cut off: 18000005 bytes of JSON, MD5 ")


def test_sample_of_a_check_holds_what_it_found(clinic: Clinic) -> None:
    (clinic.root / "sql/checks").mkdir(parents=True)
    (clinic.root / "sql/checks/odd.sql").write_text(
        "-- layer: bronze\n-- severity: warn\n-- Nothing is odd.\n"
        "SELECT entry, said::json AS said, repeat('x', 200000) AS long, 'infinity'::float8 AS x\n"
        "FROM bronze.raw_diary\n"
    )
    clinic.write(r"""INSERT INTO diary VALUES (1, '["\u0000", "\udc00"]', current_date)""")
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    (sample,) = clinic.warehouse.value(
        "SELECT sample_rows FROM etl.check_results WHERE check_name = 'odd'"
    )
    assert (sample["entry"], sample["said"], sample["x"]) == (1, [r"\u0000", r"\udc00"], "Infinity")
    assert sample["long"].startswith("x" * 1000 + " [cut off: 200002 bytes of JSON, MD5 ")


def test_row_that_silver_rejects_is_set_aside_with_what_is_in_it(clinic: Clinic) -> None:
    files = {
        "migrations/0001_silver.sql": "CREATE TABLE silver.clean_diary (entry integer PRIMARY KEY, "
        "said text, score float8, is_deleted boolean NOT NULL, _run_id bigint NOT NULL);",
        "sql/silver/clean_diary_versions.sql": "CREATE VIEW silver.clean_diary_versions AS "
        "WITH versions AS (SELECT entry, said, 'NaN'::float8 AS score,\n"
        "{{ bronze.metadata(source.clinic) }} FROM bronze.raw_diary)\n"
        "SELECT *, {{ silver.reject_reasons({'too long': 'length(said) > 5'}) }} "
        "AS reject_reasons FROM versions;",
        "sql/silver/write_clean_diary.sql": "{{ silver.write_latest('clean_diary', "
        "'silver.clean_diary_versions', 'entry', ['said', 'score']) }}",
    }
    for name, text in files.items():
        (clinic.root / name).parent.mkdir(parents=True, exist_ok=True)
        (clinic.root / name).write_text(text)
    clinic.write(
        "INSERT INTO diary VALUES (1, repeat('x', 20000000), current_date), "
        r"(2, 'a\u0000 b', current_date)"
    )
    clinic.configure(CONFIG)
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    long, odd = clinic.warehouse.rows(
        "SELECT rejected_row ->> 'said', rejected_row ->> 'score' FROM silver.rejected_rows "
        "ORDER BY key"
    )
    assert odd == (r"a\u0000 b", "NaN")
    assert long[0].startswith("x" * 1000 + " [cut off: 20000002 bytes of JSON, MD5 ")
    before = clinic.warehouse.row_versions("silver")
    clinic.warehouse.call("etl.rebuild('silver')")
    assert clinic.warehouse.row_versions("silver") == before
