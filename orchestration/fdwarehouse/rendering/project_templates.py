"""The templates of the mechanics and of one project, with the names and macros that they use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import jinja2

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import file_name, literal, qualified
from fdwarehouse.project.config import Config
from fdwarehouse.project.config_values import LAYERS
from fdwarehouse.project.schema_names import OWN_SCHEMAS
from fdwarehouse.project.sources import LATER_SETTINGS, OPTIONS_BY_HAND, Source
from fdwarehouse.project.sql_files import SqlFile
from fdwarehouse.project.template_errors import ERRORS, explain
from fdwarehouse.rendering.pinned_settings import PINS
from fdwarehouse.rendering.source_keys import SOURCE_KEY_HERE, key_is_computed
from fdwarehouse.rendering.templates import MACROS, MECHANICS, make_environment

_RENAMED = {"p_after_run_id": "p_since_run_id"}
"""Names that earlier releases used, and their present names."""


class ProjectTemplates:
    """Renders templates for one project.

    Args:
        root: the project's folder.
        config: its warehouse.yaml.
        sources: of the project.
        prefix: of the schemas, if they are beside the main deployment.
    """

    def __init__(self, root: Path, config: Config, sources: list[Source], prefix: str = "") -> None:
        self._root = root
        self._sources = sources
        self._row_types: dict[tuple[str, tuple[str, ...]], str] = {}
        project = jinja2.PrefixLoader({"sql": jinja2.FileSystemLoader(root / "sql")})
        self._environment = make_environment(jinja2.FileSystemLoader(MECHANICS), project)
        schemas = [*LAYERS, *(s.name for s in sources)]
        if prefix:
            schemas = [prefix + name for name in OWN_SCHEMAS]
        self._environment.globals.update(
            prefix=prefix,
            schemas=literal("{" + ",".join(schemas) + "}"),
            pins=PINS,
            work_mem=config.work_mem,
            timeouts=config.timeouts.settings,
            later_settings=LATER_SETTINGS.pattern,
            options_by_hand="{" + ",".join(OPTIONS_BY_HAND) + "}",
            sources=sources,
            source={s.name: s for s in sources},
            row_type=self._row_type,
            key_is_computed=self._key_is_computed,
            refuse=_refuse,
            source_key_here=SOURCE_KEY_HERE,
        )
        for macros in MACROS:
            module = self._environment.get_template(f"macros/{macros}.sql").module
            self._environment.globals[macros] = module

    def compile(self, template: str, creates: str | None = None, **context: Any) -> SqlFile:
        """Render one template.

        Args:
            template: its path below the mechanics, or `sql/...` of the project.
            creates: the object that it creates, quoted; None if it creates several.
            context: variables of the template.

        Raises:
            FdwarehouseError: the template is wrong; the message names file and line.
        """
        origin = template if template.startswith("sql/") else f"fdwarehouse/{template}"
        try:
            sql = self._environment.get_template(template).render(context | {"creates": creates})
        except ERRORS as error:
            problem, line = explain(error)
            raise FdwarehouseError(
                f"{origin}{f', line {line}' if line else ''}: {problem}",
                hint=f"Fix the template {origin}, or its call of a macro.",
            ) from error
        if template.startswith("sql/"):
            _require_present_names(origin, sql)
        name = file_name(creates) if creates else template.replace("/", "_")
        return SqlFile(name, origin, sql.strip() + "\n", creates)

    def row_types(self) -> Iterator[SqlFile]:
        """Create the row-type views that the templates rendered so far have requested."""
        for (target, columns), view in self._row_types.items():
            yield self.compile("per_step/row_type.sql", view, target=target, columns=columns)

    def _row_type(self, target: str, columns: Iterable[str]) -> str:
        """Name the view whose row type has these columns of a table. Called by macros."""
        key = (target, tuple(columns))
        table = target.replace('"', "").replace(".", "_")
        number = sum(t == target for t, _ in self._row_types if (t, _) != key)
        view = qualified("etl", f"{table}_row{f'_{number + 1}' if number else ''}")
        return self._row_types.setdefault(key, view)

    def _key_is_computed(self, versions: str, key: list[str]) -> bool:
        """Return whether a view changes the key that its rows have in the source. For macros."""
        view = self._text_of(versions)
        return view is not None and key_is_computed(view, key, self._sources, self._text_of)

    def _text_of(self, name: str) -> str | None:
        """Render the file of a view of the project; None if there is none."""
        file = f"sql/{name.replace('.', '/', 1)}.sql"
        if not (self._root / file).is_file():
            return None
        return self._environment.get_template(file).render(creates=name)


def _require_present_names(origin: str, sql: str) -> None:
    for former, present in _RENAMED.items():
        if re.search(rf"\b{former}\b", sql):
            raise FdwarehouseError(
                f"{origin}: {former} was renamed to {present}", hint="Rename it in the file."
            )


def _refuse(problem: str) -> NoReturn:
    """Stop the rendering with an error. Called by macros."""
    raise FdwarehouseError(
        problem,
        hint="Read a table whose key is that of the source, or use a plain table.",
    )
