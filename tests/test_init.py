"""`fdwarehouse init`: from a production that it has never seen to a warehouse, no file edited."""

from pathlib import Path

import psycopg
import pytest
import yaml

from fdwarehouse.project.proposal_lines import lines_left_out, table_lines
from fdwarehouse.project.proposals import ColumnProfile, TableProfile, propose
from fdwarehouse.project.scaffold import with_tables
from tests.command import Command
from tests.harness import Shop, Warehouse

PRODUCTIONS = (Path(__file__).parent / "productions.sql").read_text()
READ = {
    "actor": {"watermark": "last_update"},
    "an_extraordinarily_long_table_name_of_a_generator": {
        "mode": "snapshot",
        "as": "an_extraordinarily_long_table_na_46d6291d",
    },
    "film": {"watermark": "last_update"},
    "film_actor": {"watermark": "last_update"},
    "inventory": {"key": "sku", "mode": "snapshot"},
    "manager": {"mode": "multiset"},
    "person": {"mode": "snapshot", "inherit": "only"},
    "payment": {"mode": "snapshot"},
    "Staff": {"mode": "snapshot"},
    "visits": {"mode": "multiset"},
}


@pytest.fixture
def films(shop: Shop) -> Shop:
    with psycopg.connect(shop.urls["admin"]) as connection:
        connection.execute(PRODUCTIONS.encode())
    return shop


@pytest.fixture
def begun(command: Command, films: Shop, bootstrapped_warehouse: Warehouse, tmp_path: Path) -> Path:
    command.use(bootstrapped_warehouse.environment)
    command.works("init", str(tmp_path), "--schema", "films", "--name", "films")
    command.project(tmp_path)
    return tmp_path


def table(name: str, *columns: str, **known: object) -> TableProfile:
    """Describe a table with columns such as 'id integer!', which is never null."""
    described = ([*c.rstrip("!").split(" ", 1), c.endswith("!")] for c in columns)
    profiles = tuple(ColumnProfile(str(n), str(t), bool(never)) for n, t, never in described)
    return TableProfile(name, "r", profiles, **known)  # type: ignore[arg-type]


def test_init_writes_a_project_that_deploys_runs_and_equals_production(
    command: Command, begun: Path, films: Shop, bootstrapped_warehouse: Warehouse
) -> None:
    command("contract")
    command("deploy")

    def require_equal() -> None:
        for name, settings in READ.items():
            there = f'films."{name}"'
            read = f"ONLY {there}" if "inherit" in settings else there
            columns = films.column(
                "SELECT quote_ident(attname) FROM pg_attribute "
                "WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
                [there],
            )
            own = ", ".join(columns)
            here = own.replace("is_deleted", "source_is_deleted")
            expected = films.column(f"SELECT (ROW({own}))::text FROM {read} ORDER BY 1")
            mirror = f'silver."{settings.get("as", name)}"'
            query = f"SELECT (ROW({here}))::text FROM {mirror} WHERE NOT is_deleted ORDER BY 1"
            assert bootstrapped_warehouse.column(query) == expected != []

    def changed(*statements: str) -> None:
        with films.connect() as connection:
            connection.execute("SET search_path = films")
            for statement in statements:
                connection.execute(statement.encode())

    command.works("run")
    require_equal()
    changed(
        "UPDATE actor SET first_name = 'renamed' WHERE actor_id = 1",
        "UPDATE film SET rated = 'R', last_update = clock_timestamp() AT TIME ZONE 'UTC'",
        "INSERT INTO payment VALUES (9, 9, '2026-02-01')",
        "DELETE FROM inventory WHERE sku = 'x'",
        """UPDATE "Staff" SET is_deleted = true""",
    )
    command("run")
    require_equal()
    changed(
        "DELETE FROM film_actor WHERE film_id = 2",
        "UPDATE film SET rate = 1 WHERE film_id = 3",  # without a time stamp
    )
    command("reconcile")
    require_equal()


