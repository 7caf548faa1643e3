"""A view with a header, which may depend on the time, since it is computed when read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import jinja2

from fdwarehouse.compiler.algebra.catalog import Relation
from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.compiler.tables.table import table_context
from fdwarehouse.compiler.tables.target import Target


@dataclass(frozen=True)
class View:
    """A view with its definition."""

    target: Target
    definition: Definition

    @property
    def logs(self) -> Mapping[Relation, tuple[str, ...]]:
        """A view reads no log."""
        return {}

    @property
    def kept_up(self) -> str:
        """How it is computed, in one line."""
        return "view"

    def files(self, environment: jinja2.Environment) -> Iterator[tuple[str, str]]:
        """Yield name and SQL of its one object.

        Args:
            environment: has the templates of the mechanics.
        """
        context = table_context(self.target, self.definition, self.kept_up)
        text = environment.get_template("per_select/view.sql").render(context)
        yield self.target.qualified, text
