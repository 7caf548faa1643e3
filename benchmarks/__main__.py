"""Runs the parts that the environment selects and writes `benchmarks/results/`."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.arena import Arena
from benchmarks.log import Log
from benchmarks.options import ROOT, Options
from benchmarks.report import folder_of, write
from fdwarehouse.terminal.console import say

STATE = ROOT / "build" / "bench"


def main() -> None:
    """Run the parts in turn, and write the results after each."""
    try:
        options = Options.from_environment()
    except ValueError as error:
        sys.exit(str(error))
    log = Log()
    arena = Arena(STATE, explains=options.explains)
    try:
        for part in options.parts:
            import_module(f"benchmarks.parts.{part}").run(arena, options, log)
            write(arena, options, log)
    finally:
        arena.close(keeps=options.keeps_servers)
    say(f"The results are in {folder_of(options).relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
