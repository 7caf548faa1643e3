"""The text of single new files: a model, a check, a unit test. They deploy and pass as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident

_DELETED = "is_deleted"
_UPDATED = "updated_at"
# Types whose values cannot be compared, so that their history cannot be kept.
_INCOMPARABLE = re.compile("json|xml|point|line|lseg|box|path|polygon|circle")
_PLAIN = re.compile(
    r"-?\d+(\.\d+)?|[A-Za-z][\w-]*|-?infinity|\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d(\.\d+)?)?(\+00)?)?"
)


@dataclass(frozen=True)
class Readable:
    """A table that a new file reads."""

    name: str
    """With its schema, quoted as SQL needs it."""
    columns: Mapping[str, str]
    """Types by name."""
    key: Sequence[str]

    @property
    def own_columns(self) -> list[str]:
        """Its columns, without those that the engine adds."""
        return [c for c in self.columns if c != _DELETED and not c.startswith("_")]

    @property
    def live(self) -> str:
        """The condition that leaves out rows that production has deleted; empty: none."""
        return f"NOT {_DELETED}" if _DELETED in self.columns else ""


def model_file(model: str, read: Readable) -> str:
    """Write the file of a table of gold that has all columns of another table.

    Args:
        model: its name; one that begins with dim_ is a dimension.
        read: the table that it reads.
    """
    header: dict[str, object] = {
        "description": f"Rows of {read.name}.",
        "grain": f"one row of {read.name}",
    }
    if model.partition(".")[2].startswith("dim_"):
        kept = [c for c in read.own_columns if c not in (*read.key, "created_at", _UPDATED)]
        header |= {
            "grain": f"one version of one row of {read.name}",
            "kind": "dimension",
            "key": [*read.key],
            "type2": [c for c in kept if not _INCOMPARABLE.match(read.columns[c])],
        }
        if read.columns.get(_UPDATED, "").startswith("timestamp"):
            header["updated_at"] = _UPDATED
    else:
        header["key"] = [*read.key]
    text = yaml.safe_dump(
        header, sort_keys=False, allow_unicode=True, width=96, default_flow_style=None
    ).replace("*/", "* /")
    selected = ",\n".join(f"    {ident(c)}" for c in read.own_columns)
    where = f"\nWHERE {read.live}" if read.live else ""
    return f"/*\n{text}*/\nSELECT\n{selected}\nFROM {read.name}{where}\n"


def check_file(read: Readable) -> str:
    """Write the file of a check of the rows that a run has changed.

    Args:
        read: the table that it reads.
    """
    layer = read.name.partition(".")[0]
    conditions = [*(f"{ident(c)} IS NULL" for c in read.key[:1])] or ["false"]
    if read.live:
        conditions.insert(0, read.live)
    if "_run_id" in read.columns:
        conditions.insert(0, "_run_id > p_since_run_id")
    listed = ", ".join(ident(c) for c in read.key) or "*"
    return (
        f"-- layer: {layer}\n-- severity: warn\n-- Every row of {read.name} has a key. (Say in one "
        "sentence what holds; select the rows that break it.)\n"
        f"SELECT {listed}\nFROM {read.name}\nWHERE {' AND '.join(conditions)}\n"
    )


Rows = Sequence[Mapping[str, str | None]]


def test_file(model: str, given: Mapping[str, Rows], expect: Rows) -> str:
    """Write the file of a unit test.

    Args:
        model: that is tested.
        given: rows of each table.
        expect: rows of the model.
    """
    lines = [f"model: {_value(model)}", f"description: Say what holds for {model}.", "given:"]
    for table, rows in given.items():
        lines += [f"  {_value(table)}:", *(f"    - {_row(row, 7)}" for row in rows)]
    lines.append("expect:" if expect else "expect: []")
    lines += [f"  - {_row(row, 5)}" for row in expect]
    return "\n".join(lines) + "\n"


def write_file(root: Path, path: str, text: str, *, is_secret: bool = False) -> None:
    """Write a new file.

    Args:
        root: the project's folder.
        path: relative to it.
        text: the content.
        is_secret: whether only its owner may read it.

    Raises:
        FdwarehouseError: it exists.
    """
    if (root / path).exists():
        raise FdwarehouseError(f"{path} exists", hint="Choose another name, or edit it.")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).touch(0o600 if is_secret else 0o666)
    (root / path).write_text(text, encoding="utf-8")


def _row(row: Mapping[str, str | None], indent: int) -> str:
    """Write a row as a mapping in braces, in lines of at most 100 characters."""
    lines, line = [], "{"
    cells = [f"{_value(name)}: {_value(text)}" for name, text in row.items()]
    for number, cell in enumerate(cells):
        end = "}" if number == len(cells) - 1 else ","
        if len(line) + len(cell) + indent > 97 and line != "{":
            lines.append(line.rstrip())
            line = ""
        line += f"{cell}{end} "
    return ("\n" + " " * indent).join([*lines, line.rstrip()]) if cells else "{}"


def _value(text: str | None) -> str:
    if text is None:
        return "null"
    if _PLAIN.fullmatch(text) and text.lower() != "null":
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return yaml.safe_dump(text, default_style='"', width=10**6, allow_unicode=True).strip()
