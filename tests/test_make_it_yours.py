"""The files and commands in docs/make-it-yours.md work, in an empty folder."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fdwarehouse.embedded import lifecycle
from fdwarehouse.embedded.lifecycle import SERVERS
from tests.clinic import Clinic
from tests.command import Command
from tests.harness import ROOT, Database
from tests.servers import Servers


def blocks_of(page: str) -> list[tuple[str, str]]:
    text = (ROOT / "docs" / page).read_text()
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def files_in(blocks: list[tuple[str, str]]) -> dict[str, str]:
    """Return the blocks that are files; their first line is the path."""
    found = {}
    for _, text in blocks:
        if match := re.match(r"(?:--|#) ([\w./]+\.(?:sql|yaml))\n", text):
            found[match[1]] = text
    return found


BLOCKS = blocks_of("make-it-yours.md")
FILES = files_in(BLOCKS)
BY_HAND = files_in(blocks_of("by-hand.md"))
((COMMANDS),) = [text.splitlines() for kind, text in BLOCKS if kind == "sh"]
((QUERY, *RESULT),) = [
    re.sub("(?m)^-- ", "", text).splitlines()[1:]
    for _, text in BLOCKS
    if text.startswith("-- result\n")
]


@pytest.fixture
def empty_servers(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The embedded servers with two empty databases."""
    names = {server: servers.create_database(server, "bare") for server in SERVERS}
    urls = {
        "WAREHOUSE_URL": servers.url("warehouse", "owner", names["warehouse"]),
        "PRODUCTION_URL": servers.url("production", "reader", names["production"]),
        "WAREHOUSE_ADMIN_URL": servers.url("warehouse", "admin", names["warehouse"]),
        "PRODUCTION_ADMIN_URL": servers.url("production", "admin", names["production"]),
    }

    def up(_state_dir: Path, *, production_db: str) -> dict[str, str]:
        assert production_db == "help_desk"
        return urls

    monkeypatch.setattr(lifecycle, "up", up)
    monkeypatch.setattr(lifecycle, "passwords", lambda _state_dir: servers.passwords)
    with closing(Database(urls)) as databases:
        yield databases
    for server, name in names.items():
        servers.drop_database(server, name)


@pytest.mark.parametrize("way", ["selects", "by hand"])
def test_help_desk_of_the_documentation_is_made_run_and_right(
    command: Command,
    empty_servers: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    def execve(_program: str, arguments: list[str], environment: dict[str, str]) -> None:
        subprocess.run(arguments, env=environment, check=True, stdout=subprocess.DEVNULL)

    monkeypatch.setattr("os.execve", execve)
    monkeypatch.chdir(tmp_path)
    command.project(tmp_path)
    by_hand = {n: t for n, t in FILES.items() if not re.match("sql/(silver|gold)", n)} | BY_HAND
    for name, text in (FILES if way == "selects" else by_hand).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    lines = [shlex.split(line, comments=True) for line in COMMANDS]
    assert [line[1] for line in lines] == [
        *("up", "psql", "bootstrap", "contract", "test", "deploy", "deploy", "run", "status")
    ]
    command.secrets.clear()  # `up` shows them
    for _, *arguments in lines:
        assert command(*arguments).exit_code == 0

    assert [" | ".join(map(str, row)) for row in empty_servers.rows(QUERY)] == RESULT
    rejected = "SELECT key ->> 'ticket_id', reasons FROM silver.rejected_rows"
    assert empty_servers.rows(rejected) == [("3", ["unknown status"])]
    for table in ("agents", "events", "settings", "tags"):
        assert empty_servers.value(f"SELECT count(*) >= 0 FROM bronze.raw_{table}")
    change = "UPDATE agents SET team = 'south', updated_at = now() WHERE agent_id = 1"
    empty_servers.execute(change, role="PRODUCTION_ADMIN_URL")
    ticket = "INSERT INTO tickets VALUES (5, 1, 'open')"
    empty_servers.execute(ticket, role="PRODUCTION_ADMIN_URL")
    command.works("run")
    assert empty_servers.rows(QUERY) == [("north", 1, 1), ("south", 1, 0), ("unknown", 1, 0)]
    history = "SELECT team, is_current FROM gold.dim_agents WHERE agent_id = 1 ORDER BY valid_from"
    assert empty_servers.rows(history) == [("north", False), ("south", True)]
    assert "No row differed" in command.works("rebuild")


def test_every_block_of_the_documentation_is_a_file_a_command_or_a_result() -> None:
    assert len(FILES) + 2 == len(BLOCKS)


@pytest.mark.parametrize(
    ("rules", "reasons"),
    [
        ({"no beds": "beds IS NULL"}, [["no beds"], []]),
        ({"no beds": ["beds IS NULL", "beds = 0"]}, [["no beds"], []]),
        ({"never": [], "no beds": "beds IS NULL"}, [["no beds"], []]),
        ({"never": []}, [[], []]),
        ({}, [[], []]),
    ],
)
def test_rules_are_conditions_or_lists_of_them_or_none(
    clinic: Clinic, rules: dict[str, object], reasons: list[list[str]]
) -> None:
    view = f"""
        CREATE VIEW silver.ward_versions AS
        WITH cleaned AS (
            SELECT *, {{{{ bronze.metadata(source.clinic) }}}} FROM bronze.raw_wards
        )
        SELECT ward, {{{{ silver.reject_reasons({rules}) }}}} AS reject_reasons FROM cleaned;
    """
    (clinic.root / "sql/silver").mkdir(parents=True)
    (clinic.root / "sql/silver/ward_versions.sql").write_text(view)
    clinic.write("INSERT INTO wards VALUES ('A', NULL), ('B', 1)")
    clinic.warehouse.deploy(clinic.root, source="clinic")
    clinic.warehouse.run()
    query = "SELECT reject_reasons FROM silver.ward_versions ORDER BY ward"
    assert clinic.warehouse.column(query) == reasons
