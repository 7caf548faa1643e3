"""The shapes in the SQL files: name, key, SELECT. Each maintains the table `gold.<name>`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shape:
    """One definition; `is_full`: it has no incremental form."""

    name: str
    key: tuple[str, ...]
    select: str
    is_full: bool = False

    def reads(self, name: str) -> bool:
        """Say whether it reads the table of another shape."""
        return re.search(rf"\bgold\.{name}\b", self.select) is not None


def _key(text: str) -> tuple[str, ...]:
    """Read names that are separated by spaces, or a quoted one that contains a space."""
    return (text.strip('"'),) if text.startswith('"') else tuple(text.split())


def _read(text: str, *, is_full: bool) -> list[Shape]:
    parts = re.split(r'^-- (\w+): ([\w "]+)\n', text.lstrip(), flags=re.MULTILINE)[1:]
    return [
        Shape(name, _key(key), select.strip(), is_full)
        for name, key, select in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]


def _file(name: str) -> dict[str, Shape]:
    """Read a file; after `-- full --` are those that have no incremental form."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    incremental, full = text.split("-- full --\n")
    shapes = [*_read(incremental, is_full=False), *_read(full, is_full=True)]
    return {shape.name: shape for shape in shapes}


CLASSES = _file("shapes.sql")
"""One or more for each class that docs/incremental.md names."""
SHAPES = CLASSES | _file("shapes_of_analysts.sql") | _file("shapes_of_types.sql")
"""These, what analysts write beside, and types and names of all kinds."""
