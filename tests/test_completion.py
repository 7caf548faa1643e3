"""The shell completes names from the project's files, without a database and without errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT

PROGRAM = Path(sys.executable).parent / "fdwarehouse"


def completed(line: str, folder: Path = ROOT) -> list[str]:
    """Return what bash offers for the last word of a command line."""
    words = line.split(" ")
    environment = {name: v for name, v in os.environ.items() if not name.endswith("_URL")} | {
        "_FDWAREHOUSE_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [PROGRAM], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


@pytest.fixture
def mine(project: Path) -> Path:
    path = project / "warehouse.yaml"
    text = path.read_text().replace("    fence: activity", "    mirror: true\n    fence: activity")
    path.write_text(text.replace("{key: product_id,", "{as: goods, key: product_id,"))
    fact = project / "sql/gold/fact_sales.sql"
    fact.write_text(fact.read_text().replace("\ngrain:", "\ntags: [finance, daily]\ngrain:", 1))
    return project


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("fdwarehouse do", ["doctor", "down", "docs"]),
        ("fdwarehouse explain gold.dim_", ["gold.dim_customers", "gold.dim_date", "gold.dim_prod"]),
        ("fdwarehouse run --select gold.fact", ["gold.fact_sales"]),
        ("fdwarehouse run --select silver,+gold.fact", ["silver,+gold.fact_sales"]),
        ("fdwarehouse rebuild --exclude +cohort_m", ["+cohort_months"]),
        ("fdwarehouse run --select state", ["state:modified"]),
        ("fdwarehouse run --select tag:", ["tag:daily", "tag:finance"]),
        ("fdwarehouse check --select no_rej", ["no_rejected_rows"]),
        ("fdwarehouse test an_", ["an_unknown_status_is_set_aside"]),
        ("fdwarehouse reconcile order", ["orders", "order_items"]),
        ("fdwarehouse run --allow-deletions prod", ["products"]),
        ("fdwarehouse new test gold.dim_c", ["gold.dim_customers"]),
        ("fdwarehouse new model gold.x --from bronze.raw_g", ["bronze.raw_goods"]),
        ("fdwarehouse new check x --from silver.goo", ["silver.goods"]),
        ("fdwarehouse psql --on p", ["production"]),
        ("fdwarehouse docs oper", ["operations"]),
        ("fdwarehouse rebuild go", ["gold"]),
    ],
)
def test_names_of_the_project_are_offered(mine: Path, line: str, offered: list[str]) -> None:
    found = completed(line, mine)
    assert len(found) == len(offered)
    assert all(name.startswith(start) for name, start in zip(found, offered, strict=True))


def test_another_project_is_completed_by_its_option(mine: Path, tmp_path: Path) -> None:
    line = f"fdwarehouse --project {mine} psql --on "
    assert completed(line, tmp_path) == ["production"]


@pytest.mark.parametrize("text", ["", "sources: [", "sources: 3", "a: !!python/object:x {}", "\0"])
def test_a_broken_project_offers_nothing_and_no_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "warehouse.yaml").write_text(text)
    for line in ("reconcile ", "run --select ", "psql --on ", "test ", "explain "):
        assert completed(f"fdwarehouse {line}", tmp_path) == []


def test_without_a_project_nothing_is_offered(tmp_path: Path) -> None:
    assert completed("fdwarehouse reconcile ", tmp_path) == []


def test_a_completion_imports_nothing_that_is_slow(mine: Path) -> None:
    program = (
        "import sys\n"
        "from fdwarehouse.cli.main import main\n"
        "try:\n    main()\nfinally:\n"
        "    slow = {'pydantic', 'rich', 'psycopg', 'pglast', 'jinja2'} & {*sys.modules}\n"
        "    print(sorted(slow), file=sys.stderr)\n"
    )
    environment = os.environ | {
        "_FDWAREHOUSE_COMPLETE": "complete_bash",
        "COMP_WORDS": "fdwarehouse run --select gold.fact",
        "COMP_CWORD": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=mine,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("gold.fact_sales\n", "[]\n")
