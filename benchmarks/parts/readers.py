"""The effect of a run on an analyst who reads gold: fdwarehouse and dbt."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import peers
from benchmarks.arena import OWNER, Arena, Pair
from benchmarks.changes import change
from benchmarks.contestants import all_contestants
from benchmarks.log import Log
from benchmarks.options import Options, Size
from benchmarks.parts.pipeline import REST_SECONDS

Asked = tuple[float, float, bool]


def run(arena: Arena, options: Options, log: Log) -> None:
    """Read in a quiet system, then during runs with changes."""
    size = Size.of(options.scale)
    for contestant in all_contestants():
        with arena.pair(size) as pair, TemporaryDirectory(prefix="bench-") as folder:
            contestant.prepare(pair, Path(folder))
            contestant.run(pair, Path(folder))
            pair.arena.settle()
            times: list[float] = []
            with _reader(pair) as asked:
                time.sleep(REST_SECONDS)
                for day in range(1, options.repeats + 1):
                    change(pair.url("production"), size.changes, day)
                    time.sleep(REST_SECONDS)
                    times.append(time.monotonic())
                    contestant.run(pair, Path(folder))
                    times.append(time.monotonic())
            spans = list(pairwise([times[0] - REST_SECONDS + 1, *times]))
            for work, chosen in {"quiet": spans[:1], "during a run": spans[1::2]}.items():
                log.add(
                    "readers",
                    work,
                    contestant.name,
                    **_summary([a for a in asked if any(s <= a[0] < e for s, e in chosen)]),
                )


@contextmanager
def _reader(pair: Pair) -> Iterator[list[Asked]]:
    """Run an analyst's queries inside the block; the list is filled at its end."""
    asked: list[Asked] = []
    # As the owner: by default, dbt grants nothing to analysts.
    command = peers.ours("read_gold", pair.url("warehouse", OWNER))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield asked
        output, _ = process.communicate("")
    asked += [(began, seconds, waited) for began, seconds, waited in json.loads(output)]


def _summary(asked: list[Asked]) -> dict[str, Any]:
    seconds = [taken for _, taken, _ in asked]
    percentiles = quantiles(seconds, n=100)
    return {
        "queries": len(asked),
        "waited": sum(waited for _, _, waited in asked),
        "p50_ms": round(percentiles[49] * 1000, 3),
        "p95_ms": round(percentiles[94] * 1000, 3),
        "longest_ms": round(max(seconds) * 1000, 1),
    }
