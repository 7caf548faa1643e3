"""Rules of columns and checks of the warehouse, as tests of dbt's manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fdwarehouse.artifacts.dbt import Names
from fdwarehouse.database.observation.described import DescribedTable
from fdwarehouse.identifiers import unqualified

_NAMESPACES = dict.fromkeys(("expression_is_true", "unique_combination_of_columns"), "dbt_utils")

_CONSTRAINT: Mapping[str, Any] = {"severity": "error"}


@dataclass(frozen=True)
class Test:
    """A rule of a column, or a check; a rule of a constraint has no result of its own.

    Attributes:
        name: of the test.
        severity: error or warn.
        reads: the tables that it reads, the tested one last.
        table: the tested table; None for a check of several.
        column: the tested column.
        kind: name of dbt's generic test; None for a check that is a query.
        arguments: of the generic test.
        check: the check that tests it; None: a constraint does.
        where: condition of the rows that are tested; None: all.
    """

    __test__ = False  # no test of pytest

    name: str
    severity: str
    description: str
    reads: list[str]
    file: str
    table: str | None = None
    column: str | None = None
    kind: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    check: str | None = None
    where: str | None = None

    @property
    def metadata(self) -> dict[str, Any] | None:
        """What dbt calls the test, with its arguments."""
        if self.kind is None:
            return None
        namespace = _NAMESPACES.get(self.kind)
        return {"name": self.kind, "kwargs": self.arguments, "namespace": namespace}


def tests_of(names: Names) -> Iterator[Test]:
    """List all rules and checks.

    Args:
        names: of the warehouse.
    """
    listed = set[str | None]()
    for table in names.observed.described.tables:
        for test in (*_of_key(table, names), *_of_columns(table, names)):
            listed.add(test.check)
            yield test
    for check in names.observed.checks:
        if check["check_name"] not in listed:
            yield Test(
                check["check_name"],
                check["severity"],
                check["description"],
                [read for read in check["reads"] if read in names.models],
                f"sql/checks/{check['check_name']}.sql",
                check=check["check_name"],
            )


def _of_key(table: DescribedTable, names: Names) -> Iterator[Test]:
    """Yield what the primary key of a table promises."""
    if table.kind in ("raw", "view") or not table.key:
        return
    if len(table.key) > 1:
        arguments = {"combination_of_columns": table.key}
        yield _test(table, names, ("unique_combination_of_columns", arguments))
    else:
        for kind in ("unique", "not_null"):
            yield _test(table, names, (kind, {}), column=table.key[0])


def _of_columns(table: DescribedTable, names: Names) -> Iterator[Test]:
    for column in table.columns.values():
        for rule in column.tests or ():
            is_of_key = rule["test"] in ("not_null", "unique") and table.key == [column.name]
            if not is_of_key:
                test = _test(table, names, _generic(rule, names), column=column.name, rule=rule)
                yield replace(test, where=table.ruled_rows)


def _generic(rule: Mapping[str, Any], names: Names) -> tuple[str, dict[str, Any]]:
    """Return the name and the arguments of dbt's test for a rule."""
    match rule["test"]:
        case "accepted_values":
            return "accepted_values", {"values": rule["values"]}
        case "check":
            return "expression_is_true", {"expression": rule["condition"]}
        case "references":
            to = rule["to"]
            key = next((t.key for t in names.observed.described.tables if t.name == to), [])
            name = names.tables.get(to, unqualified(to))
            return "relationships", {"to": f"ref('{name}')", "field": (key or ["?"])[0]}
        case other:
            return other, {}


def _test(
    table: DescribedTable,
    names: Names,
    generic: tuple[str, dict[str, Any]],
    *,
    column: str | None = None,
    rule: Mapping[str, Any] = _CONSTRAINT,
) -> Test:
    kind, arguments = generic
    name = names.tables[table.name]
    to = rule.get("to", "")
    of_column = {"column_name": column} if column else {}
    return Test(
        name="_".join(filter(None, (kind, name, column))),
        severity=rule["severity"],
        description="",
        reads=[read for read in (to, table.name) if read in names.models],
        file=table.file or "warehouse.yaml",
        table=table.name,
        column=column,
        kind=kind,
        arguments={**arguments, "model": f"{{{{ get_where_subquery(ref('{name}')) }}}}"}
        | of_column,
        check=rule.get("check_name"),
    )
