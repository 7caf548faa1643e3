"""What a deploy would change, found without changing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

from fdwarehouse.compiler.tables.definition import Definition
from fdwarehouse.database.connections import variable
from fdwarehouse.database.selecting import deployed_checksums, nodes_of
from fdwarehouse.project.conninfo import merged_options, parse_conninfo
from fdwarehouse.project.schema_names import OWN_SCHEMAS
from fdwarehouse.project.sources import (
    LATER_SETTINGS,
    OPTIONS_BY_HAND,
    SAFETY_SETTINGS,
    Source,
    as_switches,
)
from fdwarehouse.rendering.next_run import NextRun, next_run
from fdwarehouse.rendering.rendered import Rendered


@dataclass(frozen=True)
class Plan:
    """What a deploy would change."""

    migrations: list[str] = field(default_factory=list)
    """Migrations that are not applied yet."""
    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    connections: list[str] = field(default_factory=list)
    """Sources whose connection changes."""
    next_run: NextRun = field(default_factory=NextRun)
    """What the next run computes because of it; empty before the first run."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.migrations or self.new or self.changed or self.gone or self.connections)

    @property
    def edited(self) -> list[str]:
        """Applied migrations whose file has changed: the deploy is refused."""
        return [name for name in self.changed if name.startswith("migration_")]

    @property
    def missing(self) -> list[str]:
        """Applied migrations without a file: the deploy is refused."""
        return [name for name in self.gone if name.startswith("migration_")]

    @property
    def abandoned(self) -> list[str]:
        """Tables that the project no longer has: they are kept, but nothing writes them."""
        stems = {name.removesuffix(".sql"): None for name in self.gone}
        return [
            s
            for s in stems
            if s.startswith("bronze.raw_") or {f"{s}_definition", f"{s}_versions"} & {*stems}
        ]

    @property
    def refused(self) -> Plan:
        """The part for which a deploy is refused."""
        return Plan(changed=self.edited, gone=self.missing)


def plan(
    rendered: Rendered,
    warehouse: psycopg.Connection,
    urls: Mapping[str, str],
    definitions: Sequence[Definition] = (),
) -> Plan:
    """Compare what is deployed with what would be.

    Args:
        rendered: the deploy.
        warehouse: a connection as the owner.
        urls: connection string of each source, by name.
        definitions: tables and views that are one SELECT, for the names of the views.
    """
    if _value(warehouse, "SELECT to_regclass('etl.deployed_objects') IS NULL"):
        deployed: dict[str, str] = {}
    else:
        deployed = dict(
            warehouse.execute("SELECT object_name, checksum FROM etl.deployed_objects").fetchall()
        )
    wanted = {
        f.plain_name: f.checksum
        for f in rendered.files
        if f.origin != "fdwarehouse/deploy/record.sql"
    }
    missing = _missing_objects(rendered, warehouse)
    return Plan(
        migrations=[n for n in wanted if n.startswith("migration_") and n not in deployed],
        new=[n for n in wanted if n not in deployed and not n.startswith("migration_")],
        changed=[n for n in wanted if n in deployed and (deployed[n] != wanted[n] or n in missing)],
        gone=[n for n in deployed if n not in wanted and n not in rendered.replaced],
        connections=[
            s.name
            for s in rendered.sources
            if urls.get(s.name) and not _is_mounted(warehouse, s, urls[s.name])
        ],
        next_run=_next_run(rendered, warehouse, definitions),
    )


def _next_run(
    rendered: Rendered, warehouse: psycopg.Connection, definitions: Sequence[Definition]
) -> NextRun:
    if not _value(warehouse, "SELECT to_regclass('etl.watermarks') IS NOT NULL"):
        return NextRun(is_first=True)
    built = {name for (name,) in warehouse.execute("SELECT model FROM etl.watermarks").fetchall()}
    if not built:
        return NextRun(is_first=True)
    nodes = nodes_of(rendered.models, definitions)
    return next_run(rendered.models, nodes, deployed_checksums(warehouse), built)


def _missing_objects(rendered: Rendered, warehouse: psycopg.Connection) -> set[str]:
    """Name the files whose object was dropped by hand."""
    # Their names are those that own objects are given when they are read.
    others = [*OWN_SCHEMAS] if rendered.prefix else []
    present = {
        name
        for (name,) in warehouse.execute(
            """
            SELECT quote_ident(n.nspname) || '.' || quote_ident(p.proname)
            FROM pg_proc AS p INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
            WHERE n.nspname <> ALL(%(others)s::text[])
            UNION
            SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
            FROM pg_class AS c INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
            WHERE n.nspname <> ALL(%(others)s::text[])
            """,
            {"others": others},
        )
    }
    return {f.plain_name for f in rendered.files if f.creates and f.creates not in present}


def _is_mounted(warehouse: psycopg.Connection, source: Source, url: str) -> bool:
    mounted: dict[str, str] = dict(
        warehouse.execute(
            """
            SELECT o.option_name, o.option_value
            FROM pg_foreign_server AS s, pg_options_to_table(s.srvoptions) AS o
            WHERE s.srvname = %(source)s
            UNION ALL
            SELECT o.option_name, o.option_value
            FROM pg_user_mappings AS m, pg_options_to_table(m.umoptions) AS o
            WHERE m.srvname = %(source)s AND m.usename = current_user
            """,
            {"source": source.name},
        ).fetchall()
    )
    options = parse_conninfo(variable(source.name), url)
    wanted = merged_options(source.server_options, as_switches(SAFETY_SETTINGS), options)
    known = {k: v for k, v in mounted.items() if k not in OPTIONS_BY_HAND}
    # For a source that is older than its contract, deploy omits the options that it does not know.
    older = wanted | {"options": LATER_SETTINGS.sub("", wanted["options"])}
    return known in (wanted, older)


def _value(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
