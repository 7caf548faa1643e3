"""The files of a deploy and their dependencies."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from hashlib import sha256

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.sql_names import names_in

# A quoted name may contain what elsewhere begins a comment or a literal.
_NO_CODE = re.compile(r"""(?P<name>"(?:[^"]|"")*")|--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'""", re.DOTALL)


@dataclass(frozen=True)
class SqlFile:
    """One file of the deploy: its name below ``build/``, its origin, its SQL."""

    name: str
    origin: str
    sql: str
    """The SQL as deployed."""
    creates: str | None = None
    """Schema-qualified object, for a repeatable file."""
    needs: frozenset[str] = frozenset()
    """What it needs besides what its text names: tables that its table refers to."""
    types: frozenset[str] = frozenset()
    """Columns that it reads, with their types: over other types, its text computes other values."""

    @property
    def plain_name(self) -> str:
        """Its name without the leading number."""
        return re.sub(r"^\d+_", "", self.name)

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL, in hexadecimal."""
        return sha256(self.sql.encode()).hexdigest()

    @property
    def references(self) -> set[str]:
        """Schema-qualified names that must exist when the object is created."""
        return set(names_in(self.sql)) - {self.creates or ""} | self.needs


def code_of(sql: str) -> str:
    """Remove comments and literals from SQL.

    Args:
        sql: the text.
    """
    return _NO_CODE.sub(lambda found: found["name"] or "", sql)


def in_topological_order(objects: Iterable[SqlFile]) -> list[SqlFile]:
    """Sort the files so that each comes after those whose objects it refers to.

    Args:
        objects: repeatable files.

    Raises:
        FdwarehouseError: there is a cycle.
    """
    by_name = {o.creates or o.name: o for o in objects}
    graph = {name: o.references & set(by_name) for name, o in by_name.items()}
    return [by_name[name] for name in topological_order(graph, "sql")]


def topological_order(graph: Mapping[str, set[str]], where: str) -> list[str]:
    """Sort names so that each comes after those that it needs, otherwise alphabetically.

    Args:
        graph: name to the names that it needs.
        where: the folder that the error names.

    Raises:
        FdwarehouseError: there is a cycle.
    """
    sorter = TopologicalSorter({node: sorted(needs) for node, needs in sorted(graph.items())})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise FdwarehouseError(
            f"{where}: these depend on one another: {' -> '.join(error.args[1])}",
            hint="Break the cycle.",
        ) from error


def names_read(compiled: SqlFile, by_name: Mapping[str, SqlFile]) -> set[str]:
    """List the schema-qualified names that an object refers to, directly or through others.

    Args:
        compiled: the object's file.
        by_name: every repeatable file, by the object that it creates.
    """
    return set().union(*(each.references for each in _with_what_it_reads(compiled, by_name)))


def content_checksum(compiled: SqlFile, by_name: Mapping[str, SqlFile]) -> str:
    """Hash what an object and all that it reads compute, ignoring comments.

    Args:
        compiled: the object's file.
        by_name: every repeatable file, by the object that it creates.
    """
    texts = [
        re.sub(
            r"(?ms)^(?:(?:SET (?:search_path|work_mem) =|--) [^\n]*|COMMENT ON .*?;)$\n?",
            "",
            "\n".join((each.sql, *sorted(each.types))),
        )
        for each in _with_what_it_reads(compiled, by_name)
    ]
    return sha256("".join(sorted(texts)).encode()).hexdigest()


def _with_what_it_reads(compiled: SqlFile, by_name: Mapping[str, SqlFile]) -> Collection[SqlFile]:
    found: dict[str, SqlFile] = {}
    waiting = [compiled]
    while waiting:
        current = waiting.pop()
        if current.name not in found:
            found[current.name] = current
            waiting += [by_name[name] for name in current.references if name in by_name]
    return found.values()
