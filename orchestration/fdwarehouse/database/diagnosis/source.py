"""Findings about a source's server, as a session of the reader from here sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from fdwarehouse.database.connections import connect, variable
from fdwarehouse.database.diagnosis.findings import (
    Finding,
    examine,
    failure,
    ok,
    unknown,
    warning,
)
from fdwarehouse.database.diagnosis.server import (
    Server,
    connections_left,
    pool_mode,
    pooler,
    read_server,
    tls,
    too_old,
)
from fdwarehouse.database.diagnosis.tables import diagnose_tables, types_of_extensions
from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project.config import SourceConfig
from fdwarehouse.project.contract import OLDEST
from fdwarehouse.rendering.source_errors import ENCODING, way_out

BOOTSTRAP = "`fdwarehouse bootstrap --side production`"

_FENCE = """
    SELECT
        sees_all, held_by, extract(EPOCH FROM observed_at - held_since)::float8,
        observed_at - held_since > %s::interval, prepared_gid, prepared_at::text
    FROM fdwarehouse.fence
"""
_VIEWS = """
    SELECT count(*) FROM pg_class
    WHERE relnamespace = to_regnamespace('fdwarehouse') AND relname IN ('storage', 'rewritten')
"""


@dataclass(frozen=True)
class _Here:
    """A source's server, and how the source is configured."""

    server: Server
    source: SourceConfig

    @property
    def name(self) -> str:
        return self.server.name


def diagnose_source(
    name: str, source: SourceConfig, url: str, extensions: set[str] | None
) -> Iterator[Finding]:
    """Look at a source from here.

    Args:
        name: the source's name.
        source: how it is configured.
        url: connection string of the reader.
        extensions: those of the warehouse; None if they are unknown.
    """
    try:
        connection = connect(url, autocommit=True, is_pinned=False)
    except FdwarehouseError as error:
        hint = way_out(error.message, variable(name))
        if hint:
            yield failure("reachable", name, error.message, hint)
        else:
            yield unknown(
                "reachable",
                name,
                f"from here: {error.message}",
                "If only the warehouse's server reaches it, this is no error, but most of it "
                "cannot be looked at.",
            )
        return
    with connection:
        server = read_server(name, url, connection)
        yield ok("reachable", name, f"{server.variable} works from here")
        mode = pool_mode(server)
        yield pooler(server, mode)
        yield from too_old(server, OLDEST)
        if mode == "statement" or server.version < OLDEST * 10000:
            yield unknown("all", name, "nothing else is looked at")
            return
        here = _Here(server, source)
        for check, examiner in (
            ("tls", lambda h: tls(h.server)),
            ("connections", lambda h: connections_left(h.server)),
            ("encoding", encoding),
            ("time_zone", time_zone),
            ("standby", standby),
            ("fence", fence),
            ("views", views),
        ):
            yield from examine(check, name, examiner, here)
        yield from examine(
            "types", name, lambda s: types_of_extensions(s, source, extensions), server
        )
        yield from examine("tables", name, lambda s: diagnose_tables(s, source), server)


def encoding(here: _Here) -> Iterator[Finding]:
    """Say whether every text of the source has a known encoding."""
    if here.server.encoding == "SQL_ASCII":
        yield warning(
            "encoding",
            here.name,
            "its encoding is SQL_ASCII: a row whose bytes are not valid UTF-8 stops its table",
            ENCODING,
        )
    else:
        yield ok("encoding", here.name, f"its encoding is {here.server.encoding}")


def time_zone(here: _Here) -> Iterator[Finding]:
    """Say in which time zone time stamps without time zone are read."""
    zone, origin = _row(
        here, "SELECT coalesce(reset_val, setting), source FROM pg_settings WHERE name = 'TimeZone'"
    )
    if chosen := here.source.time_zone:
        yield ok("time_zone", here.name, f"time stamps without time zone are read in {chosen}")
    elif "user" in origin:
        yield warning(
            "time_zone",
            here.name,
            f"the time zone of its reader is {zone}, by ALTER ROLE; applications may write time "
            "stamps without time zone in another one",
            "Reset it for the reader, or set time_zone of the source in warehouse.yaml.",
        )
    else:
        yield ok("time_zone", here.name, f"time stamps without time zone are read in {zone}")


