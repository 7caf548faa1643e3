"""Templates, configuration and contracts in, SQL out: pure functions, no database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2

from fdwarehouse.config import LAYERS, Config, load_config
from fdwarehouse.contract import Contract, load_contract
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.identifiers import ident, literal
from fdwarehouse.sources import Source, make_sources

MECHANICS = Path(__file__).parent / "mechanics"


@dataclass(frozen=True)
class Compiled:
    """One file of the deploy: what it is called below ``build/``, where it came from, its SQL."""

    name: str
    origin: str
    sql: str
    """As it is deployed and read."""
    creates: str | None = None
    """Schema-qualified object, for a repeatable file."""

    @property
    def plain_name(self) -> str:
        """Its name without the number that orders it."""
        return re.sub(r"^\d+_", "", self.name)

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL, in hexadecimal."""
        return sha256(self.sql.encode()).hexdigest()

    @property
    def references(self) -> set[str]:
        """Schema-qualified names that must be there when the object is created."""
        if "BEGIN ATOMIC" not in self.sql and "CREATE VIEW" not in self.sql:
            return set()  # PL/pgSQL looks names up when it runs
        code = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", self.sql)
        return set(re.findall(r"\b[a-z_]\w*\.[a-z_]\w*", code)) - {self.creates or ""}


@dataclass(frozen=True)
class Model:
    """A table that a step builds."""

    model: str
    layer: str
    writer: str
    procedure: str
    source_name: str | None = None
    checksum: str = ""
    """Of everything that decides its content; when it changes, the table is computed anew."""
    reconciles: str | None = None
    """For a reconciliation: the table that it compares."""
    interval_between: str | None = None
    """For a reconciliation: how often."""

    @property
    def table_name(self) -> str:
        """The table that it writes."""
        return self.reconciles or self.model


@dataclass(frozen=True)
class Check:
    """A check: a SELECT of the rows that break a promise."""

    name: str
    layer: str
    severity: str
    scope: str
    description: str
    select: str


@dataclass(frozen=True)
class Rendered:
    """A whole deploy, in order."""

    files: list[Compiled]
    models: list[Model] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


def render_project(root: Path) -> Rendered:
    """Render a project.

    Args:
        root: its folder.

    Returns:
        The files of the deploy in the order in which they run.

    Raises:
        FdwarehouseError: configuration, contract or a template is wrong; the message names the file.
    """
    config = load_config(root)
    contracts = {name: load_contract(root, name) for name in config.sources}
    return _Renderer(root, config, contracts).render()


