"""Statistics of columns, from what ANALYZE has stored: no table is read."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from fdwarehouse.database.json_rows import Row, rows

BINS = 20
"""Bars of a histogram."""
COMMON = 5
"""Frequent values that are listed."""
LONGEST = 60
"""Characters of a value that are kept."""

# Numbers, dates and times; the ends of a histogram are enough for others.
_STATISTICS = """
    SELECT
        format('%%I.%%I', s.schemaname, s.tablename) AS table_name, s.attname AS column_name,
        s.null_frac AS null_share, s.n_distinct, c.typcategory AS category,
        CASE
            WHEN c.typcategory IN ('N', 'D') THEN s.most_common_vals::text::text[]
            ELSE (s.most_common_vals::text::text[]) [:{common}]
        END AS common,
        CASE
            WHEN c.typcategory IN ('N', 'D') THEN s.most_common_freqs
            ELSE (s.most_common_freqs) [:{common}]
        END AS shares,
        CASE
            WHEN c.typcategory IN ('N', 'D') THEN s.histogram_bounds::text::text[]
            ELSE ARRAY[
                (s.histogram_bounds::text::text[]) [1],
                (s.histogram_bounds::text::text[]) [cardinality(s.histogram_bounds::text::text[])]
            ]
        END AS bounds
    FROM pg_stats AS s
    INNER JOIN pg_attribute AS a
        ON a.attrelid = format('%%I.%%I', s.schemaname, s.tablename)::regclass
        AND a.attname = s.attname
    INNER JOIN pg_type AS c ON a.atttypid = c.oid
    INNER JOIN pg_class AS r ON a.attrelid = r.oid
    WHERE
        to_regnamespace(quote_ident(s.schemaname)) IN (
            to_regnamespace('bronze'), to_regnamespace('silver'), to_regnamespace('gold')
        )
        AND s.inherited = (r.relkind = 'p')
        AND format('%%I.%%I', s.schemaname, s.tablename) = ANY(%s)
"""


@dataclass(frozen=True)
class ColumnStatistics:
    """What ANALYZE found in a sample of the rows.

    Attributes:
        null_share: 0 to 1.
        distinct: number of values, estimated; None if the number of rows is not known.
        minimum, maximum: of the sample; None if not known.
        bins: shares of the rows between minimum and maximum, in equal steps; empty if the values
            are neither numbers nor times.
        common: frequent values with their shares, the most frequent first.
    """

    null_share: float
    distinct: int | None
    minimum: str | None = None
    maximum: str | None = None
    bins: Sequence[float] = ()
    common: Sequence[tuple[str, float]] = field(default=())


def read_statistics(
    connection: psycopg.Connection,
    row_counts: Mapping[str, int | None],
    masked: Collection[tuple[str, str]],
    *,
    with_values: bool,
) -> dict[tuple[str, str], ColumnStatistics]:
    """Read the statistics of all columns.

    Args:
        connection: to the warehouse.
        row_counts: the tables, with their rows.
        masked: columns, as (table, column), of which nothing is returned.
        with_values: whether values of rows may be returned, not only counts.

    Returns:
        Statistics by (table, column), where there are any.
    """
    query = _STATISTICS.replace("{common}", str(COMMON))
    return {
        (row["table_name"], row["column_name"]): _statistics(
            row, row_counts.get(row["table_name"]), with_values
        )
        for row in rows(connection, query, [sorted(row_counts)])
        if (row["table_name"], row["column_name"]) not in masked
    }


def _statistics(row: Row, row_count: int | None, with_values: bool) -> ColumnStatistics:
    distinct = _distinct(row["n_distinct"], row_count)
    if not with_values:
        return ColumnStatistics(row["null_share"], distinct)
    common = list(zip(row["common"] or (), row["shares"] or (), strict=False))
    if row["category"] == "B":
        words = {"t": "true", "f": "false"}
        common = [(words.get(value, value), share) for value, share in common]
    bounds = [bound for bound in row["bounds"] or () if bound is not None]
    minimum, maximum, bins = _spread(row["category"], bounds, common)
    return ColumnStatistics(
        row["null_share"],
        distinct,
        _short(minimum),
        _short(maximum),
        bins,
        [(_short(value) or "", share) for value, share in common[:COMMON]],
    )


def _distinct(stored: float, row_count: int | None) -> int | None:
    """Return the number of values; a negative one is a share of the rows."""
    if stored >= 0:
        return round(stored)
    return None if row_count is None else round(-stored * row_count)


def _spread(
    category: str, bounds: Sequence[str], common: Sequence[tuple[str, float]]
) -> tuple[str | None, str | None, list[float]]:
    values = [*bounds, *(value for value, _ in common)]
    if not values:
        return None, None, []
    if category not in ("N", "D"):
        return min(values), max(values), []
    measured = {value: number for value in values if (number := _measure(value)) is not None}
    if not measured:
        return None, None, []
    low, high = min(measured, key=measured.__getitem__), max(measured, key=measured.__getitem__)
    places = [measured[bound] for bound in bounds if bound in measured]
    weighed = [(measured[value], share) for value, share in common if value in measured]
    return low, high, _bins(measured[low], measured[high], places, weighed)


def _bins(
    low: float, high: float, bounds: Sequence[float], common: Sequence[tuple[float, float]]
) -> list[float]:
    """Spread the rows over equal steps: as many lie between any two neighbouring bounds."""
    if high <= low:
        return []
    width = (high - low) / BINS
    bins = [0.0] * BINS
    for value, share in common:
        bins[min(int((value - low) / width), BINS - 1)] += share
    between = max(0.0, 1 - sum(share for _, share in common)) / max(len(bounds) - 1, 1)
    for start, end in itertools.pairwise(bounds):
        first, last = (min(int((each - low) / width), BINS - 1) for each in (start, end))
        for number in range(first, last + 1):
            left, right = low + number * width, low + (number + 1) * width
            overlap = max(0.0, min(end, right) - max(start, left))
            part = overlap / (end - start) if end > start else 1 / (last - first + 1)
            bins[number] += between * part
    return [round(each, 5) for each in bins]


def _measure(value: str) -> float | None:
    """Place a number, a date or a time on a line; None for what is infinite or neither."""
    try:
        number = float(value)
    except ValueError:
        pass
    else:
        return number if abs(number) < float("inf") else None
    text = value + ":00" if value[-3:-2] in ("+", "-") and len(value) > 10 else value
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    epoch = datetime(2000, 1, 1, tzinfo=moment.tzinfo)
    return (moment - epoch).total_seconds()


def _short(value: str | None) -> str | None:
    return value if value is None or len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
