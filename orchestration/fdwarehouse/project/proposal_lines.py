"""Proposals as lines of warehouse.yaml, and as lines that a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import yaml

from fdwarehouse.project.proposals import Proposal


def table_lines(proposals: Iterable[Proposal]) -> Iterator[str]:
    """Write tables as lines of warehouse.yaml with their reasons; those not read as comments.

    Args:
        proposals: of one source.
    """
    left_out = []
    for proposal in proposals:
        if proposal.skipped is not None:
            left_out.append(proposal)
        else:
            name, settings = _flow(proposal.table), _flow(dict(proposal.settings))
            yield f"      # {_one_line(proposal.reason)}"
            yield f"      {name}: {settings}"
    for line in lines_left_out(left_out):
        yield f"      # {_one_line(line)}"


def lines_left_out(proposals: Iterable[Proposal]) -> Iterator[str]:
    """Say in a line per table why it is not read; partitions of a table share one.

    Args:
        proposals: of one source.
    """
    skipped = [proposal for proposal in proposals if proposal.skipped is not None]
    partitions = Counter(proposal.part_of for proposal in skipped)
    for proposal in skipped:
        count = partitions.pop(proposal.part_of, 0) if proposal.part_of else 0
        if count > 1:
            reason = "their rows are read through it"
            yield f"not read: {count} partitions of {proposal.part_of}: {reason}"
        elif count or not proposal.part_of:
            yield f"not read: {proposal.table}: {proposal.skipped}"


def _flow(value: object) -> str:
    """Write a value of YAML on one line."""
    text = yaml.safe_dump(
        value, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False
    )
    return text.removesuffix("\n...\n").strip()


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
