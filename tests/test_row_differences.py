"""Rows that are expected and rows that are there, compared cell by cell."""

from __future__ import annotations

from fdwarehouse.project.row_differences import Row, compare

ONE: Row = {"id": "1", "name": "Ana", "city": "Ulm"}
TWO: Row = {"id": "2", "name": "Bo", "city": None}


def test_equal_rows_in_any_order_do_not_differ() -> None:
    assert not compare([TWO, ONE], [ONE, TWO], ["id"])


def test_columns_that_are_not_named_are_not_compared() -> None:
    assert not compare([{"id": "1"}, {"id": "2", "city": None}], [ONE, TWO], ["id"])


def test_null_is_no_empty_text() -> None:
    found = compare([{"id": "2", "city": ""}], [TWO], ["id"])
    assert [pair.columns for pair in found.different] == [["city"]]


def test_row_with_the_key_and_other_values_is_different_and_not_missing() -> None:
    found = compare([{"id": "1", "name": "Eve", "city": "Ulm"}], [ONE, TWO], ["id"])
    assert [(p.expected["name"], p.actual["name"]) for p in found.different] == [("Eve", "Ana")]
    assert (found.missing, found.unexpected) == ((), (TWO,))
    assert found.columns == ("id", "name", "city")


def test_same_row_twice_is_counted() -> None:
    found = compare([ONE, ONE], [ONE], ["id"])
    assert (found.missing, found.unexpected) == ((ONE,), ())
    found = compare([ONE], [ONE, dict(ONE)], ["id"])
    assert (found.missing, found.unexpected) == ((), (ONE,))


def test_rows_without_their_key_are_missing_or_not_expected() -> None:
    found = compare([{"name": "Eve"}], [ONE], ["id"])
    assert (found.missing, found.unexpected, found.different) == (({"name": "Eve"},), (ONE,), ())


def test_row_that_names_less_leaves_the_better_match_to_others() -> None:
    versions = [{"id": "1", "name": "Ana"}, {"id": "1", "name": "Eve"}]
    assert not compare([{"id": "1"}, {"id": "1", "name": "Ana"}], versions, ["id"])


def test_versions_of_a_key_are_paired_with_the_most_similar_one() -> None:
    versions = [
        {"id": "1", "name": "Ana", "city": "Ulm"},
        {"id": "1", "name": "Eve", "city": "Bonn"},
    ]
    expected = [
        {"id": "1", "name": "Eve", "city": "Kiel"},
        {"id": "1", "name": "Ana", "city": "Ulm"},
    ]
    (pair,) = compare(expected, versions, ["id"]).different
    assert (pair.expected["name"], pair.columns) == ("Eve", ["city"])
