"""Tables: the list, and one page per table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fdwarehouse.database.json_rows import Row
from fdwarehouse.database.observation.described import DescribedColumn, DescribedTable, Origin
from fdwarehouse.database.observation.everything import Observation, shown_columns
from fdwarehouse.site.formats import amount, bytes_
from fdwarehouse.site.pages.checks import tables_of
from fdwarehouse.site.pages.problems import rejected, tables_with_problems
from fdwarehouse.site.pictures import histogram, sparkline
from fdwarehouse.terminal.console import number

LAYERS = ("bronze", "silver", "gold")
_OWN = {
    "_run_id": "Run that last wrote the row.",
    "_is_deleted": "Whether production no longer had the row.",
}


class Tables:
    """What the pages of tables show.

    Args:
        seen: the warehouse.
    """

    def __init__(self, seen: Observation) -> None:
        self.seen = seen
        self.upstream: dict[str, list[str]] = defaultdict(list)
        self.downstream: dict[str, list[str]] = defaultdict(list)
        for table, read in sorted(seen.described.reads):
            if table != read:
                self.upstream[table].append(read)
                self.downstream[read].append(table)
        self.origins: dict[tuple[str, str], list[Origin]] = defaultdict(list)
        for origin in seen.described.origins:
            self.origins[origin.table, origin.column].append(origin)
        self.checks: dict[str, list[Row]] = defaultdict(list)
        names = {table.name for table in seen.described.tables}
        for check in seen.checks:
            for table in tables_of(check, names):
                self.checks[table].append(check)
        self.problems: dict[str, list[Row]] = defaultdict(list)
        for table, problem in tables_with_problems(seen):
            self.problems[table].append(problem)
        self.rejected: dict[str, list[Row]] = defaultdict(list)
        for group in rejected(seen):
            self.rejected[group["model"]].append(group)

    def listed(self) -> list[dict[str, Any]]:
        """Return the rows of the list of tables, by layer."""
        return [
            {"layer": layer, "tables": [self._row(t) for t in tables]}
            for layer in reversed(LAYERS)
            if (tables := [t for t in self.seen.described.tables if t.layer == layer])
        ]

    def pages(self) -> Iterator[dict[str, Any]]:
        """Yield the values of the page of each table."""
        for table in self.seen.described.tables:
            yield self._page(table)

    def _row(self, table: DescribedTable) -> dict[str, Any]:
        points = self.seen.table_history.get(table.name, [])
        return {
            "table": table,
            "rows": self._rows(table),
            "bytes": self._bytes(points),
            "trend": sparkline(
                [point["rows"] for point in points], f"Rows over {len(points)} runs", 90, 20
            ),
            "columns": len(self.seen.columns.get(table.name, [])),
            "changed": next((p["at"] for p in reversed(points) if p["written"]), None),
        }

    def _page(self, table: DescribedTable) -> dict[str, Any]:
        points = self.seen.table_history.get(table.name, [])
        bytes_over_time = [point["bytes"] for point in points if point["bytes"] is not None]
        return {
            **self._row(table),
            "is_view": self.seen.relations.get(table.name, {}).get("is_view", False),
            "partitions": self.seen.relations.get(table.name, {}).get("partitions", 0),
            "column_rows": [self._column(table, row) for row in self.seen.columns[table.name]],
            "points": points[-12:][::-1],
            "rows_over_time": sparkline(
                [point["rows"] for point in points],
                f"Rows over {len(points)} runs, now {number(self._rows(table))}",
                240,
                44,
            ),
            "bytes_over_time": sparkline(
                bytes_over_time,
                f"Size over {len(bytes_over_time)} runs, now {bytes_(self._bytes(points))}",
                240,
                44,
            ),
            "sql": self.seen.sql.get(table.name, {}),
            "upstream": self.upstream[table.name],
            "downstream": self.downstream[table.name],
            "checks": self.checks[table.name],
            "problems": self.problems[table.name],
            "rejected": self.rejected[table.name],
            "sample_columns": shown_columns(
                table.name,
                [row["column_name"] for row in self.seen.columns[table.name]],
                self.seen.described.masked,
            ),
            "sample": self.seen.samples.get(table.name),
        }

    def _rows(self, table: DescribedTable) -> int | None:
        points = self.seen.table_history.get(table.name)
        if points:
            return int(points[-1]["rows"])
        found = self.seen.relations.get(table.name, {}).get("rows")
        return None if found is None else int(found)

    def _bytes(self, points: list[Row]) -> int | None:
        return next((p["bytes"] for p in reversed(points) if p["bytes"] is not None), None)

    def _column(self, table: DescribedTable, row: Row) -> dict[str, Any]:
        name = row["column_name"]
        described = table.columns.get(name, DescribedColumn(name))
        found = self.seen.statistics.get((table.name, name))
        origins = self.origins[table.name, name]
        picture = None
        if found and found.bins:
            picture = histogram(found.bins, f"{found.minimum} to {found.maximum}")
        comment = described.description or row["comment"] or _OWN.get(name)
        if described.unit and comment == f"Unit: {described.unit}.":
            comment = None
        return {
            "name": name,
            "type": row["type"],
            "comment": comment,
            "described": described,
            "tests": list(_tests(described.tests or [], not_null=row["not_null"])),
            "is_key": name in table.key,
            "statistics": found,
            "distinct": amount(found.distinct) if found and found.distinct else None,
            "histogram": picture,
            "direct": [o for o in origins if o.kind == "direct"],
            "indirect": [o for o in origins if o.kind != "direct"],
        }


def _tests(tests: list[dict[str, Any]], *, not_null: bool) -> Iterator[str]:
    """Yield the rules of a column as words."""
    if not_null or any(test["test"] == "not_null" for test in tests):
        yield "not null"
    for test in tests:
        weak = ", else a warning" if test.get("severity") == "warn" else ""
        match test["test"]:
            case "not_null" | "references":
                pass  # shown elsewhere
            case "accepted_values":
                yield f"one of {', '.join(map(str, test.get('values', ())))}{weak}"
            case "check":
                yield f"{test.get('condition')}{weak}"
            case name:
                yield f"{name.replace('_', ' ')}{weak}"
