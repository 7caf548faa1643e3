"""Templates, configuration and contracts in, SQL out: pure functions, no database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import jinja2

from fdwarehouse.compiler.tables.definition import Definition, is_definition, read_definition
from fdwarehouse.errors import FdwarehouseError, Problems
from fdwarehouse.identifiers import file_name, literal, qualified
from fdwarehouse.project.checks import Check, parse_check
from fdwarehouse.project.config import LAYERS, Config
from fdwarehouse.project.reading import read_project
from fdwarehouse.project.sources import (
    LATER_SETTINGS,
    OPTIONS_BY_HAND,
    Source,
)
from fdwarehouse.project.sql_files import SqlFile, in_topological_order, names_read
from fdwarehouse.project.template_errors import ERRORS, explain
from fdwarehouse.project.validation import (
    require_one_file_each,
    require_what_it_is_named_after,
)
from fdwarehouse.rendering.migrations import read_migrations, replaced
from fdwarehouse.rendering.pinned_settings import PINS
from fdwarehouse.rendering.rendered import CompiledTables, Rendered
from fdwarehouse.rendering.source_keys import SOURCE_KEY_HERE, key_is_computed, with_source_key
from fdwarehouse.rendering.steps import (
    Model,
    Partitions,
    make_models,
    partitioned,
    require_built,
    routines_with_settings,
)
from fdwarehouse.rendering.templates import MACROS, MECHANICS, make_environment


def render_project(root: Path, compiled: CompiledTables | None = None) -> Rendered:
    """Render a project.

    Args:
        root: its folder.
        compiled: its tables that are one SELECT; None before they are compiled.

    Returns:
        The files of the deploy in the order in which they run.

    Raises:
        FdwarehouseError: configuration, contract or a template is wrong; the message names the
            file.
    """
    config, sources = read_project(root, make_environment())
    return _Renderer(root, config, sources).render(compiled)


class _Renderer:
    def __init__(self, root: Path, config: Config, sources: list[Source]) -> None:
        self.root = root
        self.sources = sources
        self.problems = Problems()
        self.config = config
        project = jinja2.PrefixLoader({"sql": jinja2.FileSystemLoader(root / "sql")})
        self.environment = make_environment(jinja2.FileSystemLoader(MECHANICS), project)
        self.environment.globals.update(
            schemas=literal("{" + ",".join([*LAYERS, *(s.name for s in self.sources)]) + "}"),
            pins=PINS,
            work_mem=config.work_mem,
            timeouts=config.timeouts.settings,
            later_settings=LATER_SETTINGS.pattern,
            options_by_hand="{" + ",".join(OPTIONS_BY_HAND) + "}",
            sources=self.sources,
            source={s.name: s for s in self.sources},
            row_type=self._row_type,
            key_is_computed=self._key_is_computed,
            refuse=_refuse,
            source_key_here=SOURCE_KEY_HERE,
        )
        self.definitions: list[Definition] = []
        self.row_types: dict[tuple[str, tuple[str, ...]], str] = {}
        for macros in MACROS:
            module = self.environment.get_template(f"macros/{macros}.sql").module
            self.environment.globals[macros] = module

    def render(self, compiled: CompiledTables | None) -> Rendered:
        versioned = [
            *read_migrations("fdwarehouse", MECHANICS / "migrations"),
            *read_migrations("project", self.root / "migrations"),
        ]
        taken_out: frozenset[str] = frozenset()
        with self.problems.collected():
            taken_out = replaced(versioned)
        migrations = [m.compiled for m in versioned]
        runner = list(self._routines_of_the_runner())
        objects = [
            *self._routines_of_sources(),
            *self._objects_of_the_project(),
            *(compiled.objects if compiled else ()),
        ]
        read_checks = [*self._checks(), *(compiled.checks if compiled else ())]
        self.problems.raise_found()
        objects += [
            self._compile("per_step/row_type.sql", view, target=target, columns=columns)
            for (target, columns), view in self.row_types.items()
        ]
        models = make_models(self.sources, objects)
        selects = {d.model: d.path for d in self.definitions}
        with self.problems.collected():
            require_built(models, self.config.partitions, selects)
        partitions: Partitions = {
            **self.config.partitions,
            **(compiled.partitions if compiled else {}),
        }
        models = partitioned(models, partitions)
        with self.problems.collected():
            settings = list(self._settings(models, () if compiled else selects))
        self.problems.raise_found()
        checks = []
        objects += [
            self._compile("per_step/procedure.sql", m.procedure, model=m)
            for m in models
            if m.procedure
        ]
        by_name = {o.creates: o for o in objects if o.creates}
        for check in read_checks:
            function = self._compile("per_step/check.sql", f"etl.check_{check.name}", check=check)
            objects.append(replace(function, origin=check.origin))
            reads = names_read(function, by_name) & {m.model for m in models}
            checks.append(replace(check, reads=tuple(sorted(reads))))
        require_one_file_each([*runner, *objects])
        foundation = [
            self._compile("deploy/take.sql"),
            self._compile(
                "deploy/prepare.sql", migrations=[*(m.name for m in migrations), *sorted(taken_out)]
            ),
            self._compile("deploy/drop_repeatable.sql"),
            *migrations,
            self._compile("deploy/keep_others.sql"),
            self._compile("deploy/mount.sql"),
            *in_topological_order(runner),
            *self._tables_of_sources(),
        ]
        files = [
            *foundation,
            *(compiled.tables if compiled else ()),
            *in_topological_order(objects),
            *settings,
            self._compile("deploy/finish.sql", models=models, checks=checks, partitions=partitions),
        ]
        recorded = [(f.name, f.checksum) for f in files]
        files.append(self._compile("deploy/record.sql", objects=recorded))
        numbered = [replace(f, name=f"{n:03}_{f.name}") for n, f in enumerate(files, start=1)]
        definitions = [] if compiled else self.definitions
        return Rendered(
            numbered,
            models,
            checks,
            self.sources,
            taken_out,
            self.root,
            definitions,
            foundation,
            compiled.kept_up if compiled else {},
            self.config.work_mem,
        )

    def _compile(self, template: str, creates: str | None = None, **context: Any) -> SqlFile:
        origin = template if template.startswith("sql/") else f"fdwarehouse/{template}"
        try:
            sql = self.environment.get_template(template).render(context | {"creates": creates})
        except ERRORS as error:
            problem, line = explain(error)
            raise FdwarehouseError(
                f"{origin}{f', line {line}' if line else ''}: {problem}",
                hint=f"Mend the template {origin}, or its call of a macro.",
            ) from error
        name = file_name(creates) if creates else template.replace("/", "_")
        return SqlFile(name, origin, sql.strip() + "\n", creates)

    def _row_type(self, target: str, columns: Iterable[str]) -> str:
        """Name the view whose row type has these columns of a table; macros ask for it."""
        key = (target, tuple(columns))
        table = target.replace('"', "").replace(".", "_")
        number = sum(t == target for t, _ in self.row_types if (t, _) != key)
        view = qualified("etl", f"{table}_row{f'_{number + 1}' if number else ''}")
        return self.row_types.setdefault(key, view)

    def _key_is_computed(self, versions: str, key: list[str]) -> bool:
        """Tell whether a view gives its rows another key than the source has; macros ask for it."""
        view = self._text_of(versions)
        return view is not None and key_is_computed(view, key, self.sources, self._text_of)

    def _text_of(self, name: str) -> str | None:
        """Render the file of a view of the project; None where there is none."""
        file = f"sql/{name.replace('.', '/', 1)}.sql"
        if not (self.root / file).is_file():
            return None
        return self.environment.get_template(file).render(creates=name)

    def _routines_of_the_runner(self) -> Iterator[SqlFile]:
        for path in sorted((MECHANICS / "etl").glob("*/*.sql"), key=lambda path: path.stem):
            yield self._compile(f"etl/{path.parent.name}/{path.name}", f"etl.{path.stem}")

    def _routines_of_sources(self) -> Iterator[SqlFile]:
        for source in self.sources:
            for routine in (
                *("find_drift", "storage_now", "observe_storage", "require_same_storage"),
                *("read_fence", "discontinuity_in", "utc_offset"),
            ):
                yield self._compile(
                    f"per_source/{routine}.sql", qualified(source.name, routine), source=source
                )
            if in_chunks := [table for table in source.tables if table.watermark]:
                yield self._compile(
                    "per_source/plan_chunks.sql",
                    qualified(source.name, "plan_chunks"),
                    source=source,
                    tables=in_chunks,
                )
            for table in source.tables:
                appends = qualified("bronze", f"append_{table.raw_name}")
                yield self._compile("per_table/append.sql", appends, source=source, table=table)
                if table.watermark:
                    loads_chunk = qualified("bronze", f"load_chunk_of_{table.raw_name}")
                    yield self._compile("per_table/load_chunk.sql", loads_chunk, table=table)
                if table.reconcile_every:
                    reconciles = qualified("bronze", f"reconcile_{table.raw_name}")
                    yield self._compile(
                        "per_table/reconcile.sql", reconciles, table=table, appends=appends
                    )

    def _settings(self, models: list[Model], waiting: Collection[str]) -> Iterator[SqlFile]:
        """Write the settings of steps; those that `wait` to be compiled come later."""
        chosen = {n: c for n, c in self.config.settings.items() if n not in waiting}
        if settings := list(routines_with_settings(models, chosen)):
            file = self._compile("deploy/settings.sql", settings=settings)
            yield replace(file, origin="warehouse.yaml: settings")

    def _tables_of_sources(self) -> Iterator[SqlFile]:
        for source in self.sources:
            server = self._compile("per_source/server.sql", source=source)
            yield replace(server, name=f"{source.name}.sql")
            require_session = qualified(source.name, "require_session")
            yield self._compile("per_source/require_session.sql", require_session, source=source)
            probe = self._compile("per_source/probe.sql", source=source)
            yield replace(probe, name=f"{source.name}_probe.sql")
            catalogue = self._compile("per_source/catalogue.sql", source=source)
            yield replace(catalogue, name=f"{source.name}_catalogue.sql")
            fetch_sizes = self._compile("per_source/fetch_sizes.sql", source=source)
            yield replace(fetch_sizes, name=f"{source.name}_fetch_sizes.sql")
            yield self._compile(
                "per_source/columns.sql",
                qualified(source.name, "_columns"),
                source=source,
                table_names=[table.name for table in source.tables],
            )
            for table in source.tables:
                raw_table = self._compile("per_table/raw_table.sql", source=source, table=table)
                yield replace(raw_table, name=file_name(table.model))

    def _objects_of_the_project(self) -> Iterator[SqlFile]:
        for layer in LAYERS:
            for path in sorted((self.root / "sql" / layer).glob("*.sql")):
                with self.problems.collected():
                    name = qualified(layer, path.stem)
                    text = path.read_text(encoding="utf-8")
                    if is_definition(text):
                        self.definitions.append(read_definition(f"sql/{layer}/{path.name}", text))
                        continue
                    compiled = self._compile(f"sql/{layer}/{path.name}", name)
                    require_what_it_is_named_after(compiled)
                    yield replace(compiled, sql=with_source_key(compiled.sql, self.sources))

    def _checks(self) -> Iterator[Check]:
        for folder, template in (
            (MECHANICS / "checks", "checks"),
            (self.root / "sql" / "checks", "sql/checks"),
        ):
            for path in sorted(folder.glob("*.sql")):
                with self.problems.collected():
                    yield parse_check(path.stem, self._compile(f"{template}/{path.name}"))


def _refuse(problem: str) -> NoReturn:
    """Stop the rendering; macros call it."""
    raise FdwarehouseError(
        problem,
        hint="Make the dimension of a table whose key is that of the source, or a plain table.",
    )
