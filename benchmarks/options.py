"""The options of a benchmark, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks"
RESULTS = FOLDER / "results"

TABLES = ("customers", "products", "orders", "order_items")

PARTS = {
    "pipeline": "first load, changed rows, nothing changed; memory; production's load",
    "bronze": "bronze alone, against the limit",
    "growth": "the same changes in shops of several sizes",
    "reconcile": "reconciliation when nothing differs, against a full re-read",
    "readers": "readers of gold during a publish",
    "writers": "tables that are SELECTs, against the same ones written by hand",
}


class Size(NamedTuple):
    """The number of rows of a shop, and of a day's changes."""

    customers: int
    products: int
    orders: int
    changes: int

    @classmethod
    def of(cls, scale: float, changes_scale: float | None = None) -> Size:
        """Multiply the shop of scale 1: 100,000 customers, 1 million orders, 3 million items.

        Args:
            scale: Size of the shop.
            changes_scale: Size of the changes, 31,000 rows at 1; that of the shop if None.
        """
        changes = 31_000 * (scale if changes_scale is None else changes_scale)
        return cls(
            max(50, round(100_000 * scale)),
            max(20, round(5_000 * scale)),
            max(200, round(1_000_000 * scale)),
            max(31, round(changes / 31) * 31),
        )


@dataclass(frozen=True)
class Options:
    """What to measure.

    Attributes:
        scale: Size of the shop; 1 has 1 million orders.
        repeats: Number of measurements, of which the median is used.
        parts: Names of `PARTS`.
        growth: Sizes for the part growth, as multiples of scale.
        keeps_servers: Whether to keep the servers and their data, for inspection.
        explains: Whether the servers log the plans of all statements (auto_explain), which is slow.
    """

    scale: float
    repeats: int
    parts: tuple[str, ...]
    growth: tuple[float, ...]
    keeps_servers: bool
    explains: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Options:
        """Read BENCH_SCALE, BENCH_REPEATS, BENCH_ONLY, BENCH_GROWTH, BENCH_KEEP, BENCH_EXPLAIN.

        Raises:
            ValueError: One of them is not a number, or not a part.
        """
        parts = tuple(filter(None, environment.get("BENCH_ONLY", "").split(","))) or tuple(PARTS)
        if unknown := set(parts) - set(PARTS):
            raise ValueError(
                f"BENCH_ONLY knows no {', '.join(sorted(unknown))}: {', '.join(PARTS)}"
            )
        return cls(
            scale=float(environment.get("BENCH_SCALE", "1")),
            repeats=int(environment.get("BENCH_REPEATS", "3")),
            parts=parts,
            growth=tuple(map(float, environment.get("BENCH_GROWTH", "0.1,1,10").split(","))),
            keeps_servers=bool(environment.get("BENCH_KEEP")),
            explains=bool(environment.get("BENCH_EXPLAIN")),
        )
