"""Rules of headers that cannot be constraints become checks, which return the violating rows.

A constraint is enforced on each row that is written, and fails the run. Checks run afterwards: for
rules that only warn, refer to a table that another transaction writes, or span several rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.identifiers import ident, literal, qualified
from fdwarehouse.project.checks import Check, check_name
from fdwarehouse.project.header import ColumnHeader


@dataclass(frozen=True)
class _Rule:
    name: str
    severity: str
    promise: str
    """The rule: `is not null`."""
    broken: str
    """The condition on a row `t` that violates it."""
    joins: str = ""
    excused: str = ""
    """A condition on the rows that violate it: these are no violations. It is too costly to be
    evaluated for every row."""


def checks_of(
    target: Target, definition: Definition, keys: Mapping[str, tuple[str, ...]]
) -> Iterator[Check]:
    """Yield the checks of a table.

    Args:
        target: the table.
        definition: its file.
        keys: primary key of each table that the header refers to, as `schema.name`.
    """
    is_silver = target.schema == "silver"
    if target.primary_key != target.key:
        yield _check_of_key(target, definition)
    for name, column in definition.header.columns.items():
        for rule in _rules(target, name, column, keys):
            yield _check(target, definition, name, rule, is_silver=is_silver)
    for test in definition.header.tests:
        yield Check(
            check_name(target.name, test.name),
            target.schema,
            test.severity,
            test.scope,
            test.description or f"Test {test.name} of {target.qualified}.",
            test.query.strip().rstrip(";"),
            definition.path,
        )


def _rules(
    target: Target, name: str, column: ColumnHeader, keys: Mapping[str, tuple[str, ...]]
) -> Iterator[_Rule]:
    """Yield the rules of a column that are not constraints; see `table.constraints`."""
    value, is_silver = f"t.{ident(name)}", target.schema == "silver"
    if column.severity == "warn":
        if column.not_null:
            yield _Rule("not_null", "warn", "is not null", f"{value} IS NULL")
        if column.accepted_values is not None:
            accepted = ", ".join(accepted_value(v) for v in column.accepted_values)
            yield _Rule(
                "accepted_values",
                "warn",
                f"is one of {accepted}",
                f"{value} NOT IN ({accepted})",
            )
        if column.check:
            yield _Rule("check", "warn", f"fulfils {column.check}", f"({column.check}) IS FALSE")
    is_unique_by_rule = is_silver or is_unique_by_check(target, name)
    if column.unique and (column.severity == "warn" or is_unique_by_rule):
        yield _Rule("unique", column.severity, "is unique", _is_repeated(target, name))
    reference = column.references
    if reference and (reference.severity == "warn" or is_silver or name in target.checked):
        schema, _, table = reference.to.partition(".")
        (key,) = keys[reference.to]
        live = " AND NOT r.is_deleted" if schema == "silver" else ""
        yield _Rule(
            "references",
            reference.severity,
            f"is in {reference.to}",
            f"{value} IS NOT NULL AND r.{ident(key)} IS NULL",
            f"LEFT JOIN {qualified(schema, table)} AS r ON {value} = r.{ident(key)}{live}",
            f"etl.is_forgotten({literal(reference.to)}, d.{ident(name)}::text)",
        )


def accepted_value(value: str | int) -> str:
    """Write a value of `accepted_values` as SQL."""
    return literal(value) if isinstance(value, str) else str(value)


def is_unique_by_check(target: Target, column: str) -> bool:
    """Return whether a partitioned table cannot enforce that a column is unique."""
    return target.partitions is not None and target.partitions.by != column


def _is_repeated(target: Target, name: str) -> str:
    live = " AND NOT o.is_deleted" if target.schema == "silver" else ""
    differs = " OR ".join(f"o.{ident(k)} <> t.{ident(k)}" for k in target.key)
    return (
        f"EXISTS (\n    SELECT FROM {target.qualified} AS o\n"
        f"    WHERE o.{ident(name)} = t.{ident(name)}{live} AND ({differs})\n)"
    )


def _check_of_key(target: Target, definition: Definition) -> Check:
    """Check that the key is unique: the primary key of a partitioned table includes the date."""
    columns = ",\n    ".join(f"t.{ident(c)}" for c in target.primary_key)
    same = " AND ".join(f"o.{ident(k)} = t.{ident(k)}" for k in target.key)
    by = ident(target.primary_key[-1])
    return Check(
        check_name(target.name, "key", "unique"),
        target.schema,
        "error",
        "run",
        f"{target.qualified} has each key once, across all partitions.",
        f"SELECT\n    {columns}\nFROM {target.qualified} AS t\nWHERE\n"
        f"    t._run_id > p_since_run_id\n    AND EXISTS (\n"
        f"        SELECT FROM {target.qualified} AS o\n"
        f"        WHERE {same} AND o.{by} <> t.{by}\n    )",
        definition.path,
    )


def _check(
    target: Target, definition: Definition, column: str, rule: _Rule, *, is_silver: bool
) -> Check:
    columns = ",\n    ".join(f"t.{ident(c)}" for c in dict.fromkeys((*target.key, column)))
    lines = [f"SELECT\n    {columns}", f"FROM {target.qualified} AS t"]
    lines += [rule.joins] if rule.joins else []
    live = "\n    AND NOT t.is_deleted" if is_silver else ""
    broken = rule.broken.replace("\n", "\n    ")
    lines.append(f"WHERE\n    t._run_id > p_since_run_id{live}\n    AND {broken}")
    if rule.excused:
        rows = "\n".join(lines).replace("\n", "\n    ")
        lines = [f"WITH violating_rows AS MATERIALIZED (\n    {rows}\n)\n", "SELECT d.*"]
        lines += [f"FROM violating_rows AS d\nWHERE NOT {rule.excused}"]
    return Check(
        check_name(target.name, column, rule.name),
        target.schema,
        rule.severity,
        "run",
        f"{target.qualified}.{column} {rule.promise}.",
        "\n".join(lines),
        definition.path,
    )
