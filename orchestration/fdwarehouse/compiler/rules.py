"""Rules of headers that cannot be constraints: checks, which return the rows that break them.

A constraint holds for each row that is written, and stops the run. What only warns, what refers to
a table that another transaction writes, and what several rows decide, is looked at afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fdwarehouse.checks import Check
from fdwarehouse.compiler.definition import Definition
from fdwarehouse.compiler.header import ColumnHeader
from fdwarehouse.compiler.statement import Target
from fdwarehouse.identifiers import ident, literal, qualified

_LONGEST = 57  # less than a name may have, since functions are called etl.check_<name>


@dataclass(frozen=True)
class _Rule:
    name: str
    severity: str
    promise: str
    """What holds: `is not null`."""
    broken: str
    """The condition on the row `t` under which it does not."""
    joins: str = ""


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
    for name, column in definition.header.columns.items():
        for rule in _rules(target, name, column, keys):
            yield _check(target, definition, name, rule, is_silver=is_silver)
    for test in definition.header.tests:
        yield Check(
            f"{target.name}__{test.name}"[:_LONGEST],
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
    """Yield the rules of a column that are no constraints; see `table.constraints`."""
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
    if column.unique and (column.severity == "warn" or is_silver):
        yield _Rule("unique", column.severity, "is unique", _is_repeated(target, name))
    reference = column.references
    if reference and (reference.severity == "warn" or is_silver):
        schema, _, table = reference.to.partition(".")
        (key,) = keys[reference.to]
        live = " AND NOT r.is_deleted" if schema == "silver" else ""
        yield _Rule(
            "references",
            reference.severity,
            f"is in {reference.to}",
            f"{value} IS NOT NULL AND r.{ident(key)} IS NULL",
            f"LEFT JOIN {qualified(schema, table)} AS r ON {value} = r.{ident(key)}{live}",
        )


def accepted_value(value: str | int) -> str:
    """Write a value of `accepted_values` as SQL."""
    return literal(value) if isinstance(value, str) else str(value)


def _is_repeated(target: Target, name: str) -> str:
    live = " AND NOT o.is_deleted" if target.schema == "silver" else ""
    differs = " OR ".join(f"o.{ident(k)} <> t.{ident(k)}" for k in target.key)
    return (
        f"EXISTS (\n    SELECT FROM {target.qualified} AS o\n"
        f"    WHERE o.{ident(name)} = t.{ident(name)}{live} AND ({differs})\n)"
    )


def _check(
    target: Target, definition: Definition, column: str, rule: _Rule, *, is_silver: bool
) -> Check:
    columns = ",\n    ".join(f"t.{ident(c)}" for c in dict.fromkeys((*target.key, column)))
    lines = [f"SELECT\n    {columns}", f"FROM {target.qualified} AS t"]
    lines += [rule.joins] if rule.joins else []
    live = "\n    AND NOT t.is_deleted" if is_silver else ""
    broken = rule.broken.replace("\n", "\n    ")
    lines.append(f"WHERE\n    t._run_id > p_after_run_id{live}\n    AND {broken}")
    return Check(
        f"{target.name}__{column}__{rule.name}"[:_LONGEST],
        target.schema,
        rule.severity,
        "run",
        f"{target.qualified}.{column} {rule.promise}.",
        "\n".join(lines),
        definition.path,
    )
