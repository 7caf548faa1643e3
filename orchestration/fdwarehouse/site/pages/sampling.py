"""Arranges sample rows as tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TIME = re.compile(r"^(\d{4,}-\d\d-\d\d)T(\d\d:\d\d:\d\d)")


def as_table(samples: Any) -> tuple[list[str], list[list[str | None]]]:
    """Arrange sample rows as a table.

    Args:
        samples: a list of JSON objects; other values are shown in one column.

    Returns:
        Columns and rows, as text; None is null, and empty text is what a row does not have.
    """
    rows = [row if isinstance(row, Mapping) else {"value": row} for row in samples or []]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return columns, [[_cell(row, name) for name in columns] for row in rows]


def _cell(row: Mapping[str, Any], name: str) -> str | None:
    if name not in row:
        return ""
    return None if row[name] is None else _text(row[name])


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Mapping, list)):
        parts = value.items() if isinstance(value, Mapping) else enumerate(value)
        return ", ".join(
            f"{k}: {_text(v)}" if isinstance(value, Mapping) else _text(v) for k, v in parts
        )
    text = _TIME.sub(r"\1 \2", str(value))
    return text if len(text) <= 200 else f"{text[:199]}…"
