"""First load, changed rows, nothing changed: fdwarehouse and pandas + dbt, with equal results."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.arena import Arena, Pair
from benchmarks.changes import change
from benchmarks.contestants import (
    Contestant,
    Fdwarehouse,
    all_contestants,
    revenue_in_production,
)
from benchmarks.log import Log
from benchmarks.options import Options, Size

# The pause between runs exceeds the overlap of two extractions, as in any schedule.
REST_SECONDS = 11.0


def run(arena: Arena, options: Options, log: Log) -> None:
    """Measure with fresh databases for every repeat and contestant."""
    size = Size.of(options.scale)
    for _ in range(options.repeats):
        for contestant in all_contestants():
            with (
                arena.pair(size) as pair,
                TemporaryDirectory(prefix="bench-") as folder,
            ):
                _measure(contestant, pair, Path(folder), size, log)


def _measure(contestant: Contestant, pair: Pair, workspace: Path, size: Size, log: Log) -> None:
    contestant.prepare(pair, workspace)
    pair.arena.settle()
    for work in ("first load", "changed rows", "nothing changed"):
        changed = 0
        if work == "changed rows":
            changed = change(pair.url("production"), size.changes, day=1)
        if work != "first load":
            time.sleep(REST_SECONDS)
        cost = contestant.run(pair, workspace)
        steps = contestant.steps(pair) if isinstance(contestant, Fdwarehouse) else None
        log.add("pipeline", work, contestant.name, cost, changed=changed, steps=steps)
        if contestant.revenue(pair) != revenue_in_production(pair):
            raise AssertionError(f"{contestant.name} after {work}: revenue differs from production")
