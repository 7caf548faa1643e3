"""The same changes in shops of several sizes, with the time of each step: fdwarehouse."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.arena import Arena, Pair
from benchmarks.changes import change
from benchmarks.contestants import Fdwarehouse
from benchmarks.log import Log
from benchmarks.measure import Cost
from benchmarks.options import Options, Size
from benchmarks.parts.pipeline import REST_SECONDS

_BUFFERS = """
    SELECT coalesce(sum(blks_hit + blks_read), 0)::bigint FROM pg_stat_database WHERE datname = %s
"""


def run(arena: Arena, options: Options, log: Log) -> None:
    """Load each shop once, then change and run it several times."""
    ours = Fdwarehouse()
    for multiple in options.growth:
        size = Size.of(options.scale * multiple, options.scale)
        with arena.pair(size) as pair:
            ours.prepare(pair, Path())
            pair.arena.settle()
            cost = ours.run(pair, Path())
            more = {"orders": size.orders, "multiple": multiple}
            log.add("growth", "first load", ours.name, cost, steps=ours.steps(pair), **more)
            for day in range(1, options.repeats + 1):
                changed = change(pair.url("production"), size.changes, day)
                pair.arena.settle()
                time.sleep(REST_SECONDS)
                cost, buffers = _run(ours, pair)
                log.add(
                    "growth",
                    "changed rows",
                    ours.name,
                    cost,
                    steps=ours.steps(pair),
                    changed=changed,
                    buffers=buffers,
                    **more,
                )


def _run(ours: Fdwarehouse, pair: Pair) -> tuple[Cost, int]:
    """Run the pipeline; return its cost and the buffers that the warehouse touched."""
    before = pair.rows("warehouse", _BUFFERS, [pair.warehouse])[0][0]
    cost = ours.run(pair, Path())
    after = pair.rows("warehouse", _BUFFERS, [pair.warehouse])[0][0]
    return cost, after - before
