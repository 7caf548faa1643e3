"""What a channel is told: which problems are new to it, and which are over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fdwarehouse.project.alert_channels import AlertChannel
from fdwarehouse.site.addresses import problem_page

Problem = Mapping[str, Any]
"""A row of ``etl.problems``, or of ``etl.alerted_problems``."""

_SHOWN = 20
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Message:
    """One message to one channel."""

    project: str
    new: Sequence[Problem]
    """Problems that the channel was not told of, or with another severity."""
    over: Sequence[Problem]
    """Problems that it was told of and that are over."""
    site_url: str | None = None
    """Where the site of the warehouse is; None: there are no links."""

    @property
    def subject(self) -> str:
        """One line: ``xyz_store: 2 new problems, 1 is over``."""
        new = f"{len(self.new)} new problem{'s' if len(self.new) > 1 else ''}" if self.new else ""
        over = f"{len(self.over)} {'are' if len(self.over) > 1 else 'is'} over" if self.over else ""
        return f"{self.project}: {', '.join(filter(None, (new, over)))}"

    @property
    def text(self) -> str:
        """The message for people."""
        blocks = [*map(self._began, self.new[:_SHOWN]), *map(_ended, self.over[:_SHOWN])]
        more = max(len(self.new) - _SHOWN, 0) + max(len(self.over) - _SHOWN, 0)
        if more:
            blocks.append(f"And {more} more in etl.problems.")
        return "\n\n".join(blocks)

    @property
    def document(self) -> dict[str, Any]:
        """The message for programs, as JSON values."""
        return {
            "project": self.project,
            "subject": self.subject,
            "new": [{**problem, "url": self.link(problem)} for problem in self.new],
            "over": [{**problem, "url": self.link(problem)} for problem in self.over],
        }

    def link(self, problem: Problem) -> str | None:
        """Return the address of the page of the site that shows a problem.

        Args:
            problem: the problem.
        """
        if self.site_url is None:
            return None
        return f"{self.site_url.rstrip('/')}/{problem_page(problem)}"

    def _began(self, problem: Problem) -> str:
        return "\n".join(self._lines(problem))

    def _lines(self, problem: Problem) -> Iterator[str]:
        sign = "ERROR" if problem["severity"] == "error" else "Warning"
        yield f"{sign}: {problem['message']}"
        yield f"Since {_moment(problem['since'])}."
        for row in problem["sample_rows"] or []:
            written = json.dumps(row, ensure_ascii=False)
            cut = written[:_SHOWN_CHARACTERS]
            yield f"  {cut}{'...' if cut != written else ''}"
        yield f"What to do: {problem['hint']}"
        if link := self.link(problem):
            yield link


def compare(
    channel: AlertChannel, problems: Sequence[Problem], told: Sequence[Problem]
) -> tuple[list[Problem], list[Problem]]:
    """Return the problems that are new to a channel, and those that are over.

    Args:
        channel: whose filters choose what is new. What was told before it was filtered out is over
            only when it no longer exists.
        problems: that exist now.
        told: of which the channel was told.
    """
    known = {problem["problem"]: problem["severity"] for problem in told}
    present = {problem["problem"] for problem in problems}
    new = [p for p in problems if _is_for(channel, p) and known.get(p["problem"]) != p["severity"]]
    return new, [problem for problem in told if problem["problem"] not in present]


def _is_for(channel: AlertChannel, problem: Problem) -> bool:
    return (channel.severity == "warn" or problem["severity"] == "error") and (
        not channel.kinds or problem["kind"] in channel.kinds
    )


def _ended(problem: Problem) -> str:
    return f"Over: {problem['message']}\nIt began {_moment(problem['since'])}."


def _moment(moment: str) -> str:
    """Write a time as JSON has it, to the minute: 2026-11-26 19:12 UTC."""
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (
        ValueError,
        OverflowError,
    ):  # such as -infinity
        return moment
