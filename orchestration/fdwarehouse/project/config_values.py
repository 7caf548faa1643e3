"""Checks of single values of ``warehouse.yaml``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

LAYERS = ("etl", "bronze", "silver", "gold")
# A statement over a table locks every partition and each of its indexes.
MAX_PARTITIONS = 128


def one_or_many(value: Any) -> Any:
    """Make a list of a single word."""
    return [value] if isinstance(value, str) else value


def age(value: str) -> str:
    """Check the age of history.

    Args:
        value: as written.

    Raises:
        ValueError: it is not one.
    """
    if not re.fullmatch(r"[1-9]\d* (day|month|year)s?", value):
        raise ValueError("expected an age such as '90 days', '6 months', '2 years'")
    return value


def interval(value: str) -> str:
    """Check a time such as ``30 seconds``."""
    if not re.fullmatch(r"\d+ (second|minute|hour|day)s?", value):
        raise ValueError("expected a time such as '30 seconds', '10 minutes', '1 hour'")
    return value


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def period(value: str) -> timedelta:
    """Read a time as `interval` accepts it, or short: ``5m``, ``90s``, ``2h``."""
    found = re.fullmatch(
        r"([1-9]\d{0,6}) ?(s|seconds?|m|min|minutes?|h|hours?|d|days?)", value.strip()
    )
    if not found:
        raise ValueError(
            f"{value!r} is not a time: expected one such as 30s, 5m, 2h, 1d, '10 minutes'"
        )
    return timedelta(**{_UNITS[found[2][0]]: int(found[1])})


def setting(interval: str) -> str:
    """Write a time in the notation of PostgreSQL's settings: ``30s``."""
    number, unit = interval.split()
    return number + {"s": "s", "m": "min", "h": "h", "d": "d"}[unit[0]]


def memory(value: str) -> str:
    """Check an amount of memory such as ``64MB``."""
    if not re.fullmatch(r"[1-9]\d*(kB|MB|GB)", value):
        raise ValueError("expected an amount of memory such as '64MB', '1GB'")
    return value


def schema_name(value: str) -> str:
    """Check the name of a source, which is that of its schema in the warehouse."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", value):
        raise ValueError("expected a lower-case SQL name: letters, digits and underscores")
    # X_URL is the source's connection; WAREHOUSE_URL and the administrators' URLs are reserved.
    if (
        value in (*LAYERS, "public", "information_schema", "warehouse")
        or value.startswith("pg_")
        or value.endswith("_admin")
    ):
        raise ValueError(f"'{value}' is taken: choose another name for the source")
    return value


def partitions(value: int) -> int:
    """Check a number of partitions."""
    if not 2 <= value <= MAX_PARTITIONS:
        raise ValueError(f"expected a number of partitions from 2 to {MAX_PARTITIONS}")
    return value


def column(value: str) -> str:
    """Check a column such as ``silver.clean_orders.order_date``."""
    if not re.fullmatch(r"(silver|gold)(\.[a-z_][a-z0-9_]*){2}", value):
        raise ValueError("expected a column such as 'silver.clean_orders.order_date'")
    return value


# Settings of PostgreSQL that change which rows a statement returns.
_MEANING = re.compile(
    "(datestyle|intervalstyle|timezone|lc_.*|extra_float_digits|bytea_output|xml.*|array_nulls"
    "|transform_null_equals|default_text_search_config|search_path|role|session_authorization"
    "|(default_)?transaction_.*|row_security|session_replication_role)"
)


def server_setting(value: str) -> str:
    """Check the name of a setting of PostgreSQL."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?", value):
        raise ValueError("expected the name of a setting of PostgreSQL, such as 'work_mem'")
    if value == "synchronous_commit":
        raise ValueError(
            "a step does not commit: ALTER ROLE warehouse_loader SET synchronous_commit = off"
        )
    if _MEANING.fullmatch(value):
        raise ValueError(
            "it changes the rows that a step computes, or its role; settings may only change how"
        )
    return value
