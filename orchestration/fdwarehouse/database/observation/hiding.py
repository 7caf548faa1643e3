"""Leaves the values of masked columns out of stored errors and sample rows."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from fdwarehouse.database.json_rows import Row

# PostgreSQL quotes values: invalid input syntax for type integer: "x". Details quote whole rows.
_QUOTED = re.compile('(: |value )".*')


class Hiding:
    """What may be shown of stored rows and errors.

    Args:
        masked: columns, as (table, column), that are never shown.
        with_values: whether any values of rows may be shown.
    """

    def __init__(self, masked: Collection[tuple[str, str]], *, with_values: bool) -> None:
        self._columns = {column for _, column in masked}
        self._tables = {table for table, _ in masked}
        self._with_values = with_values

    def errors(self, rows: list[Row]) -> list[Row]:
        """Keep the first line of errors alone, without values, where columns are masked.

        Args:
            rows: of the log, with `error`, `message` and `detail` where they have them.
        """
        if not self._columns and self._with_values:
            return rows
        return [
            {
                **row,
                **{n: _without_values(row[n]) for n in ("error", "message") if row.get(n)},
                **({"detail": None} if "detail" in row else {}),
            }
            for row in rows
        ]

    def samples(
        self, rows: list[Row], reads: Mapping[str, Collection[str]] | None = None
    ) -> list[Row]:
        """Leave masked columns out of the sample rows of checks and problems.

        A query can give a column another name: a check that reads a table with masked columns shows
        no rows.

        Args:
            rows: with `sample_rows` as text, and `check_name` or `name` if they are of checks.
            reads: the tables that each check reads, directly or through views.
        """
        return [{**row, "sample_rows": self._sample(row, reads)} for row in rows]

    def _sample(self, row: Row, reads: Mapping[str, Collection[str]] | None) -> Any:
        check = row.get("check_name") or row.get("name")
        if not self._with_values or (check and self._tables & set((reads or {}).get(check, ()))):
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


def _without_values(error: str) -> str:
    return _QUOTED.sub(r'\1"..."', error.splitlines()[0])
