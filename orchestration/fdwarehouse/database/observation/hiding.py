"""Leaves the values of masked columns out of stored errors and sample rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from fdwarehouse.database.json_rows import Row


class Hiding:
    """What may be shown of stored rows and errors.

    Args:
        masked: columns, as (table, column), that are never shown.
        with_values: whether any values of rows may be shown.
    """

    def __init__(self, masked: Collection[tuple[str, str]], *, with_values: bool) -> None:
        self._columns = {column for _, column in masked}
        self._with_values = with_values

    def errors(self, rows: list[Row]) -> list[Row]:
        """Replace errors by what etl.without_values leaves of them, where columns are masked.

        Args:
            rows: of the log, with `error` and `error_without_values`, and with `message`, `detail`
                and `hint` where they have them.
        """
        if not self._columns and self._with_values:
            return rows
        return [
            {
                **row,
                "error": row["error_without_values"],
                **({"message": row["error_without_values"]} if row.get("message") else {}),
                **{name: None for name in ("detail", "hint") if name in row},
            }
            for row in rows
        ]

    def samples(self, rows: list[Row]) -> list[Row]:
        """Leave masked columns out of the sample rows of checks and problems.

        Args:
            rows: with `sample_rows` as text; of checks, with what etl.shows_rows says of them.
        """
        return [{**row, "sample_rows": self._sample(row)} for row in rows]

    def _sample(self, row: Row) -> Any:
        if not self._with_values or not row.get("shows_rows", True):
            return []
        return self.values(_parsed(row["sample_rows"]))

    def values(self, value: Any) -> Any:
        """Remove the values of masked columns from JSON, at any depth.

        Args:
            value: JSON; it does not say of which table it is, so names of all tables count.
        """
        if isinstance(value, Mapping):
            return {k: self.values(v) for k, v in value.items() if k not in self._columns}
        if isinstance(value, list):
            return [self.values(part) for part in value]
        return value

    def rejected(self, rows: list[Row]) -> list[Row]:
        """Leave masked columns out of rejected rows, and their key if it is masked.

        Args:
            rows: groups of rejected rows, with `samples` as text.
        """
        if not self._with_values:
            return [{**row, "samples": []} for row in rows]
        return [{**row, "samples": self.values(_parsed(row["samples"]))} for row in rows]


def _parsed(text: str | None) -> Any:
    """Read JSON with its numbers as they are written: 2.50."""
    return json.loads(text or "[]", parse_float=Decimal)
