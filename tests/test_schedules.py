"""`fdwarehouse new schedule cron|systemd|pg_cron`, and what cron, systemd and pg_cron say to it."""

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.command import Command
from tests.harness import Warehouse, wait_until
from tests.old_server import BIN, IS_MISSING, PASSWORD, old_server

IN_CI = "FDWAREHOUSE_OLDER_POSTGRES" in os.environ  # Debian's packages are installed there
PG_CRON = BIN.parent / "lib/pg_cron.so"

without_cron = pytest.mark.skipif(
    not IN_CI and not shutil.which("crontab"), reason="cron is not installed"
)
without_systemd = pytest.mark.skipif(
    not IN_CI and not shutil.which("systemd-analyze"), reason="systemd is not installed"
)
without_pg_cron = pytest.mark.skipif(
    IS_MISSING or (not IN_CI and not PG_CRON.exists()), reason="pg_cron is not installed"
)


@pytest.fixture(name="place_with_spaces")
def _place_with_spaces(command: Command, project: Path) -> Path:
    root = project.rename(project.with_name("my project 100%"))
    command.project(root)
    return root


def line_of(crontab: str) -> str:
    """Return the command of the only line, as cron passes it to the shell."""
    (line,) = [each for each in crontab.splitlines() if each.startswith("*/5 ")]
    return line.removeprefix("*/5 * * * * ").replace(r"\%", "%")


