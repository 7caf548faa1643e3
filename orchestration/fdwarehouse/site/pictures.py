"""Small pictures as SVG: they need no JavaScript, follow the theme, and print."""

from __future__ import annotations

from collections.abc import Sequence
from math import log1p

from markupsafe import Markup

_LINE = Markup(
    '<svg class="spark" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
    '<polyline points="{points}"/><circle cx="{x}" cy="{y}" r="2"/></svg>'
)
_BARS = Markup(
    '<svg class="histogram" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
    'aria-label="{label}"><path d="{path}"/></svg>'
)
_SPAN = Markup(
    '<svg class="span" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">'
    '<rect class="{status}" x="{x}" width="{width}" height="10"/></svg>'
)


def sparkline(
    values: Sequence[float | None], label: str, width: int = 160, height: int = 30
) -> Markup:
    """Draw a line through values.

    Args:
        values: the oldest first; None is left out.
        label: what it shows, for screen readers.
        width: in pixels.
        height: in pixels.
    """
    known = [value for value in values if value is not None]
    if not known:
        return Markup()
    low, high = min(known), max(known)
    scale = (height - 6) / (high - low) if high > low else 0
    step = (width - 6) / max(len(known) - 1, 1)
    places = [
        (round(3 + number * step, 1), round(height - 3 - (value - low) * scale, 1))
        for number, value in enumerate(known)
    ]
    if high == low:
        places = [(x, height / 2) for x, _ in places]
    if len(places) == 1:
        places = [(3, places[0][1]), (width - 3, places[0][1])]
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    x, y = places[-1]
    return _LINE.format(width=width, height=height, label=label, points=points, x=x, y=y)


def histogram(bins: Sequence[float], label: str, width: int = 100, height: int = 24) -> Markup:
    """Draw the distribution of values as bars, in one path.

    Args:
        bins: shares of the rows.
        label: what it shows, for screen readers.
        width: in pixels.
        height: in pixels.
    """
    highest = max(bins, default=0)
    if highest <= 0:
        return Markup()
    step = width / len(bins)
    path = ""
    for number, value in enumerate(bins):
        tall = max(round(value / highest * height), 1) if value > 0 else 0
        if tall:
            path += f"M{number * step:g},{height}v{-tall}h{step - 1:g}v{tall}z"
    return _BARS.format(width=width, height=height, label=label, path=path)


def span(begins: float, seconds: float, whole: float, status: str) -> Markup:
    """Draw when something happened within a whole.

    Args:
        begins: seconds after the start of the whole.
        seconds: how long it took.
        whole: length of the whole, in seconds.
        status: class of the bar.
    """
    unit = 1000 / whole if whole > 0 else 0
    width = min(max(seconds * unit, 3), 1000)
    x = min(max(begins * unit, 0), 1000 - width)
    return _SPAN.format(status=status, x=round(x, 1), width=round(width, 1))


def height_of_run(seconds: float, longest: float) -> int:
    """Return the height of a run's bar, 20 to 100: logarithmic, as first loads are long.

    Args:
        seconds: how long it took.
        longest: how long the longest took.
    """
    return round(20 + 80 * log1p(seconds) / log1p(longest)) if longest > 0 else 20
