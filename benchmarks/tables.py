"""The measurements as a document: first the targets, then the numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from benchmarks.log import Log

OURS, PEER, BY_HAND = "fdwarehouse", "pandas + dbt", "written by hand"
PIPELINE = {"first load": 4, "changed rows": 20, "nothing changed": 100}


def document(results: dict[str, Any]) -> str:
    """Write the results in Markdown.

    Args:
        results: The content of results.json.
    """
    log = Log()
    log.records = results["records"]
    parts = [
        "# Benchmarks",
        "Written by `make bench`. Medians; every repeat is in [results.json](results.json).",
        _setting(results),
        "## Targets",
        _table(["work", "here", "compared with", "ratio", "target", ""], _targets(log)),
        *_details(log),
    ]
    return "\n\n".join(parts) + "\n"


def _setting(results: dict[str, Any]) -> str:
    size, machine = results["size"], results["machine"]
    settings = ", ".join(f"`{name} = {value}`" for name, value in machine["settings"].items())
    versions = ", ".join(f"{name} {version}" for name, version in machine["peers"].items())
    return (
        f"Shop: {size['customers']:,} customers, {size['products']:,} products, "
        f"{size['orders']:,} orders of 3 items on average; a day changes {size['changes']:,} rows "
        f"(scale {results['scale']:g}).\n\n"
        f"Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}; both servers and all clients on it. "
        f"PostgreSQL {machine['postgresql']}, both servers with {settings}. "
        f"Python {machine['python']}, {versions}."
    )


def _targets(log: Log) -> Iterator[Sequence[str]]:
    for work, target in PIPELINE.items():
        yield _faster(log, ("pipeline", work), PEER, target)
    yield _at_most(log, ("bronze", "bronze alone"), "COPY", 2.5)
    dlts = sorted(
        {r["contestant"] for r in log.of("bronze") if r["contestant"].startswith("dlt")},
        key=lambda name: log.median("bronze", "bronze alone", name) or 0,
    )
    for name in dlts[:1]:
        yield _faster(log, ("bronze", "bronze alone"), name, 1)
    for record in _growth(log):
        if record["multiple"] == 1:
            continue
        small, large = sorted([record["multiple"], 1.0])
        seconds = {m: _at_size(log, m) for m in (small, large)}
        ratio = seconds[large] / seconds[small] if seconds[small] else 0
        yield (
            f"the same changes in a shop {large / small:g} times the size",
            _seconds(seconds[large]),
            f"itself, {_seconds(seconds[small])}",
            f"{ratio:.2f} times the cost",
            "at most 1.3",
            _verdict(ratio <= 1.3),
        )
    ours, theirs = (
        log.median("reconcile", work, OURS, "comparing_seconds")
        for work in ("by hashes", "by reading all")
    )
    if ours and theirs:
        yield (
            "reconciliation without differences",
            _seconds(ours),
            f"reading all rows again, {_seconds(theirs)}",
            f"{theirs / ours:.1f} times faster",
            "15 times",
            _verdict(theirs / ours >= 15),
        )
    for work in dict.fromkeys(r["work"] for r in log.of("writers")):
        yield (f"tables as SELECTs: {work}", *_at_most(log, ("writers", work), BY_HAND, 1)[1:])
    yield from _memory(log)
    yield from _readers(log)


def _memory(log: Log) -> Iterator[Sequence[str]]:
    sizes = [r["client_mb"] for r in log.of("pipeline") if r["contestant"] == OURS]
    theirs = [r["client_mb"] for r in log.of("pipeline") if r["contestant"] == PEER]
    if sizes and theirs:
        yield (
            "memory of the client",
            f"{max(sizes):.1f} MB",
            f"{PEER}, {max(theirs):.1f} MB",
            f"{max(theirs) / max(sizes):.0f} times less",
            "under 60 MB",
            _verdict(max(sizes) < 60),
        )


def _readers(log: Log) -> Iterator[Sequence[str]]:
    for name in (OURS, PEER):
        quiet, busy = (
            log.median("readers", work, name, "p95_ms") for work in ("quiet", "during a run")
        )
        if not quiet or not busy:
            continue
        waited = log.median("readers", "during a run", name, "waited") or 0
        yield (
            f"readers of gold during a run of {name}: p95",
            f"{busy:.2f} ms, {waited:.0f} waited",
            f"a quiet system, {quiet:.2f} ms",
            f"{busy / quiet:.2f} times",
            "at most 1.5, none waits" if name == OURS else "",
            _verdict(busy / quiet <= 1.5 and not waited) if name == OURS else "",
        )


def _details(log: Log) -> Iterator[str]:
    costs = [
        (f"{r['part']}: {r['work']}", r["contestant"])
        for r in log.records
        if r["part"] in ("pipeline", "bronze", "reconcile", "writers")
    ]
    columns = {
        "seconds": "s",
        "client_mb": "client MB",
        "server_mb": "backend MB",
        "server_mb_shared": "with shared buffers",
        "rows_sent": "rows sent by production",
        "open_seconds": "s in transactions there",
        "client_cpu": "CPU s of the client",
        "server_cpu": "of the warehouse",
        "production_cpu": "of production",
    }
    yield "## Time, memory, production's load"
    yield (
        "Backend MB: the largest backend of the warehouse, without and with the shared buffers "
        "that it touched. Transactions on production are sampled every 20 ms."
    )
    yield _table(
        ["work", "who", *columns.values()],
        (
            [work, who, *(_number(log, work, who, column) for column in columns)]
            for work, who in dict.fromkeys(costs)
        ),
    )
    if any(_growth(log)):
        yield "## The same changes in shops of several sizes"
        yield "![seconds by size and step](growth.svg)"
        yield _table(
            ["orders", "first load s", "changed rows s", "buffers touched"],
            (
                [
                    f"{r['orders']:,}",
                    f"{r['seconds']:.1f}",
                    f"{_at_size(log, r['multiple']):.2f}",
                    f"{_at_size(log, r['multiple'], 'buffers'):,.0f}",
                ]
                for r in _growth(log)
            ),
        )
    for work in PIPELINE:
        steps = _steps(log, work)
        if steps:
            yield f"## Where the time goes: {work}"
            yield _table(["step", "s", "read", "inserted", "updated", "deleted"], steps)


def _steps(log: Log, work: str) -> list[Sequence[str]]:
    runs = [r["steps"] for r in log.of("pipeline", work) if r.get("steps")]
    if not runs:
        return []
    slow = sorted(runs[-1], key=lambda step: -(step["seconds"] or 0))[:15]
    counts = ("read", "inserted", "updated", "deleted")
    return [
        [
            s["step"],
            f"{s['seconds'] or 0:.3f}",
            *("" if s[c] is None else f"{s[c]:,}" for c in counts),
        ]
        for s in slow
    ]


def _growth(log: Log) -> list[dict[str, Any]]:
    return list(log.of("growth", "first load"))


def _at_size(log: Log, multiple: float, number: str = "seconds") -> float:
    chosen = Log()
    chosen.records = [r for r in log.of("growth", "changed rows") if r["multiple"] == multiple]
    return chosen.median("growth", "changed rows", OURS, number) or 0


def _faster(log: Log, what: tuple[str, str], theirs: str, target: float) -> Sequence[str]:
    work, a, b = what[1], log.median(*what, OURS), log.median(*what, theirs)
    if not a or not b:
        return [work, "", theirs, "", f"{target:g} times faster", "not measured"]
    return [
        work,
        _seconds(a),
        f"{theirs}, {_seconds(b)}",
        f"{b / a:.1f} times faster" if b >= a else f"{a / b:.1f} times slower",
        f"{target:g} times" if target > 1 else "faster",
        _verdict(b / a >= target),
    ]


def _at_most(log: Log, what: tuple[str, str], theirs: str, target: float) -> Sequence[str]:
    work, a, b = what[1], log.median(*what, OURS), log.median(*what, theirs)
    if not a or not b:
        return [work, "", theirs, "", f"at most {target:g} times", "not measured"]
    return [
        work,
        _seconds(a),
        f"{theirs}, {_seconds(b)}",
        f"{a / b:.2f} times",
        f"at most {target:g} times",
        _verdict(a / b <= target),
    ]


def _number(log: Log, work: str, who: str, column: str) -> str:
    part, _, name = work.partition(": ")
    number = log.median(part, name, who, column)
    return "" if number is None else f"{number:,.0f}" if number >= 100 else f"{number:.4g}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.3g} s"


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
