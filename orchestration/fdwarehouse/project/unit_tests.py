"""Unit tests of models: what a file of sql/tests/ says, with the line of every value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import yaml

from fdwarehouse.errors import FdwarehouseError, Problems, suggestion
from fdwarehouse.project.validation import TESTS
from fdwarehouse.project.yaml_files import load_nodes

HINT = "`fdwarehouse docs testing` describes unit tests."

_ENTRIES_OF_CASE = ("model", "description", "given", "removed", "expect", "rejected", "then")
_ENTRIES_OF_STEP = _ENTRIES_OF_CASE[2:-1]
_NULL = "tag:yaml.org,2002:null"

T = TypeVar("T")


@dataclass(frozen=True)
class Cell:
    """A value as it is written; `text` is None for null, and JSON for a list or a mapping."""

    text: str | None
    line: int
    parts: tuple[str | None, ...] | None = None
    """The elements of a list of plain values, for arrays."""


@dataclass(frozen=True)
class CaseRow:
    """A row, with the columns that are named."""

    cells: Mapping[str, Cell]
    line: int


Rows = tuple[CaseRow, ...]


@dataclass(frozen=True)
class CaseStep:
    """Rows that arrive, and what the model then has."""

    line: int
    given: Mapping[str, Rows]
    removed: Mapping[str, Rows]
    expect: Rows | None
    rejected: Rows | None
    lines: Mapping[str, int]
    """The line of each table that is given."""


@dataclass(frozen=True)
class UnitTest:
    """A unit test of one model: what is given at first, then changes."""

    name: str
    path: str
    model: str
    model_line: int
    description: str
    steps: tuple[CaseStep, ...]

    def wrong(self, line: int, problem: str, hint: str = HINT) -> FdwarehouseError:
        """Return an error that names a line of the file."""
        return FdwarehouseError(f"{self.path}, line {line}: {problem}", hint=hint)


def read_unit_tests(root: Path) -> list[UnitTest]:
    """Read all unit tests of a project, sorted by name.

    Args:
        root: the project's folder.

    Raises:
        FdwarehouseError: a file is wrong; the message names file and line of everything that is.
    """
    problems = Problems()
    found = []
    for path in sorted((root / "sql" / TESTS).glob("*.yaml")):
        with problems.collected():
            found.append(_Reader(root, path).read())
    problems.raise_found()
    return found


class _Reader:
    def __init__(self, root: Path, path: Path) -> None:
        self.root = root
        self.name = path.stem
        self.path = path.relative_to(root).as_posix()
        self.constructor = yaml.SafeLoader("")
        self.problems = Problems()

    def read(self) -> UnitTest:
        node = load_nodes(self.root, self.path, HINT)
        entries = self._entries(node, "a unit test", _ENTRIES_OF_CASE)
        model = entries.get("model")
        if model is None:
            self._fail(node, "model is missing: the table that is tested, such as gold.fact_sales")
        steps = [self._step(node, entries)]
        if then := entries.get("then"):
            steps += self._list(then, "then", self._following)
        if not any(s.expect is not None or s.rejected is not None for s in steps):
            self._note(node, "it expects nothing: write the rows below expect")
        description = entries.get("description")
        made = UnitTest(
            self.name,
            self.path,
            self._text(model),
            _line(model),
            "" if description is None else self._text(description),
            tuple(steps),
        )
        self.problems.raise_found()
        return made

    def _following(self, node: yaml.Node) -> CaseStep:
        return self._step(node, self._entries(node, "a step of then", _ENTRIES_OF_STEP))

    def _step(self, node: yaml.Node, entries: Mapping[str, yaml.Node]) -> CaseStep:
        lines: dict[str, int] = {}

        def tables(entry: str) -> dict[str, Rows]:
            if entry not in entries or _is_null(entries[entry]):
                return {}
            found = {}
            for key, name, value in self._pairs(entries[entry], f"{entry}: tables and their rows"):
                if name in found:
                    self._note(key, f"{name} is given twice")
                lines.setdefault(name, _line(key))
                found[name] = self._rows(value, name)
            return found

        def rows(entry: str) -> Rows | None:
            return self._rows(entries[entry], entry) if entry in entries else None

        return CaseStep(
            _line(node), tables("given"), tables("removed"), rows("expect"), rows("rejected"), lines
        )

    def _rows(self, node: yaml.Node, what: str) -> Rows:
        return () if _is_null(node) else tuple(self._list(node, what, self._row))

    def _row(self, node: yaml.Node) -> CaseRow:
        cells: dict[str, Cell] = {}
        written = {id(key) for key, _ in node.value} if isinstance(node.value, list) else set()
        seen: set[str] = set()
        for key, name, value in self._pairs(node, "a row: columns and their values"):
            if id(key) in written:  # not taken over from another row by <<
                if name in seen:
                    self._note(key, f"{name} is given twice")
                seen.add(name)
            cells[name] = self._cell(value)
        return CaseRow(cells, _line(node))

    def _cell(self, node: yaml.Node) -> Cell:
        if isinstance(node, yaml.ScalarNode):
            return Cell(None if _is_null(node) else node.value, _line(node))
        value = self.constructor.construct_object(node, deep=True)
        parts = None
        if isinstance(node, yaml.SequenceNode) and all(
            isinstance(part, yaml.ScalarNode) for part in node.value
        ):
            parts = tuple(None if _is_null(part) else part.value for part in node.value)
        return Cell(json.dumps(value, default=str, ensure_ascii=False), _line(node), parts)

    def _entries(self, node: yaml.Node, what: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, name, value in self._pairs(node, f"{what}: names and values"):
            if name not in known:
                more = suggestion(name, known) or f"; there are {', '.join(known)}"
                self._note(key, f"there is no entry {name}{more}")
            elif name in found:
                self._note(key, f"{name} is given twice")
            found[name] = value
        return found

    def _pairs(self, node: yaml.Node, what: str) -> Iterator[tuple[yaml.Node, str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, f"here should be {what}")
        self.constructor.flatten_mapping(node)
        for key, value in node.value:
            yield key, self._text(key), value

    def _list(self, node: yaml.Node, what: str, read: Callable[[yaml.Node], T]) -> list[T]:
        if not isinstance(node, yaml.SequenceNode):
            self._fail(node, f"{what} should be a list, each entry on a line that begins with -")
        return [read(each) for each in node.value]

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode) or _is_null(node):
            self._fail(node, "here should be a name or a text")
        return str(node.value)

    def _note(self, node: yaml.Node, problem: str) -> None:
        self.problems.add(self._wrong(node, problem))

    def _fail(self, node: yaml.Node, problem: str) -> NoReturn:
        self._note(node, problem)
        self.problems.raise_found()
        raise AssertionError

    def _wrong(self, node: yaml.Node, problem: str) -> FdwarehouseError:
        return FdwarehouseError(f"{self.path}, line {_line(node)}: {problem}", hint=HINT)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_null(node: yaml.Node) -> bool:
    return node.tag == _NULL