def test_init_says_how_each_table_is_read_and_why(command: Command, begun: Path) -> None:
    text = (begun / "warehouse.yaml").read_text()
    source = yaml.safe_load(text)["sources"]["production"]
    assert source["tables"] == READ
    assert source["schema"] == "films"
    assert "# primary key; a trigger sets last_update\n      actor:" in text
    assert "# primary key; nothing in the database sets last_update on an update" in text
    assert (
        "# no primary key, nor a unique key that is NOT NULL: identical rows are counted; every run"
        in text
    )
    assert "; tables inherit from it, which are read as tables of their own" in text
    assert "# no primary key; (sku) is unique and never null; no column tells" in text
    for name, reason in (
        ("django_migrations", "a framework records itself in it"),
        ("film_list", "a view"),
        ("2 partitions of films.payment", "their rows are read through it"),
        ("rental_by_rating", "a view"),
        ("secrets", "the reader may not read it"),
        ("tenants", "row security hides rows"),
    ):
        assert f"# not read: {name}: {reason}" in text


def test_partitions_of_a_table_are_one_line_with_their_number() -> None:
    columns = (ColumnProfile("id", "integer", not_null=True),)
    tables = [
        TableProfile(name, kind, columns, primary_key=("id",), parent=parent, schema="app")
        for name, kind, parent in (
            ("events", "p", None),
            ("events_1", "r", "app.events"),
            ("events_2", "p", "app.events"),
            ("events_2_a", "r", "app.events_2"),
            ("log_1", "r", "app.log"),
            ("unread", "v", None),
        )
    ]
    proposals = propose(tables, "app")
    left_out = [
        "not read: 3 partitions of app.events: their rows are read through it",
        "not read: log_1: its rows are read through app.log",
        "not read: unread: a view: to read it, name it here with its key",
    ]
    assert [*lines_left_out(proposals)] == left_out
    assert [line.strip(" #") for line in table_lines(proposals)][2:] == left_out


