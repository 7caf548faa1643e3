"""G6: no password is in a log, a view of the server, a file, or the output of a command."""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fdwarehouse.database.deployment import write_build
from fdwarehouse.embedded import lifecycle
from fdwarehouse.embedded.programs import binaries
from fdwarehouse.rendering.render import render_project
from fdwarehouse.rendering.templates import MECHANICS
from tests.command import Command
from tests.harness import wait_until
from tests.servers import SETTINGS, Servers

MARK = "m4rk'd s\\ecret@#"  # a log quotes it in various ways: compare its first part
SEEN_AS = "m4rk"
TAIL = "t41l"  # of passwords that were not escaped
EVERYTHING = {
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_min_error_statement": "debug5",
    "log_error_verbosity": "verbose",
    "log_duration": "on",
    "log_lock_waits": "on",
    "deadlock_timeout": "100ms",  # after which a wait is logged
    "debug_print_parse": "on",
    "debug_print_rewritten": "on",
    "pg_stat_statements.track": "all",
    "pg_stat_statements.track_utility": "on",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_parameter_max_length": "-1",
    "auto_explain.log_verbose": "on",
}
STATEMENTS = "SELECT query FROM pg_stat_statements UNION ALL SELECT query FROM pg_stat_activity"


@pytest.fixture(scope="module")
def talkative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Separate servers that log as much as possible."""
    state_dir = tmp_path_factory.mktemp("talkative")
    yield Servers(state_dir, SETTINGS | EVERYTHING)
    lifecycle.remove(state_dir)


class Watched:
    """A shop and a bootstrapped warehouse on servers that log everything."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self.shop = servers.shop("empty")
        self.warehouse = servers.warehouse("bootstrapped", self.shop)
        for side in (self.shop, self.warehouse):
            side.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements", role="admin")
        for name in ("production", "warehouse"):
            self._log(name).write_text("")
        self.shop.execute("SELECT pg_stat_statements_reset()")
        self.warehouse.execute("SELECT pg_stat_statements_reset()", role="admin")

    def _log(self, server: str) -> Path:
        return self._servers.state_dir / f"{server}.log"

    @property
    def environment(self) -> dict[str, str]:
        reader = conninfo_to_dict(self.shop.urls["reader"])
        marked = f"postgresql://warehouse_reader:{quote(MARK, safe='')}@127.0.0.1"
        return self.warehouse.environment | {
            "PRODUCTION_URL": f"{marked}:{reader['port']}/{reader['dbname']}"
        }

    def records(self) -> str:
        """All that both servers have recorded."""
        found = [self._log(server).read_text() for server in ("production", "warehouse")]
        for side in (self.shop, self.warehouse):
            found += [str(row[0]) for row in side.rows(STATEMENTS, role="admin")]
        return "\n".join(found)

    def close(self) -> None:
        self.shop.execute(
            f"ALTER ROLE warehouse_reader PASSWORD '{self._servers.passwords['warehouse_reader']}'"
        )
        self.warehouse.close()
        self.shop.close()
        self._servers.drop_database("warehouse", self.warehouse.name)
        self._servers.drop_database("production", self.shop.name)


@pytest.fixture
def watched(talkative: Servers) -> Iterator[Watched]:
    made = Watched(talkative)
    yield made
    made.close()


def test_g6_no_command_leaves_a_password_in_a_log_or_a_view(
    command: Command, watched: Watched, project: Path
) -> None:
    command.secrets |= {MARK, SEEN_AS}
    command.project(project)
    command.use(watched.environment)
    command.works("bootstrap")
    for arguments in (
        ("contract",),
        ("deploy", "--plan"),
        ("deploy",),
        ("deploy",),
        ("status",),
        ("run",),
        ("check",),
        ("reconcile",),
        ("render",),
    ):
        said = command(*arguments)
        assert said.exit_code in (0, 1), said.err
        recorded = watched.records()
        assert "statement: " in recorded
        assert SEEN_AS not in recorded, arguments
    assert watched.warehouse.value("SELECT max(status) FROM etl.runs") == "succeeded"
    written = "".join(path.read_text() for path in (project / "build").iterdir())
    assert SEEN_AS not in written


@pytest.mark.parametrize(
    "breaking",
    [
        "REVOKE CONNECT ON DATABASE {shop} FROM PUBLIC, warehouse_reader",
        "ALTER ROLE warehouse_reader NOLOGIN",
        "ALTER TABLE orders RENAME TO gone",
    ],
)
def test_g6_a_command_that_fails_leaves_no_password_either(
    command: Command, watched: Watched, project: Path, breaking: str
) -> None:
    command.secrets |= {MARK, SEEN_AS}
    command.project(project)
    command.use(watched.environment)
    command.works("bootstrap")
    watched.shop.execute(breaking.format(shop=watched.shop.name))
    try:
        for arguments in (("contract",), ("deploy",), ("run",)):
            assert command(*arguments).exit_code > 0
        assert SEEN_AS not in watched.records()
    finally:
        watched.shop.execute("ALTER ROLE warehouse_reader LOGIN")


