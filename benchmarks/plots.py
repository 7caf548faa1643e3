"""Plots the measurements with matplotlib.

Runs in the peers' environment: `python -m benchmarks.plots RESULTS.json FOLDER`.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

OURS, OTHERS, LIMIT = "#1f6f8b", "#c9a227", "#8a8a8a"
SHOWN_STEPS = 8

Records = list[dict[str, Any]]


def main(numbers: Path, folder: Path) -> None:
    """Plot every part that was measured."""
    mpl.use("svg")
    # The same numbers give the same file.
    mpl.rcParams.update({"svg.hashsalt": "bench", "font.size": 10, "axes.spines.top": False})
    mpl.rcParams["axes.spines.right"] = False
    by_part: dict[str, Records] = defaultdict(list)
    for record in json.loads(numbers.read_text(encoding="utf-8"))["records"]:
        by_part[record["part"]].append(record)
    drawings = {"pipeline": pipeline, "bronze": bronze, "growth": growth, "readers": readers}
    for part, draw in drawings.items():
        if records := by_part[part]:
            figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
            draw(axes, records)
            figure.savefig(folder / f"{part}.svg", metadata={"Date": None})
            plt.close(figure)


def pipeline(axes: Axes, records: Records) -> None:
    """Seconds by work and contestant, on a logarithmic axis."""
    works = list(dict.fromkeys(r["work"] for r in records))
    who = list(dict.fromkeys(r["contestant"] for r in records))
    for i, contestant in enumerate(who):
        seconds = [_median(records, work, contestant) for work in works]
        places = [place + (i - (len(who) - 1) / 2) * 0.38 for place in range(len(works))]
        bars = axes.bar(places, seconds, 0.36, label=contestant, color=_color(contestant))
        axes.bar_label(bars, fmt=lambda value: f"{value:.3g} s")
    axes.set_xticks(range(len(works)), works)
    axes.set_yscale("log")
    axes.set_ylabel("seconds, production to checked gold")
    axes.legend(frameon=False)


def bronze(axes: Axes, records: Records) -> None:
    """Seconds by contestant."""
    who = list(dict.fromkeys(r["contestant"] for r in records))
    who.sort(key=lambda name: _median(records, "bronze alone", name))
    seconds = [_median(records, "bronze alone", name) for name in who]
    bars = axes.barh(who, seconds, color=[_color(name) for name in who])
    axes.bar_label(bars, fmt=lambda value: f" {value:.3g} s")
    axes.invert_yaxis()
    axes.set_xlabel("seconds, all rows of production into bronze")


def growth(axes: Axes, records: Records) -> None:
    """Seconds of the slowest steps by the size of the shop."""
    runs = [r for r in records if r["work"] == "changed rows"]
    sizes = sorted({r["orders"] for r in runs})
    by_step: dict[str, list[float]] = {}
    for name in {s["step"] for r in runs for s in r["steps"]}:
        by_step[name] = [
            median(
                sum(s["seconds"] or 0 for s in r["steps"] if s["step"] == name)
                for r in runs
                if r["orders"] == size
            )
            for size in sizes
        ]
    slow = sorted(by_step, key=lambda name: -max(by_step[name]))
    shown = {name: by_step[name] for name in slow[:SHOWN_STEPS]}
    shown["all others"] = [
        sum(by_step[n][i] for n in slow[SHOWN_STEPS:]) for i in range(len(sizes))
    ]
    floor = [0.0] * len(sizes)
    for name, seconds in shown.items():
        axes.bar([f"{size:,} orders" for size in sizes], seconds, 0.6, floor, label=name)
        floor = [below + more for below, more in zip(floor, seconds, strict=True)]
    axes.set_ylabel("seconds, the same changes")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], frameon=False, loc="center left", bbox_to_anchor=(1, 0.5)
    )


def readers(axes: Axes, records: Records) -> None:
    """Median, 95th percentile and longest query, quiet and during runs."""
    groups = list(dict.fromkeys((r["contestant"], r["work"]) for r in records))
    labels = [f"{who}\n{work}" for who, work in groups]
    for shift, (number, alpha) in enumerate(
        {"p50_ms": 1, "p95_ms": 0.7, "longest_ms": 0.4}.items()
    ):
        heights = [
            median(r[number] for r in records if (r["contestant"], r["work"]) == group)
            for group in groups
        ]
        places = [place + (shift - 1) * 0.27 for place in range(len(groups))]
        bars = axes.bar(
            places, heights, 0.25, color=OURS, alpha=alpha, label=number.removesuffix("_ms")
        )
        axes.bar_label(bars, fmt="%.2g")
    axes.set_xticks(range(len(groups)), labels)
    axes.set_yscale("log")
    axes.set_ylabel("milliseconds, one query of gold")
    axes.legend(frameon=False)


def _median(records: Records, work: str, contestant: str) -> float:
    return median(
        r["seconds"] for r in records if (r["work"], r["contestant"]) == (work, contestant)
    )


def _color(contestant: str) -> str:
    return {"fdwarehouse": OURS, "COPY": LIMIT}.get(contestant.partition(",")[0], OTHERS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
