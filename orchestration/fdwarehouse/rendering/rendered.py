"""A rendered deploy: its files in order, and facts about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.lineage import AnyTable
from fdwarehouse.project.checks import Check
from fdwarehouse.project.sources import Source
from fdwarehouse.project.sql_files import SqlFile
from fdwarehouse.rendering.steps import Model, RangePartitions


@dataclass(frozen=True)
class Rendered:
    """A whole deploy, in order."""

    files: list[SqlFile]
    models: list[Model] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    replaced: frozenset[str] = frozenset()
    """Migrations whose files may be missing, since another replaces them."""
    root: Path = Path()
    definitions: list[Definition] = field(default_factory=list)
    """Tables that are one SELECT and not compiled yet, which needs a warehouse."""
    foundation: list[SqlFile] = field(default_factory=list)
    """The files that come before the routines and views of the project."""
    kept_up: Mapping[str, str] = field(default_factory=dict)
    """How each table that is one SELECT is maintained, in one line."""
    work_mem: str = ""
    """Memory for each sort or hash of a step."""
    prefix: str = ""
    """Of its schemas, if it is deployed beside the main deployment. Its files name none."""


@dataclass(frozen=True)
class CompiledTables:
    """The files of the tables that are one SELECT."""

    tables: list[SqlFile] = field(default_factory=list)
    objects: list[SqlFile] = field(default_factory=list)
    """Their definitions and writers."""
    checks: list[Check] = field(default_factory=list)
    """Rules that are not constraints."""
    kept_up: Mapping[str, str] = field(default_factory=dict)
    """How each table is maintained, in one line."""
    partitions: Mapping[str, RangePartitions] = field(default_factory=dict)
    """How tables are partitioned by a date."""
    analysed: Sequence[AnyTable] = ()
    """The tables themselves."""