def waits_for(watched: Watched, what: str, then: str, run: Callable[[], object]) -> str:
    """Run something that waits for what another session has done, and return what was recorded.

    Args:
        watched: the servers.
        what: statement of the other session, an administrator of production or the owner.
        then: how its transaction ends, once the wait is in the log.
        run: what waits.
    """
    side, role = (watched.shop, "admin") if "ROLE" in what else (watched.warehouse, "owner")
    with side.connect(role) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute(what.encode())
        waiting = pool.submit(run)
        try:
            wait_until(lambda: "still waiting" in watched.records() or waiting.done())
        finally:
            holder.execute(then.encode())
        waiting.result(60)
    return watched.records()


@pytest.mark.parametrize("then", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize(
    "what",
    [
        "CREATE USER MAPPING FOR CURRENT_USER SERVER production",
        "CREATE USER MAPPING FOR CURRENT_USER SERVER production OPTIONS (user 'a', password 'b')",
    ],
)
def test_g6_deploy_that_waits_for_a_lock_leaves_no_password(
    command: Command, watched: Watched, project: Path, what: str, then: str
) -> None:
    command.secrets |= {MARK, SEEN_AS}
    command.project(project)
    command.use(watched.environment)
    command.works("bootstrap")
    command.works("deploy")
    watched.warehouse.execute("DROP USER MAPPING FOR CURRENT_USER SERVER production")
    recorded = waits_for(watched, what, then, lambda: command("deploy"))
    assert "still waiting" in recorded
    assert SEEN_AS not in recorded


@pytest.mark.parametrize("then", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize(
    "what",
    [
        "ALTER ROLE warehouse_reader VALID UNTIL 'infinity'",
        "ALTER ROLE warehouse_reader CONNECTION LIMIT 9",
    ],
)
def test_g6_bootstrap_that_waits_for_a_lock_leaves_no_password(
    command: Command, watched: Watched, what: str, then: str
) -> None:
    command.secrets |= {MARK, SEEN_AS}
    command.use(watched.environment)
    recorded = waits_for(watched, what, then, lambda: command("bootstrap"))
    assert "still waiting" in recorded
    assert SEEN_AS not in recorded


def test_g6_psql_deploys_without_a_trace_of_the_password(
    watched: Watched, command: Command, project: Path
) -> None:
    command.use(watched.environment)
    command.works("bootstrap")
    write_build(render_project(project), project / "build")
    psql = binaries({}) / "psql"
    for url in (watched.environment["PRODUCTION_URL"], "", "host=nowhere password=" + SEEN_AS):
        done = subprocess.run(
            [psql, watched.warehouse.urls["owner"], "-f", project / "build" / "deploy.sql"],
            env={"PRODUCTION_URL": url, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == ("nowhere" not in url), done.stderr
        assert SEEN_AS not in done.stdout + done.stderr
    assert SEEN_AS not in watched.records()
    watched.warehouse.run()


def test_g6_bootstrap_by_psql_records_no_password(watched: Watched) -> None:
    for side, role in (("production", "reader"), ("warehouse", "loader")):
        database = watched.shop if side == "production" else watched.warehouse
        options = f"-c fdwarehouse.side={side} -c fdwarehouse.{role}_password={SEEN_AS}"
        with psycopg.connect(database.urls["admin"], options=options) as connection:
            connection.execute((MECHANICS / "bootstrap.sql").read_bytes())
    assert SEEN_AS not in watched.records()


def test_g6_where_the_owner_may_not_switch_it_off_nothing_is_deployed(
    watched: Watched, command: Command
) -> None:
    command.secrets |= {MARK, SEEN_AS}
    command.use(watched.environment)
    command.works("bootstrap")
    for setting in ("pg_stat_statements.track", "auto_explain.log_min_duration"):
        watched.warehouse.execute(
            f"REVOKE SET ON PARAMETER {setting} FROM warehouse_owner", role="admin"
        )
        for arguments in (("deploy",), ("contract",)):
            said = command(*arguments)
            assert said.exit_code > 0
            assert "would record the password of the source" in said.err
            assert setting in said.err
            assert "`fdwarehouse bootstrap --side warehouse`" in said.err
        watched.warehouse.execute(
            f"GRANT SET ON PARAMETER {setting} TO warehouse_owner", role="admin"
        )
    assert SEEN_AS not in watched.records()


@pytest.mark.parametrize(
    "password",
    [
        f"p@{TAIL}",
        f"p@{TAIL}@x",
        f"p/{TAIL}",
        f"1/{TAIL}",
        f"p@1/{TAIL}",
        f"p%{TAIL}",
        f"p?{TAIL}/x",
        f"p {TAIL}",
        f"[{TAIL}/",
    ],
)
@pytest.mark.parametrize("variable", ["PRODUCTION_URL", "WAREHOUSE_URL", "PRODUCTION_ADMIN_URL"])
def test_g6_the_tail_of_a_password_that_was_not_escaped_is_not_shown(
    command: Command, watched: Watched, password: str, variable: str
) -> None:
    command.secrets.add(TAIL)
    url = f"postgresql://warehouse_reader:{password}@127.0.0.1:1/d"
    command.use(watched.environment | {variable: url})
    for arguments in (("contract",), ("deploy",), ("bootstrap",)):
        said = command(*arguments)
        if arguments == ("bootstrap",) or not variable.startswith("PRODUCTION_ADMIN"):
            assert said.exit_code > 0
    assert TAIL not in watched.records()
