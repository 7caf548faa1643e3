"""The control: a typical pipeline, which reads the rows after max(updated_at).

It reads the same production at the same moments, but only the rows of honest writers, which are
never deleted or backdated. The test is valid only if the control loses rows nevertheless.
"""

import psycopg

from fdwarehouse.project.contract import load_contract
from tests.harness import ROOT
from tests.torture.arena import Arena, copy_rows, session
from tests.torture.workload import FIRST_HONEST_ID, KEYS, TABLES

COLUMNS = {
    name: dict(table.columns) for name, table in load_contract(ROOT, "production").tables.items()
}


class Control:
    """Copies of production's tables, updated by `updated_at > (SELECT max(updated_at))`.

    Args:
        arena: Where production is, and a database for the copies.
    """

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        with session(arena.control) as control:
            for table in TABLES:
                columns = ", ".join(f"{name} {c.type}" for name, c in COLUMNS[table].items())
                control.execute(
                    f"CREATE TABLE {table} ({columns}, PRIMARY KEY ({KEYS[table]}))".encode()
                )

    def run(self) -> None:
        """Copy what is newer than the newest row."""
        with (
            session(self._arena.production) as production,
            psycopg.connect(self._arena.control) as control,
        ):
            for table in TABLES:
                newest = f"SELECT coalesce(max(updated_at), '-infinity')::text FROM {table}"
                (since,) = control.execute(newest.encode()).fetchone() or ("-infinity",)
                names = ", ".join(COLUMNS[table])
                query = (
                    f"SELECT {names} FROM {table} "
                    f"WHERE updated_at > '{since}' AND {KEYS[table]} >= {FIRST_HONEST_ID}"
                )
                control.execute(
                    f"CREATE TEMP TABLE new_{table} (LIKE {table}) ON COMMIT DROP".encode()
                )
                copy_rows(production, query, control, f"new_{table}")
                renewed = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[table])
                control.execute(
                    f"INSERT INTO {table} SELECT * FROM new_{table} "
                    f"ON CONFLICT ({KEYS[table]}) DO UPDATE SET {renewed}".encode()
                )

    def wrong_rows(self) -> tuple[int, int]:
        """Compare the copies with production.

        Returns:
            The number of missing or stale rows, and the number of all rows.
        """
        wrong = total = 0
        for table in TABLES:
            row = f"ROW({', '.join(COLUMNS[table])})::text"
            honest = f"{KEYS[table]} >= {FIRST_HONEST_ID}"
            query = f"SELECT {KEYS[table]}, {row} FROM {table} WHERE {honest}"
            is_so = _rows(self._arena.production, query)
            is_shown = _rows(self._arena.control, query)
            wrong += len({key for key, _ in is_so ^ is_shown})
            total += len(is_so)
        return wrong, total


def _rows(url: str, query: str) -> set[tuple[int, str]]:
    with session(url) as connection:
        return {(key, row) for key, row in connection.execute(query.encode())}
