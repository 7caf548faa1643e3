"""Renders a project: templates, configuration and contracts in, SQL out. Uses no database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from fdwarehouse.compiler.tables.definition import Definition, is_definition, read_definition
from fdwarehouse.compiler.tables.mirror import mirrored
from fdwarehouse.errors import Problems
from fdwarehouse.identifiers import qualified
from fdwarehouse.project.checks import Check, is_check, parse_check
from fdwarehouse.project.config import Config
from fdwarehouse.project.config_values import LAYERS
from fdwarehouse.project.reading import read_project
from fdwarehouse.project.schema_names import require_no_bronze, require_renamable
from fdwarehouse.project.sources import Source
from fdwarehouse.project.sql_files import SqlFile, in_topological_order, names_read
from fdwarehouse.project.sql_names import names_in
from fdwarehouse.project.validation import (
    require_one_file_each,
    require_what_it_is_named_after,
)
from fdwarehouse.rendering.catalogue import Row, json_literal, rows_of_files, rows_of_project
from fdwarehouse.rendering.described_tables import rows_of_tables
from fdwarehouse.rendering.migrations import Migration, read_migrations, replaced
from fdwarehouse.rendering.project_templates import ProjectTemplates
from fdwarehouse.rendering.rendered import CompiledTables, Rendered
from fdwarehouse.rendering.source_files import routines_of_sources, tables_of_sources
from fdwarehouse.rendering.source_keys import with_source_key
from fdwarehouse.rendering.steps import (
    Model,
    Partitions,
    make_models,
    partitioned,
    require_built,
    routines_with_settings,
    with_derived,
)
from fdwarehouse.rendering.templates import MECHANICS, make_environment


def render_project(
    root: Path, compiled: CompiledTables | None = None, *, prefix: str = ""
) -> Rendered:
    """Render a project.

    Args:
        root: its folder.
        compiled: its tables that are one SELECT; None before they are compiled.
        prefix: of its schemas, if it is deployed beside the main deployment.

    Returns:
        The files of the deploy in the order in which they run.

    Raises:
        FdwarehouseError: configuration, contract or a template is wrong; the message names the
            file.
    """
    config, sources = read_project(root, make_environment())
    return _Renderer(root, config, sources, prefix).render(compiled)


_ROUTINES_BESIDE = (
    "changed_rows_of_main",
    "failed_in_main",
    "follow_main",
    "pass_gate_of_main",
    "require_main_idle",
    "require_main_untouched",
)


class _Renderer:
    def __init__(self, root: Path, config: Config, sources: list[Source], prefix: str) -> None:
        self.root = root
        self.config = config
        self.sources = sources
        self.prefix = prefix
        self.extracted = [] if prefix else sources
        """The sources that it extracts; beside the main deployment, none."""
        self.templates = ProjectTemplates(root, config, sources, prefix)
        self.definitions: list[Definition] = []
        """The tables that are one SELECT, among the files of the project."""
        self.problems = Problems()

    def render(self, compiled: CompiledTables | None) -> Rendered:
        tables = compiled or CompiledTables()
        migrations = [
            *read_migrations("fdwarehouse", MECHANICS / "migrations"),
            *read_migrations("project", self.root / "migrations"),
        ]
        taken_out: frozenset[str] = frozenset()
        with self.problems.collected():
            taken_out = replaced(migrations)
        runner = list(self._routines_of_the_runner())
        objects = [
            *routines_of_sources(self.templates, self.extracted),
            *self._objects_of_the_project(),
        ]
        with self.problems.collected():
            self.definitions += mirrored(self.sources, _read_by_silver(self.definitions, objects))
        objects += tables.objects
        checks = [c for c in (*self._checks(), *tables.checks) if self._has_check(c)]
        self.problems.raise_found()

        objects += self.templates.row_types()
        partitions: Partitions = {**self.config.partitions, **tables.partitions}
        selects = {d.model: d.path for d in self.definitions}
        models = with_derived(
            make_models(self.extracted, objects, read=self._tables_of_main),
            self.definitions,
            objects,
            tables.kept_up,
        )
        with self.problems.collected():
            require_built(models, self.config.partitions, selects)
        models = partitioned(models, partitions)
        settings: list[SqlFile] = []
        with self.problems.collected():
            settings += self._settings(models, waiting=() if compiled else selects)
        self.problems.raise_found()

        objects += self._procedures(models)
        functions = [self._function(check) for check in checks]
        checks = list(_with_what_they_read(checks, functions, objects, models))
        objects += functions
        require_one_file_each([*runner, *objects])

        foundation = [*self._preparation(migrations, taken_out), *in_topological_order(runner)]
        foundation += tables_of_sources(self.templates, self.extracted)
        files = [*foundation, *tables.tables, *in_topological_order(objects), *settings]
        rows = {
            **rows_of_project(self.extracted, models, checks, partitions),
            **rows_of_tables(
                self.sources, tables.analysed, models, objects, {check.name for check in checks}
            ),
        }
        if self.prefix:  # which columns are masked
            rows["etl.source_columns"] = self._rows_of_main["etl.source_columns"]
        files += self._conclusion(rows)
        if self.prefix:
            self._require_renamable(files, models)
        files.append(
            self.templates.compile("deploy/record.sql", files=json_literal(rows_of_files(files)))
        )
        numbered = [replace(f, name=f"{n:03}_{f.name}") for n, f in enumerate(files, start=1)]
        return Rendered(
            numbered,
            models,
            checks,
            self.sources,
            replaced=taken_out,
            root=self.root,
            definitions=[] if compiled else self.definitions,
            foundation=numbered[: len(foundation)],
            kept_up=tables.kept_up,
            work_mem=self.config.work_mem,
            prefix=self.prefix,
        )

    def _preparation(
        self, migrations: Sequence[Migration], taken_out: Iterable[str]
    ) -> Iterator[SqlFile]:
        """The first files of a deploy: lock the warehouse, drop what is replaced, migrate."""
        compiled = [migration.compiled for migration in migrations]
        known = [*(file.name for file in compiled), *sorted(taken_out)]
        yield self.templates.compile("deploy/take.sql")
        yield self.templates.compile("deploy/create_deferred_indexes.sql")
        yield self.templates.compile("deploy/tables.sql")
        yield self.templates.compile("deploy/migrations.sql", migrations=known)
        yield self.templates.compile("deploy/require_trusted_public.sql")
        yield self.templates.compile("deploy/drop_repeatable.sql")
        yield from compiled
        yield self.templates.compile("deploy/keep_others.sql")
        if self.prefix:
            main = self._rows_of_main
            yield self.templates.compile(
                "deploy/follow.sql",
                columns=json_literal(main["etl.source_columns"]),
                sources_of_main=json_literal(main["etl.sources"]),
            )
        else:
            yield self.templates.compile("deploy/mount.sql")

    def _conclusion(self, rows: Mapping[str, Sequence[Row]]) -> Iterator[SqlFile]:
        """The files that follow once everything is created; the deploy then records itself."""
        yield self.templates.compile("deploy/project.sql", document=json_literal(rows))
        yield self.templates.compile("deploy/invalidate.sql")
        yield self.templates.compile("deploy/describe.sql")
        yield self.templates.compile("deploy/catalogue.sql")
        for source in self.extracted:
            if source.numbered_tables:
                yield self.templates.compile("per_source/numbers_of_deploy.sql", source=source)
        yield self.templates.compile("deploy/grants.sql")
        yield self.templates.compile("deploy/require_trusted_schemas.sql")
        if self.prefix:
            yield self.templates.compile("deploy/require_apart.sql")

    def _routines_of_the_runner(self) -> Iterator[SqlFile]:
        for path in sorted((MECHANICS / "etl").glob("*/*.sql"), key=lambda path: path.stem):
            if is_check(path):
                continue
            template = f"etl/{path.parent.name}/{path.name}"
            yield self.templates.compile(template, f"etl.{path.stem}")
        for routine in _ROUTINES_BESIDE if self.prefix else ():
            yield self.templates.compile(f"beside/{routine}.sql", f"etl.{routine}")

    def _objects_of_the_project(self) -> Iterator[SqlFile]:
        for layer in LAYERS:
            for path in sorted((self.root / "sql" / layer).glob("*.sql")):
                with self.problems.collected():
                    text = path.read_text(encoding="utf-8")
                    name = f"sql/{layer}/{path.name}"
                    if is_definition(text):
                        self.definitions.append(read_definition(name, text))
                        continue
                    file = self.templates.compile(name, qualified(layer, path.stem))
                    require_what_it_is_named_after(file)
                    yield replace(file, sql=with_source_key(file.sql, self.sources))

    def _checks(self) -> Iterator[Check]:
        own = filter(is_check, (MECHANICS / "etl" / "checks").glob("*.sql"))
        templates = [f"etl/checks/{path.name}" for path in sorted(own)]
        written = sorted((self.root / "sql" / "checks").glob("*.sql"))
        for template in (*templates, *(f"sql/checks/{path.name}" for path in written)):
            with self.problems.collected():
                yield parse_check(Path(template).stem, self.templates.compile(template))

    def _settings(self, models: list[Model], waiting: Collection[str]) -> Iterator[SqlFile]:
        """Write the settings of steps, except of tables that are not compiled yet."""
        chosen = {n: c for n, c in self.config.settings.items() if n not in waiting}
        if settings := list(routines_with_settings(models, chosen)):
            file = self.templates.compile("deploy/settings.sql", settings=settings)
            yield replace(file, origin="warehouse.yaml: settings")

    def _procedures(self, models: Iterable[Model]) -> Iterator[SqlFile]:
        for model in models:
            if model.procedure:
                yield self.templates.compile("per_step/procedure.sql", model.procedure, model=model)

    @property
    def _rows_of_main(self) -> Mapping[str, Sequence[Row]]:
        return rows_of_project(self.sources, [], [], {})

    @property
    def _tables_of_main(self) -> set[str]:
        """The tables of bronze that it reads and does not build."""
        return {t.model for s in self.sources for t in s.tables} if self.prefix else set()

    def _has_check(self, check: Check) -> bool:
        """Whether it runs here: what reads sources or extractions concerns the main deployment."""
        named = (name.partition(".")[0] for name in names_in(check.select))
        return not self.prefix or (
            check.layer != "bronze" and not {s.name for s in self.sources} & {*named}
        )

    def _require_renamable(self, files: Sequence[SqlFile], models: Iterable[Model]) -> None:
        """Refuse what a deployment beside the main one would change in the project's own SQL."""
        known = {*(m.model for m in models), *(name for f in files if (name := f.creates))}
        for file in files:
            if file.origin.startswith("migrations/"):
                with self.problems.collected():
                    require_no_bronze(file)
        for path in sorted((self.root / "sql").glob("*/*.sql")):
            with self.problems.collected():
                origin = path.relative_to(self.root).as_posix()
                require_renamable(origin, path.read_text(encoding="utf-8"), known)
        self.problems.raise_found()

    def _function(self, check: Check) -> SqlFile:
        file = self.templates.compile("per_step/check.sql", check.function, check=check)
        return replace(file, origin=check.origin)


def _read_by_silver(definitions: Iterable[Definition], objects: Iterable[SqlFile]) -> set[str]:
    """List the tables that the files of silver read, whether a SELECT or written by hand."""
    selects = (qualified(*name) for d in definitions for name in d.reads)
    by_hand = (o.references for o in objects if o.origin.startswith("sql/silver/"))
    return {*selects}.union(*by_hand)


def _with_what_they_read(
    checks: Sequence[Check],
    functions: Sequence[SqlFile],
    objects: Iterable[SqlFile],
    models: Iterable[Model],
) -> Iterator[Check]:
    """Add to each check the models that it reads, directly or through views and functions."""
    by_name = {o.creates: o for o in objects if o.creates}
    known = {model.model for model in models}
    for check, function in zip(checks, functions, strict=True):
        yield replace(check, reads=tuple(sorted(names_read(function, by_name) & known)))
