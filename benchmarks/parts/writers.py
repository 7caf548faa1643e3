"""Tables that are SELECTs, against the same tables written by hand."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.arena import Arena, Pair
from benchmarks.changes import change
from benchmarks.contestants import Fdwarehouse, WrittenByHand
from benchmarks.log import Log
from benchmarks.options import Options, Size
from benchmarks.parts.pipeline import REST_SECONDS

WORKS = {
    "first load": "etl.run_pipeline()",
    "changed rows": "etl.run_pipeline()",
    "nothing changed": "etl.run_pipeline()",
    "full rebuild": "etl.rebuild('all')",
}


def run(arena: Arena, options: Options, log: Log) -> None:
    """Measure both alternately, so that noise affects both."""
    size = Size.of(options.scale)
    for _ in range(options.repeats):
        with ExitStack() as opened:
            folder = Path(opened.enter_context(TemporaryDirectory(prefix="bench-")))
            pairs: dict[Fdwarehouse, Pair] = {}
            for one in (Fdwarehouse(), WrittenByHand()):
                pairs[one] = opened.enter_context(arena.pair(size))
                one.prepare(pairs[one], folder)
            for work, procedure in WORKS.items():
                if work == "changed rows":
                    for pair in pairs.values():
                        change(pair.url("production"), size.changes, day=1)
                time.sleep(0 if work == "first load" else REST_SECONDS)
                for one, pair in pairs.items():
                    arena.settle()
                    cost = one.call(pair, procedure)
                    log.add("writers", work, one.name, cost, steps=one.steps(pair))
