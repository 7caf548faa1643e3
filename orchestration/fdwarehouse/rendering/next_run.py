"""What the first run after a deploy computes: in full, or downstream of a change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fdwarehouse.rendering.selection import Node, downstream
from fdwarehouse.rendering.steps import Model


@dataclass(frozen=True)
class NextRun:
    """What a run computes after a deploy."""

    full: Mapping[str, str] = field(default_factory=dict)
    """Tables that it computes in full, in its order, each with the reason."""
    incremental: Sequence[str] = ()
    """Tables and views downstream of these: views, and tables that read only what changes."""
    is_first: bool = False
    """Whether nothing was built yet: then it computes everything, and nothing is listed."""


def next_run(
    models: Iterable[Model],
    nodes: Sequence[Node],
    deployed: Mapping[str, str],
    built: Collection[str],
) -> NextRun:
    """Find what the first run after a deploy computes in full, and what is downstream of it.

    It follows mechanics/deploy/invalidate.sql and etl.invalidate_downstream: a table of silver or
    gold that is computed in full makes its readers in silver, and all later tables of gold, full
    too. Rows that the run deletes can make more of gold full.

    Args:
        models: the steps of the deploy, in topological order.
        nodes: its tables and views.
        deployed: what each deployed table is computed from, as a hash.
        built: the deployed tables that have a watermark.
    """
    reads = {node.name: node.reads for node in nodes}
    full: dict[str, str] = {}
    spreading: list[str] = []
    for model in models:
        name = model.model
        if model.layer == "source" or model.reconciles:
            continue
        causes = [m for m in spreading if m in model.reads]
        near = [m for m in causes if m in reads.get(name, ())] or causes
        if name not in deployed:
            full[name] = "new"
        elif deployed[name] != model.checksum:
            full[name] = "changed"
        elif name not in built:
            full[name] = "due before this deploy"
        elif near:
            full[name] = f"reads {near[-1]}"
        elif spreading and model.layer == "gold":
            full[name] = f"comes after {spreading[-1]}"
        if name in full and model.layer in ("silver", "gold"):
            spreading.append(name)
    later = downstream(nodes, full)
    return NextRun(full, [n.name for n in nodes if n.name in later and n.name not in full])
