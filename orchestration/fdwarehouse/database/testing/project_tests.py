"""Runs the unit tests of a project, which is deployed for their time and rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import psycopg

from fdwarehouse.database.apart import deployed_apart
from fdwarehouse.database.selecting import deployed_checksums, modified_models
from fdwarehouse.database.testing.tested_models import ProjectUnderTest
from fdwarehouse.database.testing.ways import UnitTestResult, run_unit_test
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.unit_tests import UnitTest
from fdwarehouse.rendering.rendered import Rendered
from fdwarehouse.rendering.selection import Node, select, terms_of, with_definitions


def run_unit_tests(
    warehouse: psycopg.Connection,
    rendered: Rendered,
    tests: Sequence[UnitTest],
    *,
    chosen: Sequence[str] = (),
    excluded: Sequence[str] = (),
    compiled: Callable[[Rendered], None] = lambda _: None,
) -> Iterator[UnitTestResult]:
    """Run unit tests; all that is done in the warehouse is rolled back.

    Args:
        warehouse: a connection as the owner.
        rendered: the deploy of the project, without its compiled tables.
        tests: of the project.
        chosen: terms that select tables whose tests are run; none selects all.
        excluded: terms for tables whose tests are left out.
        compiled: see `deployed_apart`.

    Raises:
        FdwarehouseError: the project cannot be deployed, or a term selects nothing.
    """
    deployed = deployed_checksums(warehouse)
    with deployed_apart(rendered, warehouse, compiled=compiled) as whole:
        project = ProjectUnderTest(warehouse, whole, rendered.definitions)
        selected = None
        if terms_of(chosen) or terms_of(excluded):
            modified = modified_models(whole.models, deployed)
            selected = {*select(_nodes(project, modified), chosen, excluded)}
        for test in tests:
            if selected is None or project.name_of(test) in selected:
                yield _run(warehouse, project, test)


def _run(
    warehouse: psycopg.Connection, project: ProjectUnderTest, test: UnitTest
) -> UnitTestResult:
    try:
        named, subject = project.subject(test)
    except FdwarehouseError as error:
        return UnitTestResult(test, 0, wrong=error)
    return run_unit_test(warehouse, named, subject)


def _nodes(project: ProjectUnderTest, modified: set[str]) -> list[Node]:
    tables = [
        Node(m.model, m.layer, frozenset(m.reads), is_modified=m.model in modified)
        for m in project.models.values()
        if m.layer != "source"
    ]
    views = [
        Node(name, name.partition(".")[0], frozenset(project.names_read(name)))
        for name in project.views
    ]
    return with_definitions([*tables, *views], project.definitions.values())
