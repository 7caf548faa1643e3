"""Terminals of any width, without colours, and files instead of terminals."""

import io
import os
import re
import subprocess
import sys

import pytest
from rich.console import Console
from rich.text import Text

from fdwarehouse.terminal import console
from fdwarehouse.terminal.console import mark, table
from tests.command import Command
from tests.harness import ROOT, Warehouse
from tests.pseudo_terminal import Terminal

SIGNS = "[✓✗!·▶↶-]"


def warn_of(warehouse: Warehouse, check: str, severity: str) -> None:
    warehouse.execute(
        f"CREATE OR REPLACE FUNCTION etl.check_{check}(p_since_run_id bigint) RETURNS SETOF jsonb "
        "LANGUAGE sql STABLE AS 'SELECT to_jsonb(1)'",
        f"UPDATE etl.checks SET severity = '{severity}' WHERE check_name = '{check}'",
    )


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_names_of_tables_and_checks_stay_whole_on_a_narrow_terminal(
    seeded_warehouse: Warehouse, columns: int
) -> None:
    environment = seeded_warehouse.environment
    shown: dict[str, list[str]] = {}
    for command in ("run", "check", "status", "status --run 1"):
        with Terminal(*command.split(), environment=environment, columns=columns) as terminal:
            assert terminal.end() == 0
            shown[command] = terminal.shown
        lines = [line for line in shown[command] if re.match(f"{SIGNS} +", line)]
        assert max(map(len, lines)) <= columns
    for command in ("status", "status --run 1"):
        assert max(map(len, shown[command])) <= columns
    models = seeded_warehouse.column("SELECT model FROM etl.steps WHERE run_id = 1")
    for model in models:
        assert any(re.match(f"✓ +{re.escape(model)}( |$)", line) for line in shown["run"]), model
    folded = [line.removeprefix("✓").strip() for line in shown["check"]]
    for name in seeded_warehouse.column("SELECT check_name FROM etl.checks"):
        if len(f"✓ {name}") <= columns:
            assert any(re.match(f"✓ +{name}( |$)", line) for line in shown["check"]), name
        else:  # it cannot stay on one line, but all of it is there
            assert name in "".join(folded), name
    for name in seeded_warehouse.column(
        "SELECT model FROM etl.steps WHERE run_id = 1 AND layer <> 'source'"
    ):
        assert any(re.match(f"{re.escape(name)}( |$)", line) for line in shown["status"]), name


def test_counts_go_before_the_time_and_silent_columns_before_others() -> None:
    made = table("", "step", "read", "deleted", "time", right=("read",), drop=("read", "deleted"))
    made.add_row(Text("✓"), "gold.fact_sales", "1,000", "0", "12 ms")

    def drawn(width: int) -> list[str]:
        screen = io.StringIO()
        Console(file=screen, width=width).print(made)
        return [line.strip() for line in screen.getvalue().splitlines()]

    assert drawn(60)[0].split() == ["step", "read", "deleted", "time"]
    assert drawn(32)[0].split() == ["step", "read", "time"]
    assert drawn(27)[0].split() == ["step", "time"]
    assert drawn(27)[1] == "✓  gold.fact_sales  12 ms"
    assert "".join(line.strip(" ✓") for line in drawn(14)).replace(" ", "").startswith("step")
    letters = re.sub(r"[^a-z_.]", "", "".join(drawn(14)[1:]))
    assert {*"gold.fact_sales"} <= {*letters}  # folded, not cut off


def test_only_the_name_that_does_not_fit_is_folded_and_nothing_of_it_is_cut_off() -> None:
    names = ["clean_order_items__quantity__accepted", "clean_order_items__order_id__references"]
    made = table("", "check", "layer", drop=("layer",))
    for name in names:
        made.add_row(Text("✓"), name, "silver")

    def drawn(width: int) -> list[str]:
        screen = io.StringIO()
        Console(file=screen, width=width).print(made)
        return [line.rstrip() for line in screen.getvalue().splitlines()]

    assert drawn(41)[1:] == [f"✓ {name}" for name in names]
    assert drawn(40)[1:] == [f"✓ {names[0]}", f"✓ {names[1][:-1]}", f"  {names[1][-1]}"]
    assert drawn(39)[1:] == [f"✓ {names[0]}", f"✓ {names[1][:-2]}", f"  {names[1][-2:]}"]


