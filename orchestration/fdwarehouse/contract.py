"""What production looked like when last looked at: the model of a file in ``contracts/``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from fdwarehouse.config import load_yaml

HEADER = """\
# What the source looked like when last looked at. Written by `fdwarehouse contract`; review a
# change of it like that of a lock file.
"""


class Column(BaseModel):
    """A column of a source table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    """Type in the warehouse; of a kind that it does not know, text."""
    not_null: bool = False
    source_type: str | None = None
    """Type in the source, where the warehouse does not know it: an enumeration, say."""


class Table(BaseModel):
    """A table of a source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    primary_key: list[str] = []
    columns: dict[str, Column]


class Contract(BaseModel):
    """What one source looked like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    server_version: int
    """Major version of the source's server."""
    time_zone: str
    """In which the source writes time stamps without time zone."""
    tables: dict[str, Table]


def contract_path(root: Path, source: str) -> Path:
    """Name the contract file of a source."""
    return root / "contracts" / f"{source}.yaml"


def load_contract(root: Path, source: str) -> Contract:
    """Read the contract of a source.

    Args:
        root: the project's folder.
        source: name of the source in ``warehouse.yaml``.

    Raises:
        FdwarehouseError: the file is missing or does not hold a contract.
    """
    return load_yaml(contract_path(root, source), Contract, "Write it with `fdwarehouse contract`.")


def dump_contract(contract: Contract) -> str:
    """Write a contract as the text of its file, a column a line; the same text for the same source.

    Args:
        contract: what the source looks like.
    """
    lines = [
        f"source: {_scalar(contract.source)}",
        f"server_version: {contract.server_version}",
        f"time_zone: {_scalar(contract.time_zone)}",
        "tables:",
    ]
    for name, table in contract.tables.items():
        lines.append(f"  {_scalar(name)}:")
        if table.primary_key:
            lines.append(f"    primary_key: [{', '.join(map(_scalar, table.primary_key))}]")
        lines.append("    columns:")
        for column, description in table.columns.items():
            source_type, not_null = description.source_type, description.not_null
            lines.append(
                f"      {_scalar(column)}: {{type: {_quoted(description.type)}"
                + (f", source_type: {_quoted(source_type)}" if source_type else "")
                + (", not_null: true" if not_null else "")
                + "}"
            )
    return HEADER + "\n".join(lines) + "\n"


def _scalar(text: str) -> str:
    """Write a YAML string, quoted only where YAML would take it for something else."""
    is_plain = re.fullmatch(r"[A-Za-z_][\w/+-]*", text, re.ASCII) and yaml.safe_load(text) == text
    return text if is_plain else _quoted(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if text.isprintable() else json.dumps(text)
