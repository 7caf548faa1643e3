"""Runs hand-written cases and series of random changes until a table differs.

`python -m tests.compiler.series URL COUNT SHAPES...` prints the shapes that were wrong; its exit
code is 1 if there are any, and 2 if it fails itself.
"""

from __future__ import annotations

import sys
import traceback

import psycopg

from tests.compiler.cases import CASES, wrong_after
from tests.compiler.keeping import Keeper
from tests.compiler.shapes import SHAPES


def main(url: str, count: int, names: list[str]) -> int:
    """Return 1 if a table was wrong."""
    sources = [n for n in SHAPES if any(SHAPES[s].reads(n) for s in names)]
    with psycopg.connect(url, autocommit=True) as connection:
        keeper = Keeper(connection, dict.fromkeys([*sources, *names]))
        for case in CASES:
            if case.shape in names and wrong_after(keeper, case):
                print(case.shape)
                return 1
        for seed in range(7000, 7000 + count):
            if wrong := keeper.series(seed).wrong:
                print(*wrong)
                print(*wrong.values(), sep="\n", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
    except Exception:
        traceback.print_exc()
        sys.exit(2)
