"""Values as a reader wants to see them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from markupsafe import Markup

_AGO = Markup('<time class="age" datetime="{}" title="{}">{}</time>')
NONE = "\N{EN DASH}"
"""Stands for a value that there is not."""


def moment(value: str | None) -> str:
    """Format a time as 2026-11-26 18:04 UTC; None, or what is infinite, gives a dash.

    Args:
        value: ISO 8601, UTC.
    """
    parsed = _parsed(value)
    return NONE if parsed is None else f"{parsed:%Y-%m-%d %H:%M} UTC"


def day(value: str | None) -> str:
    """Format the time of day, and before it the date unless it is today's.

    Args:
        value: ISO 8601, UTC.
    """
    parsed = _parsed(value)
    return NONE if parsed is None else f"{parsed:%d %b %H:%M}"


def ago(value: str | None, now: str) -> str:
    """Say how long ago, as of the site, something happened; a script of the page counts on.

    Args:
        value: ISO 8601, UTC.
        now: when the site was made.
    """
    parsed = _parsed(value)
    if parsed is None:
        return "never"
    return _AGO.format(parsed.isoformat(timespec="seconds"), moment(value), age(value, now))


def age(value: str | None, now: str) -> str:
    """Say how long before the site was made something happened, or how long after it will.

    Args:
        value: ISO 8601, UTC.
        now: when the site was made.
    """
    then, made = _parsed(value), _parsed(now)
    if then is None or made is None:
        return "never"
    seconds = (made - then).total_seconds()
    return f"in {_rough(-seconds)}" if seconds < 0 else f"{_rough(seconds)} ago"


def rough(seconds: float | None) -> str:
    """Format a long time span by its largest unit: 3 hours.

    Args:
        seconds: its length; None gives a dash.
    """
    return NONE if seconds is None else _rough(seconds)


def bytes_(value: float | None) -> str:
    """Format a size: 12 kB, 3.4 MB; None gives a dash.

    Args:
        value: in bytes.
    """
    if value is None:
        return NONE
    size, units = float(value), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return (
        f"{size:.0f} {units[0]}" if size >= 10 or units[0] == "bytes" else f"{size:.1f} {units[0]}"
    )


def share(value: float | None) -> str:
    """Format a share as per cent: 0 %, < 1 %, 12 %; None gives a dash.

    Args:
        value: 0 to 1.
    """
    if value is None:
        return NONE
    if 0 < value < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < value < 1 else f"{value * 100:.0f} %"


def amount(value: Any) -> str:
    """Format a value of a chart: numbers with thousands separators.

    Args:
        value: as JSON has it.
    """
    match value:
        case None:
            return NONE
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
        case _:
            return str(value)


_TYPES = {
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "time with time zone": "timetz",
}


def short_type(name: str) -> str:
    """Shorten the name of a type: varchar(20), timestamp.

    Args:
        name: as PostgreSQL formats it.
    """
    array = "[]" if name.endswith("[]") else ""
    plain = name.removesuffix("[]")
    plain = re.sub("^character varying", "varchar", plain)
    return _TYPES.get(plain, plain) + array


def spread(minimum: str, maximum: str) -> str:
    """Write the ends of a column's values; the time of day is left out if the dates differ.

    Args:
        minimum: as PostgreSQL writes it.
        maximum: as PostgreSQL writes it.
    """
    ends = [re.match(r"\d{4,}-\d\d-\d\d(?= )", end) for end in (minimum, maximum)]
    if ends[0] and ends[1] and ends[0][0] != ends[1][0]:
        minimum, maximum = ends[0][0], ends[1][0]
    return f"{minimum} {NONE} {maximum}"


def slug(name: str) -> str:
    """Make the name of a file from that of a table, a run or a chart.

    Args:
        name: any text.
    """
    plain = re.sub(r"[^a-z0-9_.]+", "-", name)
    return plain if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:8]}"


def _parsed(value: str | None) -> datetime | None:
    if value is None or "infinity" in value:
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        return None


def _rough(seconds: float) -> str:
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 1.5 * unit:
            return f"{round(seconds / unit)} {name}s"
        if seconds >= unit:
            return f"1 {name}"
    return f"{round(seconds)} s"
