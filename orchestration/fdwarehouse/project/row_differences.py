"""Compares rows that a table must have with those that it has, cell by cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Row = Mapping[str, str | None]
"""The text of each cell by column; None is null."""


@dataclass(frozen=True)
class DifferentRow:
    """A row that is there with other values."""

    expected: Row
    actual: Row

    @property
    def columns(self) -> list[str]:
        """The columns in which it differs."""
        return _different_columns(self.expected, self.actual)


@dataclass(frozen=True)
class Difference:
    """What is wrong with the rows of a table."""

    columns: tuple[str, ...]
    """The columns that were compared, those of the key first."""
    missing: tuple[Row, ...] = ()
    unexpected: tuple[Row, ...] = ()
    different: tuple[DifferentRow, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.missing or self.unexpected or self.different)


def compare(expected: Sequence[Row], actual: Sequence[Row], key: Sequence[str]) -> Difference:
    """Compare rows in any order.

    An expected row is compared in the columns that it has. Rows are matched by the columns of the
    key that all expected rows have: equal ones first, then those with the most equal cells.

    Args:
        expected: rows, each with any columns.
        actual: rows with at least all of these columns.
        key: columns that identify a row.
    """
    by = [name for name in key if all(name in row for row in expected)]
    columns = dict.fromkeys([*(n for n in key if any(n in r for r in actual)), *by])
    columns |= dict.fromkeys(name for row in expected for name in row)
    groups: dict[tuple[str | None, ...], tuple[list[Row], list[Row]]] = defaultdict(
        lambda: ([], [])
    )
    for row in expected:
        groups[tuple(row[name] for name in by)][0].append(row)
    for row in actual:
        groups[tuple(row[name] for name in by)][1].append(row)
    missing: list[Row] = []
    unexpected: list[Row] = []
    different: list[DifferentRow] = []
    for wanted, present in groups.values():
        _take_equal(wanted, present)
        if by:
            different += _take_similar(wanted, present)
        missing += wanted
        unexpected += present
    return Difference(tuple(columns), tuple(missing), tuple(unexpected), tuple(different))


def _different_columns(expected: Row, actual: Row) -> list[str]:
    return [name for name, value in expected.items() if actual[name] != value]


def _take_equal(wanted: list[Row], present: list[Row]) -> None:
    """Remove the rows that are as expected; those with more columns choose first."""
    for row in sorted(wanted, key=len, reverse=True):
        found = next((p for p in present if not _different_columns(row, p)), None)
        if found is not None:
            _remove(wanted, row)
            _remove(present, found)


def _take_similar(wanted: list[Row], present: list[Row]) -> list[DifferentRow]:
    """Remove and return pairs of rows with one key, the most similar first."""
    pairs = []
    while wanted and present:
        row, found = min(
            ((w, p) for w in wanted for p in present),
            key=lambda pair: len(_different_columns(*pair)),
        )
        _remove(wanted, row)
        _remove(present, found)
        pairs.append(DifferentRow(row, found))
    return pairs


def _remove(rows: list[Row], row: Row) -> None:
    """Remove this very row, not an equal one."""
    del rows[next(n for n, each in enumerate(rows) if each is row)]


@dataclass(frozen=True)
class TableDifference:
    """How two states of a table differ."""

    name: str
    """Quoted."""
    before: int
    """Rows of the first state."""
    after: int
    removed: int
    """Rows that only the first state has, by key."""
    inserted: int
    updated: int
    cells: Mapping[str, int]
    """Rows with another value, by column."""
    sample: Difference
    """Some of these rows: those of the first state as expected ones."""
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.removed or self.inserted or self.updated or self.notes)


def sample_of(
    key: Sequence[str],
    removed: Sequence[Row],
    inserted: Sequence[Row],
    updated: Sequence[DifferentRow],
    *,
    most_columns: int = 8,
) -> Difference:
    """Make a sample of rows that is narrow enough to read: the key, then what differs.

    Args:
        key: columns that identify a row.
        removed: rows of the first state alone.
        inserted: rows of the second state alone.
        updated: rows of both.
        most_columns: more are shown only if they are of the key or differ.
    """
    columns = dict.fromkeys(key)
    different = {name for pair in updated for name in pair.columns}
    columns |= dict.fromkeys(
        name for name in (updated[0].expected if updated else ()) if name in different
    )
    for row in [*removed, *inserted]:
        for name in row:
            if len(columns) < most_columns:
                columns[name] = None
    return Difference(tuple(columns), tuple(removed), tuple(inserted), tuple(updated))


Keyed = tuple[Sequence[str | None], Sequence[str | None]]
"""The key of a row, and its cells."""


def merge(
    name: str,
    names: Sequence[str],
    key: Sequence[str],
    states: tuple[Iterable[Keyed], Iterable[Keyed]],
    *,
    rows: int,
) -> TableDifference:
    """Compare two states of a table, of which only one row each is in memory.

    Args:
        name: the table, quoted.
        names: its columns, in the order of the cells.
        key: those that identify a row.
        states: their rows in the order of the keys: by code points, null first.
        rows: how many rows of each kind the sample has.
    """
    counts: Counter[str] = Counter()
    cells: Counter[str] = Counter()
    removed: list[Row] = []
    inserted: list[Row] = []
    updated: list[DifferentRow] = []
    left, right = (iter(state) for state in states)
    old, new = next(left, None), next(right, None)
    while old is not None or new is not None:
        if new is None or (old is not None and _order(old) < _order(new)):
            assert old is not None
            counts.update(("before", "removed"))
            if len(removed) < rows:
                removed.append(dict(zip(names, old[1], strict=True)))
            old = next(left, None)
        elif old is None or _order(new) < _order(old):
            counts.update(("after", "inserted"))
            if len(inserted) < rows:
                inserted.append(dict(zip(names, new[1], strict=True)))
            new = next(right, None)
        else:
            counts.update(("before", "after"))
            if old[1] != new[1]:
                counts["updated"] += 1
                pair = DifferentRow(
                    dict(zip(names, old[1], strict=True)), dict(zip(names, new[1], strict=True))
                )
                cells.update(pair.columns)
                if len(updated) < rows:
                    updated.append(pair)
            old, new = next(left, None), next(right, None)
    return TableDifference(
        name,
        before=counts["before"],
        after=counts["after"],
        removed=counts["removed"],
        inserted=counts["inserted"],
        updated=counts["updated"],
        cells={each: cells[each] for each in names if cells[each]},
        sample=sample_of(key, removed, inserted, updated),
    )


def _order(row: Keyed) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in row[0]]
