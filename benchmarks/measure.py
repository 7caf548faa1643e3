"""Measures a contestant's processes: time, memory on both sides, and the load on production."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psycopg

from benchmarks.arena import READER, Pair

SAMPLE_SECONDS = 0.02

_BACKENDS = """
    SELECT pid, xact_start IS NOT NULL
    FROM pg_stat_activity
    WHERE datname = %s AND backend_type IN ('client backend', 'parallel worker')
"""
_SENT = """
    SELECT coalesce(sum(s.rows), 0)::bigint, coalesce(sum(s.calls), 0)::bigint
    FROM pg_stat_statements AS s
    INNER JOIN pg_database AS d ON s.dbid = d.oid
    INNER JOIN pg_roles AS r ON s.userid = r.oid
    WHERE d.datname = %s AND r.rolname = %s
"""


@dataclass(frozen=True)
class Cost:
    """The cost of one measurement.

    Attributes:
        seconds: From the start of the first process to the end of the last one.
        client_mb: Largest resident memory of any of its processes, sampled.
        server_mb: Largest resident memory of a backend in the warehouse, without shared buffers.
        server_mb_shared: The same with the shared buffers that it touched (VmHWM).
        rows_sent: Rows that production sent.
        open_seconds: Time during which a transaction was open on production, sampled.
        client_cpu: CPU time of the processes, in seconds.
        server_cpu: CPU time of the backends in the warehouse, sampled.
        production_cpu: CPU time of the backends in production, sampled.
    """

    seconds: float
    client_mb: float
    server_mb: float
    server_mb_shared: float
    rows_sent: int
    open_seconds: float
    client_cpu: float
    server_cpu: float
    production_cpu: float


class ContestantError(Exception):
    """A contestant's process failed; the text is the end of its output."""


def measure(pair: Pair, commands: Sequence[Sequence[str]], environment: Mapping[str, str]) -> Cost:
    """Run processes in turn and measure their cost.

    Args:
        pair: The databases that they work on.
        commands: Command lines.
        environment: Their environment variables.

    Raises:
        ContestantError: One of them failed.
    """
    with pair.arena.administrator("production") as production:
        production.execute("SELECT pg_stat_statements_reset()")
        cpu = _cpu_of_children()
        with _Watcher(pair) as watcher:
            began = time.perf_counter()
            for command in commands:
                _run(command, environment, watcher)
            seconds = time.perf_counter() - began
        cpu = _cpu_of_children() - cpu
        sent = production.execute(_SENT, [pair.production, READER]).fetchone()
    return Cost(
        seconds=round(seconds, 4),
        client_mb=round(watcher.client_kb / 1024, 1),
        server_mb=round(watcher.server_kb / 1024, 1),
        server_mb_shared=round(watcher.server_shared_kb / 1024, 1),
        rows_sent=sent[0] if sent else 0,
        open_seconds=round(watcher.open_seconds, 3),
        client_cpu=round(cpu, 3),
        server_cpu=round(sum(watcher.warehouse_cpu.values()), 2),
        production_cpu=round(sum(watcher.production_cpu.values()), 2),
    )


def _run(command: Sequence[str], environment: Mapping[str, str], watcher: _Watcher) -> None:
    with subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        watcher.client = process.pid
        output, _ = process.communicate()
    if process.returncode:
        words = "\n".join(output.splitlines()[-40:])
        raise ContestantError(f"{Path(command[0]).name} ended with {process.returncode}:\n{words}")


class _Watcher(threading.Thread):
    """Samples the backends of both databases inside its block."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(daemon=True)
        self.client: int | None = None
        self.client_kb = self.server_kb = self.server_shared_kb = 0
        self.open_seconds = 0.0
        self.warehouse_cpu: dict[int, float] = {}
        self.production_cpu: dict[int, float] = {}
        self._pair = pair
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._sessions = ExitStack()
        arena = self._pair.arena
        self._production = self._sessions.enter_context(arena.administrator("production"))
        self._warehouse = self._sessions.enter_context(arena.administrator("warehouse"))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()
        self._sessions.close()

    def run(self) -> None:
        """Sample until the end."""
        last = time.perf_counter()
        while not self._ended.wait(SAMPLE_SECONDS):
            now = time.perf_counter()
            sessions = _sessions(self._production, self._pair.production)
            if any(is_open for _, is_open in sessions):
                self.open_seconds += now - last
            last = now
            for pid, _ in sessions:
                self.production_cpu[pid] = _cpu(pid, self.production_cpu.get(pid, 0.0))
            for pid, _ in _sessions(self._warehouse, self._pair.warehouse):
                self.warehouse_cpu[pid] = _cpu(pid, self.warehouse_cpu.get(pid, 0.0))
                memory = _memory(pid)
                self.server_kb = max(self.server_kb, memory.get("RssAnon", 0))
                self.server_shared_kb = max(self.server_shared_kb, memory.get("VmHWM", 0))
            if self.client:
                # not getrusage: that includes the memory of this process at the fork
                self.client_kb = max(self.client_kb, _memory(self.client).get("VmHWM", 0))


def _sessions(connection: psycopg.Connection, database: str) -> list[tuple[int, bool]]:
    return connection.execute(_BACKENDS, [database]).fetchall()


def _memory(pid: int) -> dict[str, int]:
    """Memory of a process according to Linux, in kB; empty elsewhere, or if it has ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        pairs = (line.split(":", 1) for line in lines if line.endswith(" kB"))
        return {name: int(value.removesuffix(" kB")) for name, value in pairs}
    return {}


def _cpu(pid: int, last: float) -> float:
    """CPU time of a process so far, in seconds; the last known value if it has ended."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return last


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
