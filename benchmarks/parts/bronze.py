"""Bronze alone: the limit, dlt, pandas and fdwarehouse, loading all rows of the four tables."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks import peers
from benchmarks.arena import OWNER, Arena, Pair
from benchmarks.contestants import Fdwarehouse, PandasDbt
from benchmarks.log import Log
from benchmarks.measure import Cost, measure
from benchmarks.options import TABLES, Options, Size

_IN_PIECES = "fdwarehouse, backfill of two sessions"
_DLT_BACKENDS = {"dlt, connectorx": "connectorx", "dlt, pyarrow": "pyarrow"}


def run(arena: Arena, options: Options, log: Log) -> None:
    """Measure each, with fresh databases."""
    size = Size.of(options.scale)
    names = ("COPY", "fdwarehouse", _IN_PIECES, *_DLT_BACKENDS, "pandas")
    for _ in range(options.repeats):
        for name in names:
            with arena.pair(size) as pair, TemporaryDirectory(prefix="bench-") as folder:
                cost, rows = _load(name, pair, Path(folder))
                log.add("bronze", "bronze alone", name, cost, rows=rows)
                expected = sum(_counts(pair, "production", "public", ""))
                if rows != expected:
                    raise AssertionError(f"{name} loaded {rows} rows of {expected}")


def _load(name: str, pair: Pair, workspace: Path) -> tuple[Cost, int]:
    """Load all rows; return the cost and the number of loaded rows."""
    if name in ("fdwarehouse", _IN_PIECES):
        ours = Fdwarehouse()
        ours.prepare(pair, workspace)
        pair.arena.settle()
        if name == _IN_PIECES:
            cost = ours.backfill(pair, jobs=2)
        else:
            cost = ours.call(pair, "etl.extract_and_load_bronze()")
        return cost, sum(_counts(pair, "warehouse", "bronze", "raw_"))
    if name == "pandas":
        theirs = PandasDbt()
        theirs.make_bronze(pair)
        pair.arena.settle()
        return theirs.extract(pair, workspace), sum(_counts(pair, "warehouse", "bronze", "raw_"))
    environment = peers.environment(pair, workspace)
    if name == "COPY":
        _make_bare_tables(pair)
        pair.arena.settle()
        cost = measure(pair, [peers.ours("copy_limit")], environment)
        return cost, sum(_counts(pair, "warehouse", "bare", ""))
    pair.arena.settle()
    command = peers.python("dlt_bronze", _DLT_BACKENDS[name], str(workspace))
    cost = measure(pair, [command], environment)
    return cost, sum(_counts(pair, "warehouse", "dlt_bronze", ""))


def _make_bare_tables(pair: Pair) -> None:
    """Create tables with production's columns, without keys and indexes."""
    columns = pair.rows(
        "production",
        """
        SELECT c.relname, string_agg(
            format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY attnum
        )
        FROM pg_class AS c INNER JOIN pg_attribute AS a ON c.oid = a.attrelid
        WHERE c.relname = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped
        GROUP BY c.relname
        """,
        [list(TABLES)],
    )
    with psycopg.connect(pair.url("warehouse", OWNER)) as connection:
        connection.execute("CREATE SCHEMA bare")
        for table, definition in columns:
            connection.execute(f"CREATE TABLE bare.{table} ({definition})".encode())


def _counts(pair: Pair, server: str, schema: str, prefix: str) -> list[int]:
    return [
        pair.rows(server, f"SELECT count(*) FROM {schema}.{prefix}{table}")[0][0]
        for table in TABLES
    ]