def ran(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def test_the_line_of_cron_runs_the_warehouse_with_its_secrets_and_its_log(
    command: Command, seeded_warehouse: Warehouse, place_with_spaces: Path
) -> None:
    root = place_with_spaces
    command.use(seeded_warehouse.environment)
    assert "wrote schedules/cron\nwrote schedules/warehouse.env" in command.works(
        "new", "schedule", "cron"
    )
    secrets = root / "schedules/warehouse.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert f"/{seeded_warehouse.name}'" in secrets.read_text()
    for name in ("warehouse.env", "run.log"):  # git ignores them
        patterns = (root / "schedules/.gitignore").read_text().split()
        assert any(Path(name).match(pattern) for pattern in patterns)
    secrets.write_text(f"WAREHOUSE_URL='{seeded_warehouse.urls['orchestrator']}'\n")
    shell = line_of((root / "schedules/cron").read_text())

    def fire() -> None:
        environment = {"HOME": str(root), "PATH": "/usr/bin:/bin"}  # what cron gives
        done = subprocess.run(
            ["/bin/sh", "-c", shell], env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    log = root / "schedules/run.log"
    fire()
    assert "succeeded  gold.fact_sales: 1,162 read" in log.read_text()
    assert re.search("run 1 succeeded in .* written, .* checks passed$", log.read_text().strip())
    seeded_warehouse.call("etl.start_run()")
    fire()
    assert log.read_text().endswith("skipped: run 2 is in progress\n")


@without_cron
def test_cron_accepts_the_crontab(command: Command, place_with_spaces: Path) -> None:
    command.works("new", "schedule", "cron")
    text = (place_with_spaces / "schedules/cron").read_text()
    file = Path(tempfile.mkstemp(prefix="cron-")[1])  # crontab takes short names only
    for said, content in ((0, text), (1, text.replace("*/5 *", "*/5 no"))):
        file.write_text(content)
        assert ran("crontab", "-n", file).returncode == said
    file.unlink()


@without_systemd
def test_systemd_accepts_the_service_and_the_timer(
    command: Command, place_with_spaces: Path
) -> None:
    command.works("new", "schedule", "systemd")
    service, timer = (
        place_with_spaces / f"schedules/fdwarehouse.{kind}" for kind in ("service", "timer")
    )
    said = ran("systemd-analyze", "verify", service, timer)
    assert (said.returncode, said.stdout) == (0, "")
    (when,) = re.findall("(?m)^OnCalendar=(.*)$", timer.read_text())
    said = ran("systemd-analyze", "calendar", when)
    assert "Normalized form: *-*-* *:00/5:00" in said.stdout
    service.write_text(service.read_text().replace("ExecStart=/", "ExecStart=/no/"))
    assert ran("systemd-analyze", "verify", service, timer).returncode != 0


@pytest.mark.parametrize(("writer", "runner"), [("root", "fdwarehouse"), ("ana", "ana")])
def test_systemd_runs_it_as_who_has_written_it_but_never_as_root(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch, writer: str, runner: str
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: writer)
    command.project(project)
    command.works("new", "schedule", "systemd")
    service = (project / "schedules/fdwarehouse.service").read_text()
    assert re.findall("(?m)^User=(.*)$", service) == [runner]
    assert ("useradd --system fdwarehouse" in service) == (writer == "root")
    assert "User=root" not in service


@contextmanager
def pg_cron_server(passwords: str = "") -> Iterator[str]:
    """Start PostgreSQL 15 with pg_cron in its database postgres, and return that one's URL."""
    hba = "host all all 127.0.0.1/32 trust\n"
    settings = "-c shared_preload_libraries=pg_cron -c cron.database_name=postgres "
    settings += "-c cron.host=127.0.0.1"
    with old_server(hba, settings=settings, passwords=passwords) as port:
        url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{port}/postgres?client_encoding=utf8"
        with psycopg.connect(url) as server:
            server.execute("CREATE EXTENSION pg_cron")
            server.execute("CREATE ROLE warehouse_loader LOGIN")
        yield url


@without_pg_cron
def test_pg_cron_accepts_the_schedule_and_replaces_it_when_it_is_repeated(
    command: Command, project: Path
) -> None:
    command.project(project)
    command.use({"WAREHOUSE_URL": "postgresql://me@127.0.0.1:1/dwh"})
    command.works("new", "schedule", "pg_cron")
    jobs = "SELECT jobname::text, schedule, command, database, username FROM cron.job ORDER BY 1"
    with pg_cron_server() as url, psycopg.connect(url, autocommit=True) as server:
        server.execute("CREATE DATABASE dwh")
        for _ in range(2):
            server.execute((project / "schedules/pg_cron.sql").read_bytes())
        (_, run) = server.execute(jobs).fetchall()
        assert run == (
            "xyz_store: run", "*/5 * * * *", "CALL etl.run_pipeline()", "dwh", "warehouse_loader",
        )  # fmt: skip


@without_pg_cron
@pytest.mark.slow
def test_pg_cron_calls_a_warehouse_on_another_server(seeded_warehouse: Warehouse) -> None:
    target = conninfo_to_dict(seeded_warehouse.urls["loader"])
    job = (
        "INSERT INTO cron.job (schedule, command, nodename, nodeport, database, username) "
        "VALUES ('* * * * *', 'CALL etl.run_pipeline()', %s, %s, %s, 'warehouse_loader')"
    )
    passwords = f"*:*:*:*:{target['password']}\n"
    with pg_cron_server(passwords) as url, psycopg.connect(url, autocommit=True) as server:
        server.execute(job, [target["host"], target.get("port", 5432), target["dbname"]])
        ended = "SELECT status, return_message FROM cron.job_run_details WHERE end_time IS NOT NULL"
        ((status, message),) = wait_until(lambda: server.execute(ended).fetchall(), 90)
    assert (status, message) == ("succeeded", "CALL")
    assert seeded_warehouse.column("SELECT status FROM etl.runs") == ["succeeded"]


def test_existing_files_are_kept_and_an_unknown_kind_names_the_known(
    command: Command, project: Path
) -> None:
    command.project(project)
    command.works("new", "schedule", "cron")
    secrets = project / "schedules/warehouse.env"
    secrets.write_text("WAREHOUSE_URL='mine'\n")
    assert "wrote schedules/warehouse.env" not in command.works("new", "schedule", "systemd")
    assert secrets.read_text() == "WAREHOUSE_URL='mine'\n"
    assert "schedules/cron exists" in command.fails(2, "new", "schedule", "cron")
    said = command("new", "schedule", "at")
    assert said.exit_code == 2
    assert "cron, systemd, pg_cron" in said.err