class _Renderer:
    def __init__(self, root: Path, config: Config, contracts: dict[str, Contract]) -> None:
        self.root = root
        self.sources = make_sources(config, contracts)
        self.environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader(
                [
                    jinja2.FileSystemLoader(MECHANICS),
                    jinja2.PrefixLoader({"sql": jinja2.FileSystemLoader(root / "sql")}),
                ]
            ),
            undefined=jinja2.StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
        )
        self.environment.filters.update(ident=ident, literal=literal)
        self.environment.globals.update(
            schemas=literal("{" + ",".join([*LAYERS, *(s.name for s in self.sources)]) + "}"),
            work_mem=config.work_mem,
            sources=self.sources,
            source={s.name: s for s in self.sources},
        )
        for macros in ("lock", "compare", "routine", "merge", "bronze", "silver", "gold"):
            module = self.environment.get_template(f"macros/{macros}.sql").module
            self.environment.globals[macros] = module

    def render(self) -> Rendered:
        migrations = [
            *self._migrations("fdwarehouse", MECHANICS / "migrations"),
            *self._migrations("project", self.root / "migrations"),
        ]
        runner = list(self._routines_of_the_runner())
        objects = [*self._routines_of_sources(), *self._objects_of_the_project()]
        models = list(self._models(objects))
        checks = list(self._checks())
        objects += [
            self._compile("per_model/procedure.sql", m.procedure, model=m)
            for m in models
            if m.procedure
        ]
        objects += [
            self._compile("per_check/check.sql", f"etl.check_{c.name}", check=c) for c in checks
        ]
        files = [
            self._compile("deploy/prepare.sql", migrations=[m.name for m in migrations]),
            self._compile("deploy/drop_repeatable.sql"),
            *migrations,
            *_in_order_of_need(runner),
            *self._tables_of_sources(),
            *_in_order_of_need(objects),
            self._compile("deploy/finish.sql", models=models, checks=checks),
        ]
        recorded = [(f.name, f.checksum) for f in files]
        files.append(self._compile("deploy/record.sql", objects=recorded))
        numbered = [replace(f, name=f"{n:03}_{f.name}") for n, f in enumerate(files, start=1)]
        return Rendered(numbered, models, checks, self.sources)

    def _compile(self, template: str, creates: str | None = None, **context: Any) -> Compiled:
        origin = template if template.startswith("sql/") else f"fdwarehouse/{template}"
        try:
            sql = self.environment.get_template(template).render(context)
        except jinja2.TemplateError as error:
            line = getattr(error, "lineno", None)
            where = getattr(error, "name", None) or origin
            raise FdwarehouseError(
                f"{where}{f', line {line}' if line else ''}: {error.message}",
                hint=f"Mend the template {origin}.",
            ) from error
        except (TypeError, ValueError, AttributeError) as error:
            raise FdwarehouseError(
                f"{origin}: {error}", hint=f"Mend a macro call in the template {origin}."
            ) from error
        name = f"{creates}.sql" if creates else template.replace("/", "_")
        return Compiled(name, origin, sql.strip() + "\n", creates)

    def _routines_of_the_runner(self) -> Iterator[Compiled]:
        for path in sorted((MECHANICS / "etl").glob("*.sql")):
            yield self._compile(f"etl/{path.name}", f"etl.{path.stem}")

    def _routines_of_sources(self) -> Iterator[Compiled]:
        for source in self.sources:
            yield self._compile(
                "per_source/read_fence.sql", f"{source.name}.read_fence", source=source
            )
            for table in source.tables:
                yield self._compile(
                    "per_table/append.sql", f"bronze.append_{table.raw_name}", table=table
                )
                if table.is_reconciled:
                    yield self._compile(
                        "per_table/reconcile.sql", f"bronze.reconcile_{table.raw_name}", table=table
                    )

    def _tables_of_sources(self) -> Iterator[Compiled]:
        for source in self.sources:
            server = self._compile("per_source/server.sql", source=source)
            yield replace(server, name=f"{source.name}.sql")
            for table in source.tables:
                raw_table = self._compile("per_table/raw_table.sql", source=source, table=table)
                yield replace(raw_table, name=f"bronze.{table.raw_name}.sql")

    def _objects_of_the_project(self) -> Iterator[Compiled]:
        for layer in LAYERS:
            for path in sorted((self.root / "sql" / layer).glob("*.sql")):
                yield self._compile(f"sql/{layer}/{path.name}", f"{layer}.{path.stem}")

    def _migrations(self, owner: str, folder: Path) -> Iterator[Compiled]:
        for path in sorted(folder.glob("*.sql")):
            text = path.read_text(encoding="utf-8")
            migration = f"{owner}/{path.name}"
            sql = (
                f"DO $do$\nBEGIN\n    PERFORM pg_temp.migrate({literal(migration)}, "
                f"{literal(sha256(text.encode()).hexdigest())}, $migration$\n{text}$migration$);\n"
                "END;\n$do$;\n"
            )
            origin = f"migrations/{path.name}" if owner == "project" else migration
            yield Compiled(f"migration_{owner}_{path.name}", origin, sql)

    def _models(self, objects: list[Compiled]) -> Iterator[Model]:
        by_name = {o.creates: o for o in objects if o.creates}
        for source in self.sources:
            reader = f"{source.name}.read_fence"
            yield Model(f"{source.name}.fence", "source", reader, "", source.name)
            for table in source.tables:
                writer = f"bronze.append_{table.raw_name}"
                yield Model(
                    f"bronze.{table.raw_name}",
                    "bronze",
                    writer,
                    f"bronze.load_{table.raw_name}",
                    source.name,
                    _content_checksum(by_name[writer], by_name),
                )
                if table.is_reconciled:
                    yield Model(
                        f"{table.model}.reconciliation",
                        "bronze",
                        f"bronze.reconcile_{table.raw_name}",
                        "",
                        source.name,
                        reconciles=table.model,
                        interval_between=table.reconcile_every,
                    )
        for layer in ("silver", "gold"):
            prefix = f"{layer}.write_"
            writers = {
                layer + "." + o.creates.removeprefix(prefix): o
                for o in objects
                if o.creates and o.creates.startswith(prefix)
            }
            graph = {m: o.references & set(writers) - {m} for m, o in writers.items()}
            for model in _static_order(graph, f"sql/{layer}"):
                table = model.removeprefix(f"{layer}.")
                yield Model(
                    model,
                    layer,
                    f"{prefix}{table}",
                    f"{layer}.build_{table}",
                    None,
                    _content_checksum(writers[model], by_name),
                )

    def _checks(self) -> Iterator[Check]:
        for path in sorted((self.root / "sql" / "checks").glob("*.sql")):
            compiled = self._compile(f"sql/checks/{path.name}")
            yield _parse_check(path.stem, compiled)