@pytest.mark.parametrize("no_color", ["", "1"])
def test_passed_warned_and_failed_differ_by_colour_and_by_sign(
    seeded_warehouse: Warehouse, no_color: str
) -> None:
    seeded_warehouse.run()
    warn_of(seeded_warehouse, "no_rejected_rows", "warn")
    warn_of(seeded_warehouse, "freshness", "error")
    environment = seeded_warehouse.environment | ({"NO_COLOR": no_color} if no_color else {})
    with Terminal("check", environment=environment) as terminal:
        assert terminal.end() == 1
        drawn = terminal.raw
    signs = {
        "✓": ("metrics_match_sales", 32),
        "!": ("no_rejected_rows", 33),
        "✗": ("freshness", 31),
    }
    for sign, (name, code) in signs.items():
        line = next(
            line for line in drawn.splitlines() if re.search(rf"{name}\b.*(warn|error)", line)
        )
        assert sign in line
        assert (f"\x1b[{code}m{sign}" in line) == (not no_color)
    if no_color:
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", drawn)


def test_a_terminal_that_knows_only_ascii_shows_different_signs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ascii_only = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    monkeypatch.setattr(console.out, "console", ascii_only)
    states = ("passed", "warned", "failed", "rolled_back", "running")
    assert [mark(state).plain for state in states] == ["+", "!", "x", "<", ">"]


def in_a_file(warehouse: Warehouse, *arguments: str) -> list[str]:
    environment = {**os.environ, **warehouse.environment, "FDWAREHOUSE_PROJECT": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "fdwarehouse.cli.main", *arguments],
        env=environment | {"CI": "true", "GITHUB_ACTIONS": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_log_file_has_a_line_per_step_also_of_200_that_end_at_once(
    seeded_warehouse: Warehouse,
) -> None:
    seeded_warehouse.execute(
        """
        CREATE FUNCTION etl.two_hundred() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO etl.steps (
                run_id, model, layer, position, status, rows_read, started_at, finished_at
            )
            SELECT new.run_id, 'gold.table_' || n, 'gold', 1000 + n, 'succeeded', n, now(), now()
            FROM generate_series(1, 200) AS n;
            RETURN NULL;
        END;
        $$
        """,
        "CREATE TRIGGER two_hundred AFTER UPDATE OF status ON etl.runs FOR EACH ROW "
        "WHEN (new.status = 'succeeded') EXECUTE FUNCTION etl.two_hundred()",
    )
    said = in_a_file(seeded_warehouse, "run")
    steps = seeded_warehouse.column("SELECT model FROM etl.steps WHERE run_id = 1")
    assert len(steps) > 210
    lines = [line for line in said if line.startswith("succeeded  ")]
    assert sorted(line.split(":")[0].split()[1] for line in lines) == sorted(steps)
    assert "succeeded  gold.table_200: 200 read (0 ms)" in lines
    assert not any("\x1b" in line for line in said)


def test_a_pipe_gets_each_line_when_its_step_ends(
    command: Command, seeded_warehouse: Warehouse
) -> None:
    blocker = seeded_warehouse.connect("admin")
    blocker.execute("LOCK TABLE silver.clean_orders IN SHARE MODE")
    environment = {**os.environ, **seeded_warehouse.environment, "FDWAREHOUSE_PROJECT": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "fdwarehouse.cli.main", "run"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        while "bronze.raw_order_items" not in line:
            line = process.stdout.readline()
        assert seeded_warehouse.column("SELECT status FROM etl.runs") == ["running"]
        blocker.rollback()
        assert "run 1 succeeded" in process.stdout.read()
