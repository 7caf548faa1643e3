"""Reconciliation of all tables without differences, against reading all rows again."""

from __future__ import annotations

from pathlib import Path

from benchmarks.arena import Arena
from benchmarks.contestants import Fdwarehouse
from benchmarks.log import Log
from benchmarks.options import Options, Size


def run(arena: Arena, options: Options, log: Log) -> None:
    """Load once, then compare several times, both ways."""
    ours = Fdwarehouse()
    works = {
        "by hashes": "etl.reconcile()",
        "by reading all": "etl.extract_and_load_bronze(p_is_full => true)",
    }
    with arena.pair(Size.of(options.scale)) as pair:
        ours.prepare(pair, Path())
        ours.run(pair, Path())
        for _ in range(options.repeats):
            for work, procedure in works.items():
                pair.arena.settle()
                cost = ours.call(pair, procedure)
                steps = ours.steps(pair)
                compared = [step for step in steps if step["step"].startswith("bronze.")]
                if differing := sum(step["inserted"] + step["deleted"] for step in compared):
                    raise AssertionError(f"{work}: {differing} rows differ, and none should")
                seconds = sum(step["seconds"] for step in compared)
                log.add("reconcile", work, ours.name, cost, comparing_seconds=seconds, steps=steps)
