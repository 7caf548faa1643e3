"""The figures of the torture test, as a table."""

from __future__ import annotations

from pathlib import Path

from tests.torture.history import History


class Report:
    """The number of events of each kind, and the number of wrong rows.

    Args:
        seed: Of the random choices.
        history: With the tally.
    """

    def __init__(self, seed: str, history: History) -> None:
        self.seed = seed
        self.rounds = 0
        self.seconds = 0.0
        self.control: list[tuple[int, int]] = []
        """After each round, how many rows of the control are wrong, and of how many."""
        self._tally = history.tally

    def figures(self) -> dict[str, str]:
        """Return the figures by name, in reading order."""
        tally = self._tally
        compared = tally["rows compared at rest"] + tally["rows compared after a run"]
        return {
            "seed": self.seed,
            "minutes": f"{self.seconds / 60:.1f}",
            "rounds": f"{self.rounds}",
            "runs tried": f"{self._sum('runs: '):,}",
            **self._those("runs logged as "),
            "kills": f"{self._sum('kills: '):,}",
            **self._those("kills: "),
            "changes meanwhile": f"{self._sum('changes: '):,}",
            **self._those("changes: "),
            "writers' transactions": f"{self._sum('transactions: '):,}",
            **self._those("transactions: "),
            "rows compared": f"{compared:,}",
            "**wrong rows**": f"**{tally['wrong rows']:,}**",
            "control's wrong rows after round 1, the clock untouched": _of(self.control[:1]),
            "control's wrong rows in the end": _of(self.control[-1:]),
        }

    @property
    def control_has_lost(self) -> bool:
        """Whether the control has lost rows: if not, the test proves nothing."""
        return any(wrong for wrong, _ in self.control)

    def table(self) -> str:
        """Return the figures as a table in Markdown."""
        lines = ["| | |", "|---|---:|"]
        lines += [f"| {name} | {figure} |" for name, figure in self.figures().items()]
        return "\n".join(lines) + "\n"

    def write(self, path: Path) -> None:
        """Write the table into a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# Torture\n\n" + self.table(), encoding="utf-8")

    def _sum(self, prefix: str) -> int:
        return sum(n for name, n in self._tally.items() if name.startswith(prefix))

    def _those(self, prefix: str) -> dict[str, str]:
        return {
            f"- {name}" if name.startswith("runs") else f"- {name.removeprefix(prefix)}": f"{n:,}"
            for name, n in sorted(self._tally.items())
            if name.startswith(prefix)
        }


def _of(results: list[tuple[int, int]]) -> str:
    return "".join(f"{wrong:,} of {total:,}" for wrong, total in results)
