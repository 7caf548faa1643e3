"""Which tables of a source are read: names and patterns of ``warehouse.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fdwarehouse.errors import FdwarehouseError, Problems, suggestion
from fdwarehouse.identifiers import qualified
from fdwarehouse.project.config import Config, SourceConfig, TableConfig
from fdwarehouse.project.contract import Contract


@dataclass(frozen=True)
class Relation:
    """A table of production, or a view."""

    schema: str
    name: str
    is_table: bool = True
    """Whether patterns match it: not a view, a partition or a table of an extension."""
    has_children: bool = False
    """Whether other tables inherit from it."""


@dataclass(frozen=True)
class Pattern:
    """A shell-style name: ``*`` is any text, ``?`` any character."""

    schema: str
    table: str

    @property
    def regexes(self) -> tuple[str, str]:
        """Regular expressions for the schema and the table, for Python and for PostgreSQL."""
        return _regex(self.schema), _regex(self.table)

    def matches(self, schema: str, table: str) -> bool:
        """Say whether it matches a table.

        Args:
            schema: of the table.
            table: its name.
        """
        pairs = zip(self.regexes, (schema, table), strict=True)
        return all(re.fullmatch(regex, name, re.DOTALL) for regex, name in pairs)


def is_pattern(name: str) -> bool:
    """Say whether a name of ``warehouse.yaml`` can be a pattern.

    Args:
        name: of a table, unless production has a table with exactly this name.
    """
    return "*" in name or "?" in name


def patterns(source: SourceConfig) -> list[tuple[Pattern, TableConfig]]:
    """List the patterns of a source's tables, in the order of the file.

    Args:
        source: as in ``warehouse.yaml``.
    """
    named = ((name, settings) for name, settings in source.tables.items() if is_pattern(name))
    return [(_pattern(name, source.schema_name), settings) for name, settings in named]


def exclusions(source: SourceConfig) -> list[Pattern]:
    """List the patterns of tables that are never taken by a pattern.

    Args:
        source: as in ``warehouse.yaml``. A pattern without a schema is for every schema.
    """
    return [_pattern(name, "*") for name in source.exclude]


def settings_by_pattern(source: SourceConfig, schema: str, table: str) -> TableConfig | None:
    """Return the settings of the first pattern that matches a table; None if none takes it.

    Args:
        source: as in ``warehouse.yaml``.
        schema: of the table.
        table: its name.
    """
    if any(pattern.matches(schema, table) for pattern in exclusions(source)):
        return None
    found = (settings for p, settings in patterns(source) if p.matches(schema, table))
    return next(found, None)


def settings_of_relation(source: SourceConfig, relation: Relation) -> TableConfig | None:
    """Return the settings of a table of production; None if it is not taken.

    Args:
        source: as in ``warehouse.yaml``.
        relation: the table.
    """
    names = (known_as(source, relation.schema, relation.name), f"{relation.schema}.{relation.name}")
    named = (source.tables[name] for name in names if name in source.tables)
    if settings := next(named, None):
        return settings
    return (
        settings_by_pattern(source, relation.schema, relation.name) if relation.is_table else None
    )


def is_chosen_by_pattern(source: SourceConfig, schema: str, table: str) -> bool:
    """Say whether a pattern takes or excludes a table, so that it needs no name of its own.

    Args:
        source: as in ``warehouse.yaml``.
        schema: of the table.
        table: its name.
    """
    decided = [*exclusions(source), *(pattern for pattern, _ in patterns(source))]
    return any(pattern.matches(schema, table) for pattern in decided)


def choose(
    name: str, source: SourceConfig, relations: Iterable[Relation], problems: Problems
) -> dict[str, Relation]:
    """Find the tables of production that a source takes.

    Args:
        name: of the source.
        source: as in ``warehouse.yaml``.
        relations: tables and views of production.
        problems: collects that production lacks a table, and that names are ambiguous.

    Returns:
        By their names in the contract, first those that are named exactly.
    """
    known = {(relation.schema, relation.name): relation for relation in relations}
    chosen: dict[str, Relation] = {}
    missing = []
    for table in source.tables:
        places = ((source.schema_name, table), *_places(table))
        relation = next((known[place] for place in places if place in known), None)
        if relation is None:
            missing += [] if is_pattern(table) else [table]
        elif relation in chosen.values():
            other = next(other for other, found in chosen.items() if found == relation)
            problems.add(
                FdwarehouseError(
                    f"warehouse.yaml: {table} and {other} of source {name} are the same table",
                    hint="Remove one of them.",
                )
            )
        else:
            chosen[table] = relation
    if missing:
        listed = [t if _places(t) else f"{source.schema_name}.{t}" for t in missing]
        problems.add(
            FdwarehouseError(
                f"source {name} has no table {listed[0]}"
                + (f", nor {', '.join(listed[1:])}" if listed[1:] else "")
                + suggestion(listed[0], (f"{schema}.{table}" for schema, table in known)),
                hint="Fix schema or tables in warehouse.yaml, or create the table in production.",
            )
        )
    taken = set(chosen.values())
    for relation in sorted(known.values(), key=lambda r: (r.schema, r.name)):
        table = known_as(source, relation.schema, relation.name)
        if (
            not relation.is_table
            or relation in taken
            or settings_by_pattern(source, relation.schema, relation.name) is None
        ):
            continue
        if table in chosen:
            problems.add(_same_name(name, table, chosen[table], relation))
        else:
            chosen[table] = relation
    if not chosen and not missing:
        problems.add(
            FdwarehouseError(
                f"source {name}: no table of production matches warehouse.yaml",
                hint="Fix schema, tables or exclude: a pattern without a schema is for the tables "
                f"of schema {source.schema_name}.",
            )
        )
    return chosen


def _same_name(source: str, name: str, *relations: Relation) -> FdwarehouseError:
    """Say that a table of a schema and a table with a dot in its name are called the same."""
    shown = [qualified(relation.schema, relation.name) for relation in relations]
    return FdwarehouseError(
        f"source {source}: {' and '.join(shown)} are both called {name} in warehouse.yaml",
        hint="Only one of them can be read. Exclude the other one, such as "
        f"exclude: [{relations[1].schema}.{relations[1].name}].",
    )


def known_as(source: SourceConfig, schema: str, table: str) -> str:
    """Name a table as ``warehouse.yaml`` and the contract do.

    Args:
        source: as in ``warehouse.yaml``.
        schema: of the table.
        table: its name.
    """
    return table if schema == source.schema_name else f"{schema}.{table}"


def settings_of(source: SourceConfig, contract: Contract) -> dict[str, TableConfig]:
    """Return the settings of the tables of a source, by their names in the contract.

    Args:
        source: as in ``warehouse.yaml``.
        contract: of the source; a table of it that no name or pattern takes is left out.
    """
    exact = {t: s for t, s in source.tables.items() if t in contract.tables or not is_pattern(t)}
    settings = dict(exact)
    for name, table in contract.tables.items():
        if name not in exact:
            schema = table.schema_name or source.schema_name
            found = settings_by_pattern(source, schema, table.name_in_schema(name))
            if found is not None:
                settings[name] = found.for_columns(table.columns)
    return settings


def without_missing(config: Config, contracts: Mapping[str, Contract]) -> Config:
    """Return a configuration without the tables that production lacks, which are told already.

    Args:
        config: of the project.
        contracts: as production is now, by name of the source; others are left out.
    """
    sources = {}
    for name, source in config.sources.items():
        if name in contracts:
            known = contracts[name].tables
            tables = {t: s for t, s in source.tables.items() if t in known or is_pattern(t)}
            sources[name] = source.model_copy(update={"tables": tables})
    return config.model_copy(update={"sources": sources})


def schemas_of(source: SourceConfig, existing: Iterable[str]) -> list[str]:
    """List the schemas of production that may have tables of a source, its own one first.

    Args:
        source: as in ``warehouse.yaml``.
        existing: the schemas of production.
    """
    known = [schema for schema in existing if schema != source.schema_name]
    exact = [table for table in source.tables if not is_pattern(table)]
    named = {schema for table in exact for schema, _ in _places(table)}
    by_pattern = [pattern.regexes[0] for pattern, _ in patterns(source)]
    others = [s for s in known if s in named or any(re.fullmatch(r, s) for r in by_pattern)]
    is_used = any(not {s for s, _ in _places(table)} & {*known} for table in exact) or any(
        re.fullmatch(regex, source.schema_name) for regex in by_pattern
    )
    return [source.schema_name, *others] if is_used else others


def _pattern(name: str, schema: str) -> Pattern:
    before, dot, after = name.partition(".")
    return Pattern(before, after) if dot else Pattern(schema, name)


def _places(name: str) -> list[tuple[str, str]]:
    """List how a name with dots can be a schema and a table."""
    dots = (n for n, letter in enumerate(name) if letter == ".")
    return [(name[:n], name[n + 1 :]) for n in dots if 0 < n < len(name) - 1]


def _regex(pattern: str) -> str:
    return "".join(_LETTERS.get(c, c if c.isalnum() or c == "_" else f"\\{c}") for c in pattern)


_LETTERS: Mapping[str, str] = {"*": ".*", "?": "."}