def _parse_check(name: str, compiled: Compiled) -> Check:
    comment = re.match(r"(?:--[^\n]*\n)*", compiled.sql)
    assert comment is not None  # it matches the empty text too
    lines = [line.removeprefix("--").strip() for line in comment.group().splitlines()]
    settings = dict(re.fullmatch(r"(\w+): *(\w+)", x).groups() for x in lines if re.fullmatch(r"(\w+): *(\w+)", x))  # type: ignore[union-attr]
    description = " ".join(x for x in lines if not re.fullmatch(r"(\w+): *(\w+)", x))
    allowed = {
        "layer": ("bronze", "silver", "gold"),
        "severity": ("error", "warn"),
        "scope": ("run", "full"),
    }
    settings.setdefault("scope", "run")
    for setting, values in allowed.items():
        if settings.get(setting) not in values:
            raise FdwarehouseError(
                f"{compiled.origin}: a check says its {setting}: {' or '.join(values)}",
                hint=f"Begin the file with a line such as `-- {setting}: {values[0]}`.",
            )
    select = compiled.sql[comment.end() :].strip().rstrip(";")
    return Check(name, settings["layer"], settings["severity"], settings["scope"], description, select)


def _content_checksum(compiled: Compiled, by_name: dict[str, Compiled]) -> str:
    """Hash what an object computes, with all the views that it reads, directly or not."""
    seen: dict[str, str] = {}
    waiting = [compiled]
    while waiting:
        current = waiting.pop()
        if current.name not in seen:
            seen[current.name] = re.sub(r"(?m)^(SET|--|COMMENT ON) .*$", "", current.sql)
            waiting += [by_name[name] for name in current.references if name in by_name]
    return sha256("".join(sorted(seen.values())).encode()).hexdigest()


def _in_order_of_need(objects: Iterable[Compiled]) -> list[Compiled]:
    by_name = {o.creates or o.name: o for o in objects}
    graph = {name: o.references & set(by_name) for name, o in by_name.items()}
    return [by_name[name] for name in _static_order(graph, "sql")]


def _static_order(graph: dict[str, set[str]], where: str) -> list[str]:
    sorter = TopologicalSorter({node: sorted(needs) for node, needs in sorted(graph.items())})
    try:
        return list(sorter.static_order())
    except ValueError as error:
        raise FdwarehouseError(
            f"{where}: these need one another: {' -> '.join(error.args[1])}",
            hint="Break the circle.",
        ) from error
