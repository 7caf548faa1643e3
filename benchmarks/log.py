"""The log of measurements, which are printed as they are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.measure import Cost
from fdwarehouse.terminal.console import say


class Log:
    """Measurements, one per record: part, work, contestant, and the numbers."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def add(
        self, part: str, work: str, contestant: str, cost: Cost | None = None, /, **numbers: Any
    ) -> None:
        """Add a measurement and print it.

        Args:
            part: Name of the part.
            work: The work that was measured.
            contestant: Name of the contestant.
            cost: The cost.
            numbers: Further numbers.
        """
        measured = (asdict(cost) if cost else {}) | numbers
        self.records.append({"part": part, "work": work, "contestant": contestant} | measured)
        shown = ", ".join(
            f"{name} {value:g}"
            for name, value in measured.items()
            if isinstance(value, int | float)
        )
        say(f"{part}: {work}, {contestant}: {shown}")

    def of(self, part: str, work: str | None = None) -> Iterator[dict[str, Any]]:
        """Iterate over the records of a part, and of one kind of work in it."""
        for record in self.records:
            if record["part"] == part and work in (None, record["work"]):
                yield record

    def median(
        self, part: str, work: str, contestant: str, number: str = "seconds"
    ) -> float | None:
        """Return the median of a number over the repeats, None if it was not measured."""
        values = [
            record[number]
            for record in self.of(part, work)
            if record["contestant"] == contestant and record.get(number) is not None
        ]
        return median(values) if values else None
