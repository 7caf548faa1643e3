"""Tables that compiled writers maintain, compared with their SELECTs after every run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psycopg

from fdwarehouse.compiler.algebra.catalog import Catalog
from fdwarehouse.compiler.algebra.tree import Block
from fdwarehouse.compiler.tables.plan import Plan, Request, plan
from fdwarehouse.compiler.tables.statement import full_states, query, routines
from fdwarehouse.compiler.tables.target import Target
from fdwarehouse.database.analysis.catalog import impure_parts, read_catalog
from fdwarehouse.database.analysis.definition import types_in
from fdwarehouse.identifiers import ident
from fdwarehouse.rendering.templates import mechanics_environment
from tests.compiler.shapes import SHAPES, Shape
from tests.compiler.world import KEEPS_ROWS, KEYS, World

ENVIRONMENT = mechanics_environment("64MB")
SCHEMA = Path(__file__).with_name("schema.sql")


@dataclass
class Kept:
    """A table that is maintained."""

    shape: Shape
    target: Target
    plan: Plan
    sql: str
    mark: int = 0


@dataclass
class Result:
    """The result of a series."""

    refreshes: int = 0
    rows: int = 0
    changed: int = 0
    wrong: dict[str, str] = field(default_factory=dict)


class Keeper:
    """A database with the tables, writers and logs of some shapes.

    Args:
        connection: to an empty database, in autocommit mode.
        names: of the shapes; by default all.
        counts: whether groups are counted if that is exact, else computed from their rows.
    """

    def __init__(
        self, connection: psycopg.Connection, names: Iterable[str] = (), *, counts: bool = True
    ) -> None:
        self.connection = connection
        self.counts = counts
        connection.execute("SET client_min_messages = warning")
        connection.execute("SET jit = off")
        connection.execute(SCHEMA.read_bytes())
        self.kept: dict[str, Kept] = {}
        for name in names or SHAPES:
            self._compile(SHAPES[name])
        for table in KEYS:
            self._make_log(table)
        for kept in self.kept.values():
            connection.execute(kept.sql.encode())

    def _compile(self, shape: Shape) -> None:
        table = f"gold.{shape.name}"
        view = f"{table}_definition"
        self.connection.execute(f"CREATE VIEW {view} AS {shape.select}".encode())
        columns = self.columns(view)
        listed = ", ".join(f"{ident(name)} {kind}" for name, kind in columns)
        self.connection.execute(
            f"CREATE TABLE {table} ({listed}, _run_id bigint NOT NULL, "
            f"PRIMARY KEY ({', '.join(map(ident, shape.key))}))".encode()
        )
        read_later = any(s.reads(shape.name) for s in SHAPES.values())
        logged = tuple(name for name, _ in columns) if read_later else ()
        target = Target("gold", shape.name, shape.key, columns, logged)
        if logged:
            self._make_log(table)
        types = types_in(self.connection, target)

        def describe(block: Block) -> dict[str, str]:
            return dict(types(query(block)))

        found = plan(self.request(shape), self.catalog(view), describe if self.counts else None)
        if found.counting:
            state = types(full_states(found.counting))
            listed = ", ".join(f"{name} {kind}" for name, kind in state)
            groups = ", ".join(found.counting.groups)
            self.connection.execute(
                f"CREATE TABLE {target.state} "
                f"({listed}, UNIQUE NULLS NOT DISTINCT ({groups}))".encode()
            )
        sql = "".join(sql for _, sql in routines(target, found, ENVIRONMENT))
        self.kept[shape.name] = Kept(shape, target, found, sql)

    def request(self, shape: Shape) -> Request:
        """Return what is compiled for a shape."""
        view = f"gold.{shape.name}_definition"
        with self.connection.transaction():
            self.connection.execute("SET LOCAL search_path = pg_catalog")
            definition = self.connection.execute(
                "SELECT pg_get_viewdef(%s::regclass)", [view]
            ).fetchone()
        assert definition is not None
        impure = impure_parts(self.connection, view)
        return Request(
            shape.key, definition[0], shape.select, impure=impure, table=("gold", shape.name)
        )

    def catalog(self, view: str) -> Catalog:
        """Return what is known of the relations that a shape reads."""
        compiled = [*KEYS, *(f"gold.{name}" for name in self.kept)]
        return read_catalog(self.connection, [view], keeps_rows=KEEPS_ROWS, compiled=compiled)

    def columns(self, relation: str) -> tuple[tuple[str, str], ...]:
        rows = self.connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
            [relation],
        ).fetchall()
        return tuple((name, kind) for name, kind in rows if name != "_run_id")

    def _make_log(self, table: str) -> None:
        listed = ", ".join(f"{name} {kind}" for name, kind in self.columns(table))
        columns = f"run_id bigint, sign integer, {listed}"
        self.connection.execute(f"CREATE UNLOGGED TABLE {table}_changes ({columns})".encode())
        names = ", ".join(name for name, _ in self.columns(table))
        self.connection.execute(
            f"CREATE VIEW {table}_image AS SELECT {names} FROM {table}".encode()
        )

    def reset(self) -> None:
        """Empty all tables."""
        logs = [f"{t}_changes" for t in KEYS]
        logs += [f"{k.target.qualified}_changes" for k in self.kept.values() if k.target.logged]
        targets = [k.target.qualified for k in self.kept.values()]
        targets += [k.target.state for k in self.kept.values() if k.plan.counting]
        tables = [*KEYS, *logs, *targets, "etl.watermarks"]
        with self.connection.transaction():
            for table in tables:
                self.connection.execute(f"DELETE FROM {table}".encode())
        for kept in self.kept.values():
            kept.mark = 0

    def refresh(self, kept: Kept, run_id: int, after: int) -> int:
        """Call a writer; return how many rows it wrote."""
        row = self.connection.execute(
            f"SELECT rows_inserted + rows_updated + rows_deleted "
            f"FROM gold.write_{kept.shape.name}(%s, %s)".encode(),
            [run_id, after],
        ).fetchone()
        assert row is not None
        kept.mark = run_id
        self.connection.execute(
            "INSERT INTO etl.watermarks VALUES (%s, %s) "
            "ON CONFLICT (model) DO UPDATE SET run_id = excluded.run_id",
            [kept.target.qualified, run_id],
        )
        return int(row[0])

    def difference(self, kept: Kept) -> list[tuple[str, str]]:
        """Return rows that the table lacks and rows that it should not have, image by image."""
        names = ", ".join(map(ident, kept.target.names))
        table, view = kept.target.qualified, kept.target.definition
        return self.connection.execute(
            f"(SELECT 'missing', q::text FROM (SELECT {names} FROM {view}) AS q "
            f"EXCEPT ALL SELECT 'missing', q::text FROM (SELECT {names} FROM {table}) AS q) "
            f"UNION ALL (SELECT 'wrong', q::text FROM (SELECT {names} FROM {table}) AS q "
            f"EXCEPT ALL SELECT 'wrong', q::text FROM (SELECT {names} FROM {view}) AS q)".encode()
        ).fetchall()

    def series(self, seed: int, runs: int = 5) -> Result:
        """Run a series of random changes; every table is compared after every refresh.

        Some refreshes are left out, so that several runs are taken up at once; some runs fail after
        their tables were written, and are rolled back; some tables are computed in full, which
        must change nothing.
        """
        random = Random(seed)
        result = Result()
        self.reset()
        world = World(self.connection, random)
        with self.connection.transaction():
            world.fill(1, random.choice([0, 0.3, 0.6, 0.8, 1]))
        with self.connection.transaction():
            for kept in self.kept.values():
                self.refresh(kept, 1, 0)
                self._compare(kept, result, seed, 1)
        for run_id in range(2, runs + 2):
            with self.connection.transaction():
                world.run(run_id)
            if random.random() < 0.15:
                self._fail(random, run_id)
                continue
            with self.connection.transaction():
                for kept in self.kept.values():
                    if random.random() < 0.15:
                        continue
                    is_audit = random.random() < 0.03
                    try:
                        with self.connection.transaction():
                            if is_audit and kept.mark == run_id - 1:
                                self.refresh(kept, run_id, kept.mark)
                            written = self.refresh(kept, run_id, kept.mark)
                    except psycopg.Error as error:
                        result.wrong.setdefault(kept.shape.name, f"seed {seed}: {error}")
                        self.refresh(kept, run_id, 0)
                        continue
                    result.changed += written
                    self._compare(kept, result, seed, run_id)
        return result

    def _fail(self, random: Random, run_id: int) -> None:
        """Write some tables in a run that is rolled back."""
        marks = {name: kept.mark for name, kept in self.kept.items()}
        with self.connection.transaction(force_rollback=True):
            for kept in self.kept.values():
                if random.random() < 0.2:
                    self.refresh(kept, run_id, kept.mark)
        for name, kept in self.kept.items():
            kept.mark = marks[name]

    def _compare(self, kept: Kept, result: Result, seed: int, run_id: int) -> None:
        result.refreshes += 1
        count = self.connection.execute(
            f"SELECT count(*) FROM {kept.target.qualified}".encode()
        ).fetchone()
        result.rows += count[0] if count else 0
        if different := self.difference(kept):
            text = f"seed {seed}, run {run_id}: {different[:4]}"
            result.wrong.setdefault(kept.shape.name, text)
            self.refresh(kept, run_id, 0)
