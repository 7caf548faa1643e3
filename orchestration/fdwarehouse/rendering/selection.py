"""Which tables and checks `--select` means: names, layers, tags, what is upstream or downstream."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.errors import FdwarehouseError, closest
from fdwarehouse.identifiers import qualified

_LAYERS = ("bronze", "silver", "gold")
_TERM = re.compile(r'(?:[^,\s"]|"(?:[^"]|"")*")+')
_PARTS = re.compile(r"(\+?)(.*?)(\+?)")


@dataclass(frozen=True)
class Node:
    """A table, a view or a check."""

    name: str
    """Quoted; a check has no schema."""
    layer: str
    reads: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    is_modified: bool = False
    """Whether the project would compute it in another way than the deployed warehouse."""


def with_definitions(nodes: Iterable[Node], definitions: Iterable[Definition]) -> list[Node]:
    """Add to tables what their files say: tags, and what their SELECTs name.

    A dimension is built from versions in bronze; its SELECT names the table of silver.

    Args:
        nodes: tables, in topological order.
        definitions: the files of the project's tables that are one SELECT.

    Returns:
        The tables and the views of the project.
    """
    known = {node.name: node for node in nodes}
    for definition in definitions:
        reads = frozenset(qualified(*name) for name in definition.reads)
        node = known.get(definition.model)
        if node is None and definition.header.kind == "view":
            layer = definition.model.partition(".")[0]
            known[definition.model] = Node(definition.model, layer, reads, definition.header.tags)
        elif node is not None:
            known[definition.model] = Node(
                node.name,
                node.layer,
                node.reads | reads,
                definition.header.tags,
                node.is_modified,
            )
    return list(known.values())


def select(
    nodes: Sequence[Node], chosen: Sequence[str] = (), excluded: Sequence[str] = ()
) -> list[str]:
    """Return the names of the selected tables and checks, in the order of the nodes.

    Args:
        nodes: all that can be selected.
        chosen: terms, each of them or several in one text; none selects all.
        excluded: terms for what is left out.

    Raises:
        FdwarehouseError: a term selects nothing.
    """
    graph = {node.name: node for node in nodes}
    wanted = _union(graph, chosen) if terms_of(chosen) else set(graph)
    left_out = _union(graph, excluded)
    return [name for name in graph if name in wanted and name not in left_out]


def downstream(nodes: Iterable[Node], names: Iterable[str]) -> set[str]:
    """Return the names of what reads tables, directly or through others.

    Args:
        nodes: all tables, views and checks.
        names: of the tables.
    """
    read_by: dict[str, set[str]] = {}
    for node in nodes:
        for name in node.reads:
            read_by.setdefault(name, set()).add(node.name)
    return _reached(names, read_by)


def terms_of(texts: Sequence[str]) -> list[str]:
    """Split texts into terms.

    Args:
        texts: as typed.
    """
    return [term for text in texts for term in _TERM.findall(text)]


def asks_for_state(texts: Sequence[str]) -> bool:
    """Return whether a term compares the project with the deployed warehouse, which takes seconds.

    Args:
        texts: as typed.
    """
    return any("state:" in term for term in terms_of(texts))


def _union(graph: Mapping[str, Node], texts: Sequence[str]) -> set[str]:
    return set().union(*(_selected(graph, term) for term in terms_of(texts)))


def _selected(graph: Mapping[str, Node], term: str) -> set[str]:
    found = _PARTS.fullmatch(term)
    assert found is not None
    with_upstream, body, with_downstream = found.groups()
    start = {node.name for node in graph.values() if _test_of(body)(node)}
    if not start and body != "state:modified":
        raise FdwarehouseError(
            f"--select: {body or term} selects nothing", hint=_way_out(graph, body)
        )
    selected = set(start)
    if with_upstream:
        selected |= _reached(start, {n.name: n.reads & set(graph) for n in graph.values()})
    if with_downstream:
        selected |= downstream(graph.values(), start)
    return selected


def _test_of(body: str) -> Callable[[Node], bool]:
    """Return whether a table or check is what a term names."""
    kind, colon, value = body.partition(":")
    if colon and kind == "tag":
        return lambda node: any(fnmatchcase(tag, value) for tag in node.tags)
    if body == "state:modified":
        return lambda node: node.is_modified
    if body in _LAYERS:
        return lambda node: node.layer == body
    plain = body.replace('"', "")
    return lambda node: any(
        fnmatchcase(name.replace('"', ""), plain)
        for name in (node.name, node.name.partition(".")[2] or node.name)
    )


def _reached(start: Iterable[str], graph: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    waiting = set(start)
    while waiting:
        following = set(graph.get(waiting.pop(), ())) - found
        found |= following
        waiting |= following
    return found


def _way_out(graph: Mapping[str, Node], body: str) -> str:
    if body.startswith("state:"):
        return "The only state is state:modified."
    if body.startswith("tag:"):
        tags = sorted({tag for node in graph.values() for tag in node.tags})
        return f"There are the tags {', '.join(tags)}." if tags else "No header has tags."
    names = [*graph, *(short for name in graph if (short := name.partition(".")[2]))]
    if meant := closest(body, names):
        return f"{meant}?"
    return "Name tables such as gold.fact_sales or 'gold.*', or a layer: bronze, silver, gold."