def test_init_stores_no_password(begun: Path, films: Shop) -> None:
    password = str(psycopg.conninfo.conninfo_to_dict(films.urls["reader"])["password"])
    files = [path for path in begun.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert not [path for path in files if password in path.read_text()]


def test_init_replaces_no_project(command: Command, begun: Path) -> None:
    before = (begun / "warehouse.yaml").read_bytes()
    assert "init --update" in command.fails(2, "init", str(begun), "--schema", "films")
    assert (begun / "warehouse.yaml").read_bytes() == before


def test_update_names_the_connection_that_is_missing(
    command: Command, begun: Path, bootstrapped_warehouse: Warehouse
) -> None:
    command.use({"WAREHOUSE_URL": bootstrapped_warehouse.environment["WAREHOUSE_URL"]})
    assert "PRODUCTION_URL" in command.fails(2, "init", "--update")


def test_init_before_bootstrap_asks_for_an_administrator(
    command: Command, films: Shop, tmp_path: Path
) -> None:
    no_reader = psycopg.conninfo.make_conninfo(films.urls["admin"], user="not_there_yet")
    command.use({"PRODUCTION_URL": no_reader})
    said = command.fails(2, "init", str(tmp_path / "x"), "--schema", "films")
    assert "give an administrator's connection with --url" in said
    command.works("init", str(tmp_path / "x"), "--schema", "films", "--url", films.urls["admin"])


def test_init_names_the_schemas_if_one_is_empty(
    command: Command, films: Shop, bootstrapped_warehouse: Warehouse, tmp_path: Path
) -> None:
    command.use(bootstrapped_warehouse.environment)
    said = command.fails(2, "init", str(tmp_path / "x"), "--schema", "nothing")
    assert "schema nothing of database" in said
    assert "films" in said
    assert not (tmp_path / "x").exists()


def test_update_adds_new_tables_and_keeps_every_other_byte(
    command: Command, begun: Path, films: Shop
) -> None:
    path = begun / "warehouse.yaml"
    edited = path.read_text().replace("{watermark: last_update}", "{watermark: last_update} # mine")
    path.write_text(edited)
    with films.connect() as connection:
        connection.execute("CREATE TABLE films.prize (id int PRIMARY KEY, updated_at timestamptz)")
        connection.execute("GRANT SELECT ON films.prize TO warehouse_reader")
        connection.execute('DROP TABLE films."Staff"')
    said = command("init", "--update")
    assert "production no longer has Staff" in said.err
    lines = path.read_text().splitlines()
    assert [line for line in lines if "prize" not in line and "updated_at" not in line] == (
        edited.splitlines()
    )
    tables = yaml.safe_load(path.read_text())["sources"]["production"]["tables"]
    assert tables == READ | {"prize": {"watermark": "updated_at"}}
    assert "has every table" in command("init", "--update").out


@pytest.mark.parametrize(
    ("columns", "known", "settings"),
    [
        (("id integer!", "ModifiedDate timestamp(3) without time zone!"), {}, "ModifiedDate"),
        (("id integer!", "updatedAt timestamp with time zone!"), {}, "updatedAt"),
        (("id integer!", "created_at timestamp with time zone!"), {}, None),
        (("id integer!", "updated_at date!"), {}, None),
        (("id integer!", "updated_at text!"), {}, None),
        (
            (
                "id integer!",
                "modified timestamp with time zone",
                "updated_at timestamp with time zone!",
            ),
            {},
            "updated_at",
        ),
    ],
)
def test_watermark_is_a_time_of_change_rather_one_that_is_never_null(
    columns: tuple[str, ...], known: dict[str, object], settings: str | None
) -> None:
    (proposal,) = propose([table("t", *columns, primary_key=("id",), **known)])
    assert proposal.settings == ({"watermark": settings} if settings else {"mode": "snapshot"})


@pytest.mark.parametrize(
    ("nulls", "settings", "reason"),
    [
        (0.0, {"watermark": "updated_at"}, "every run reads the rows where it is null (0%)"),
        (0.4, {"watermark": "updated_at"}, "every run reads the rows where it is null (40%)"),
        (0.9, {"mode": "snapshot"}, "updated_at is null in 90% of rows"),
    ],
)
def test_watermark_that_is_null_for_most_rows_is_not_proposed(
    nulls: float, settings: dict[str, object], reason: str
) -> None:
    key = ColumnProfile("id", "integer", not_null=True)
    watermark = ColumnProfile("updated_at", "timestamp with time zone", False, nulls)
    (proposal,) = propose([TableProfile("t", "r", (key, watermark), primary_key=("id",))])
    assert proposal.settings == settings
    assert reason in proposal.reason


def test_what_is_slow_is_a_warning() -> None:
    columns = ("id integer!", "updated_at timestamp with time zone!")
    large = {"primary_key": ("id",), "rows": 9_000_000, "size": 2 * 10**9}
    stamped, whole = propose([table("a", *columns, **large), table("b", columns[0], **large)])
    assert stamped.warnings == ("a.updated_at has no index: every run scans 9,000,000 rows",)
    assert whole.warnings[0].startswith("b is large (9,000,000 rows, 2 GB), and every run reads")


def test_what_a_deploy_refuses_is_not_proposed() -> None:
    (taken,) = propose([table("t", "id integer!", "_run_id integer", primary_key=("id",))])
    assert taken.skipped == (
        "column _run_id: the name is reserved in bronze. Leave it out with exclude: [_run_id], or "
        "read a view in production that renames it"
    )
    (unsortable,) = propose([table("t", "at point!", unique_keys=(("at",),))])
    assert "cannot be sorted" in (unsortable.skipped or "")
    (both,) = propose([table("t", "at point!", "_run_id integer", unique_keys=(("at",),))])
    assert (both.skipped or "").startswith("column _run_id: the name is reserved in bronze. ")
    assert "cannot be sorted" in (both.skipped or "")


def test_a_table_with_a_dot_in_its_name_is_not_written_twice() -> None:
    columns = ("id integer!",)
    tables = [
        table("sales.orders", *columns, primary_key=("id",), schema="public"),
        table("orders", *columns, primary_key=("id",), schema="sales"),
    ]
    first, second = propose(tables, "public")
    assert (first.table, first.skipped) == ("sales.orders", None)
    assert "is also the name of a table of another schema" in (second.skipped or "")


def test_tables_on_one_line_are_not_rewritten() -> None:
    text = "project: x\nsources: {production: {tables: {a: {watermark: b}}}}\n"
    proposals = propose([table("t", "id integer!", primary_key=("id",))])
    with pytest.raises(Exception, match="are on one line"):
        with_tables(text, "production", proposals)
