"""Writes the results: results.json, results.md, and the plots."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks import peers, tables
from benchmarks.arena import Arena
from benchmarks.log import Log
from benchmarks.machine import describe
from benchmarks.options import RESULTS, ROOT, Options, Size


def write(arena: Arena, options: Options, log: Log) -> None:
    """Write the results, and keep those of parts that were measured earlier.

    Args:
        arena: The servers.
        options: Of the benchmark.
        log: The measurements.
    """
    folder = folder_of(options)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = folder / "results.json"
    results: dict[str, Any] = {
        "scale": options.scale,
        "size": Size.of(options.scale)._asdict(),
        "machine": describe(arena),
        "records": _kept(numbers, log) + log.records,
    }
    numbers.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (folder / "results.md").write_text(tables.document(results), encoding="utf-8")
    subprocess.run(peers.python("plots", str(numbers), str(folder)), cwd=ROOT, check=True)


def folder_of(options: Options) -> Path:
    """Return the folder of the results: other scales do not replace those of scale 1.

    Args:
        options: Of the benchmark.
    """
    return RESULTS if options.scale == 1 else RESULTS / f"scale-{options.scale:g}"


def _kept(numbers: Path, log: Log) -> list[dict[str, Any]]:
    """Return the records of parts that are not measured now."""
    if not numbers.exists():
        return []
    measured = {record["part"] for record in log.records}
    earlier = json.loads(numbers.read_text(encoding="utf-8"))["records"]
    return [record for record in earlier if record["part"] not in measured]
