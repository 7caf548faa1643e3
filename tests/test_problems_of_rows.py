"""Rows that are kept out of a table are one problem, however many count them."""

from tests.place import Place
from tests.test_problems import problems

REJECTS = """\
/*
description: People.
grain: one person
key: id
reject:
  too young: age < 18
totals:
  years: age
*/
SELECT id, age FROM bronze.raw_people
"""


def test_rejected_rows_are_one_problem_and_rows_that_are_missing_another(place: Place) -> None:
    place.write(
        "CREATE TABLE people (id int PRIMARY KEY, age int, at timestamptz NOT NULL DEFAULT now())",
        "INSERT INTO people VALUES (1, 30)",
    )
    place.configure({"people": {"watermark": "at"}})
    for folder, name, text in (
        ("silver", "clean_people", REJECTS),
        ("checks", "none", "-- Each is accepted.\nSELECT * FROM silver.rejected_rows\n"),
        ("checks", "must", "-- Each is accepted.\nSELECT * FROM silver.rejected_rows\n"),
    ):
        path = place.root / f"sql/{folder}/{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        severity = "error" if name == "must" else "warn"
        settings = f"-- layer: silver\n-- severity: {severity}\n-- scope: full\n"
        path.write_text(settings + text if folder == "checks" else text)
    place.works("bootstrap", "contract", "deploy", "run", "check")
    assert problems(place.warehouse) == {}
    place.write("INSERT INTO people VALUES (2, 3)")
    place.works("run")
    place.write("UPDATE people SET age = 4, at = now() WHERE id = 1")
    place.works("run")
    assert place.command("check").exit_code == 1
    found = problems(place.warehouse)
    assert list(found) == [
        *("run_failed:run_checks", "check_failed:must", "rows_rejected:silver.clean_people"),
    ]
    assert "follows from the problems of kind rows_rejected" in found["check_failed:must"]["hint"]
    assert place.warehouse.column(
        "SELECT check_name FROM etl.last_check_results WHERE NOT passed ORDER BY 1"
    ) == ["must", "none"]

    place.write("INSERT INTO people VALUES (3, 40, '2000-01-01')")  # no run has read it
    assert place.command("check").exit_code == 1
    missing = problems(place.warehouse)["check_warned:clean_people__matches_source"]
    (sample,) = missing["sample_rows"]
    assert (sample["rows_in_source"], sample["rows_in_silver"]) == (3, 1)