def standby(here: _Here) -> Iterator[Finding]:
    """Say what a standby cannot show, and how long a read may take there."""
    if not here.server.is_standby:
        yield ok("standby", here.name, "it is a primary")
        return
    message = "it is a standby, which does not show the transactions of its primary"
    if here.source.fence == "lookback":
        yield ok("standby", here.name, f"{message}; the fence does not need them")
    else:
        yield warning(
            "standby",
            here.name,
            f"{message}: the fence is a margin of {here.source.lookback}",
            f"Put the primary into {here.server.variable}; or set fence: lookback, and lookback "
            "to the longest transaction.",
        )
    feedback, delay = _row(
        here,
        "SELECT current_setting('hot_standby_feedback'), "
        "current_setting('max_standby_streaming_delay')",
    )
    if feedback == "off" and delay != "-1":
        yield warning(
            "long_reads",
            here.name,
            f"a read of more than {delay} can be canceled there (hot_standby_feedback is off)",
            "Set hot_standby_feedback = on there, or max_standby_streaming_delay above the longest "
            "load.",
        )
    else:
        yield ok("long_reads", here.name, "long reads are not canceled there")


def fence(here: _Here) -> Iterator[Finding]:
    """Say how sure the fence is, and what holds it back."""
    wanted = here.source.fence
    try:
        sees_all, held_by, seconds, is_long, gid, prepared_at = _row(
            here, _FENCE, here.source.warn_after
        )
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.InsufficientPrivilege,
    ):
        message = "its reader has no view fdwarehouse.fence"
        if wanted == "xid":
            yield failure("fence", here.name, f"{message}", f"{BOOTSTRAP} creates it.")
        elif wanted == "activity":
            margin = f"the fence is a margin of {here.source.lookback}, which a longer transaction"
            yield warning(
                "fence", here.name, f"{message}: {margin} escapes", f"{BOOTSTRAP} creates it."
            )
        else:
            yield ok("fence", here.name, f"the fence is a margin of {here.source.lookback}")
        return
    if not sees_all and wanted == "activity":
        yield warning(
            "fence",
            here.name,
            "sessions of others are hidden from the owner of fdwarehouse.fence, or one hides its "
            f"activity (track_activities): the fence is a margin of {here.source.lookback}",
            f"{BOOTSTRAP} again, as a member of pg_monitor or pg_read_all_stats.",
        )
    elif is_long:
        yield warning(
            "fence",
            here.name,
            f"a transaction holds the fence back for {seconds:.0f} s: {held_by}",
            "Changes since then are read again by every run, and later ones wait. End it there: "
            f"SELECT pg_terminate_backend({held_by.split(',')[0].removeprefix('process ')}).",
        )
    else:
        yield ok("fence", here.name, f"a fence of kind {wanted} is complete")
    if gid is not None:
        yield warning(
            "prepared",
            here.name,
            f"a prepared transaction holds the fence back since {prepared_at}: {gid}",
            f"COMMIT PREPARED or ROLLBACK PREPARED '{gid}' there.",
        )


def views(here: _Here) -> Iterator[Finding]:
    """Look for the views that show rewritten tables."""
    if _row(here, _VIEWS)[0] == 2:
        yield ok("views", here.name, "rewritten tables are noticed")
    else:
        yield warning(
            "views",
            here.name,
            "a clock set back, another server and rewritten tables are not noticed",
            f"{BOOTSTRAP} creates the views that show them.",
        )


def _row(here: _Here, query: str, *parameters: str) -> tuple[Any, ...]:
    row = here.server.connection.execute(query.encode(), parameters or None).fetchone()
    assert row
    return row
