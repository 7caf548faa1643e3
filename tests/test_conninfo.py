"""Connection strings are parsed as by libpq, since deploy passes them to postgres_fdw."""

import re
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from fdwarehouse.errors import FdwarehouseError
from fdwarehouse.project import conninfo as rules
from fdwarehouse.project.conninfo import parse_conninfo, require_known_words
from tests.harness import Warehouse, failing

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
)
words = st.sampled_from(["warehouse_reader", "p@ss:w/rd?#&=%", " ", "'", "\\", "%41", "ü", "a b"])
values = st.one_of(words, texts)
hosts = st.sampled_from(
    ["db.example.com", "127.0.0.1:5432", "[::1]", "[::1]:5432", "%2Fvar%2Frun", ":5432", ""]
)
options = {
    "user": values,
    "password": values,
    "host": values,
    "port": st.just("5432"),
    "dbname": values.filter(lambda name: "=" not in name and "://" not in name),
    "sslmode": st.just("require"),
    "application_name": values,
}


def understood(warehouse: Warehouse, conninfo: str) -> dict[str, Any]:
    found = warehouse.value("SELECT etl.conninfo_options(%s)", [conninfo])
    return {name: value for name, value in (found or {}).items() if value}


def expected(conninfo: str) -> dict[str, Any]:
    """The options that libpq reads; the database defaults to the user's name."""
    known = {name: value for name, value in conninfo_to_dict(conninfo).items() if value}
    if "user" in known:
        known.setdefault("dbname", known["user"])
    return known


@settings(max_examples=200)
@given(st.fixed_dictionaries({}, optional=options))
def test_key_value_strings(warehouse: Warehouse, given_options: dict[str, str]) -> None:
    conninfo = make_conninfo("", **given_options)
    assert understood(warehouse, conninfo) == expected(conninfo)


@settings(max_examples=200)
@given(
    st.one_of(st.just(()), st.tuples(values), st.tuples(values, values)),
    hosts,
    st.one_of(st.just(""), values),
    st.dictionaries(st.sampled_from(["sslmode", "application_name"]), values, max_size=2),
)
def test_urls(
    warehouse: Warehouse,
    login: tuple[str, ...],
    host: str,
    database: str,
    parameters: dict[str, str],
) -> None:
    def encoded(value: str) -> str:
        return quote(value, safe="")

    url = f"postgresql://{':'.join(map(encoded, login))}{'@' if login else ''}{host}"
    url += f"/{encoded(database)}" if database else ""
    url += "?" if parameters else ""
    url += "&".join(f"{name}={encoded(value)}" for name, value in parameters.items())
    assert understood(warehouse, url) == expected(url)


@pytest.mark.parametrize(
    "conninfo",
    [
        "host = localhost\n  port=1   dbname  =  'my shop' user=u",
        r"user='o\'brien' password=a\ b\\c",
        r"password='it\'s' user=u",
        "user=u password='' dbname=d",
        "postgresql://u:p:q@host/d",
        "postgresql://u@host?dbname=other",
        "postgres://u:p@host/d",
        "postgresql:///d?host=/tmp&port=7",
        "postgresql://",
        "",
    ],
)
def test_strings_that_people_write(warehouse: Warehouse, conninfo: str) -> None:
    assert understood(warehouse, conninfo) == expected(conninfo)


PIECES = [
    *("postgresql://", "postgres://", "host", "user", "password", "dbname", "port", "sslmode"),
    *(
        "options",
        "ssl=true",
        "=",
        " = ",
        "'",
        "\\",
        "@",
        ":",
        "/",
        "?",
        "&",
        ",",
        "%",
        "%41",
        "%00",
    ),
    *("%ff", "%c3%a9", "[", "]", "::1", "a", "b c", "5432", "h1,h2", " ", "\n", "ü", "#", ";"),
]


def both(warehouse: Warehouse, conninfo: str) -> tuple[Any, Any]:
    """The options that Python and SQL read, None if they refuse; errors quote none of the text."""
    said: list[str] = []
    in_python = in_sql = None
    try:
        in_python = parse_conninfo("X_URL", conninfo)
    except FdwarehouseError as error:
        said.append(error.message.removeprefix("X_URL "))
    try:
        in_sql = warehouse.value("SELECT etl.conninfo_options(%s)", [conninfo])
    except psycopg.Error as error:
        said.append(
            str(error.diag.message_primary).removeprefix("the connection string of a source ")
        )
        said += re.findall("SQL statement.*", error.diag.context or "")
    assert set(said) <= {rules.NOT_A_CONNINFO}
    return in_python, in_sql


@settings(max_examples=400)
@given(st.lists(st.one_of(st.sampled_from(PIECES), texts), max_size=12).map("".join))
def test_both_parsers_agree_on_whatever_is_written(warehouse: Warehouse, conninfo: str) -> None:
    in_python, in_sql = both(warehouse, conninfo)
    assert in_sql == in_python


@settings(max_examples=300)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES[2:]), texts), max_size=10).map("".join),
    st.sampled_from(PIECES[:2]),
)
def test_both_parsers_agree_on_urls(warehouse: Warehouse, location: str, scheme: str) -> None:
    in_python, in_sql = both(warehouse, scheme + location)
    assert in_sql == in_python


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["user", "host", "port", "password", "x"]), st.sampled_from(PIECES)
        ),
        max_size=4,
    ),
    st.sampled_from(["", " ", "'", "\\"]),
)
def test_both_parsers_agree_on_key_and_value(
    warehouse: Warehouse, pairs: list[tuple[str, str]], end: str
) -> None:
    in_python, in_sql = both(warehouse, " ".join(f"{k}={v}" for k, v in pairs) + end)
    assert in_sql == in_python


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://u:p@h1:1,h2:2/d?target_session_attrs=primary",
        "postgresql://u:p@h1,h2,[::1]:7/d",
        "postgresql://u:p@/d?host=a,b&port=1,2&load_balance_hosts=random",
        "postgresql://u:p%40%2F%3A%23@h/d?ssl=true",
        "postgresql://u:p?q@h/d",
        "postgresql://u:p#1@h/d",
        " host=a,b port=1,2 user=u\n",
        "user=a user=b password=",
        r"user=a\ b password=a'b\\",
        "host='a'port='1'",
    ],
)
def test_strings_of_several_hosts_and_odd_passwords(warehouse: Warehouse, conninfo: str) -> None:
    in_python, in_sql = both(warehouse, conninfo)
    assert in_python == expected(conninfo) == in_sql


@pytest.mark.parametrize(
    "conninfo",
    [
        "postgresql://u:p@x@h/d",
        "postgresql://u:p/x@h/d",
        "postgresql://u:p@h:x/d",
        "postgresql://u:p%4@h/d",
        "postgresql://u:p@h/d?nothing=1",
        "postgresql://u:p@h/d?user",
        "postgresql://u:p@[::1/d",
        "postgresql://u:p q@h/d",
        "user=u password=a b",
        "user=u password='a",
        "user=u secret=a",
        "h",
        "host=h port=x",
    ],
)
def test_strings_that_are_none_are_refused_by_both(warehouse: Warehouse, conninfo: str) -> None:
    assert both(warehouse, conninfo) == (None, None)


def test_every_word_of_libpq_is_taken_or_named(warehouse: Warehouse) -> None:
    of_libpq = {option.keyword.decode() for option in Conninfo.get_defaults()}
    of_libpq |= {*rules.OF_THE_LOGIN, *rules.OF_THE_SERVER, *rules.REFUSED}
    for word in sorted(of_libpq):
        conninfo = f"host=h user=u password=p {word}=1"
        if word in (*rules.OF_THE_LOGIN, *rules.OF_THE_SERVER):
            require_known_words("X_URL", [word])
            kind = "USER MAPPING FOR PUBLIC" if word in rules.OF_THE_LOGIN else ""
            statement = (
                f"CREATE {kind} SERVER production OPTIONS ({word} '1')"
                if kind
                else f"CREATE SERVER any_{word} FOREIGN DATA WRAPPER postgres_fdw "
                f"OPTIONS ({word} '1')"
            )
            warehouse.execute(statement)
            if kind:
                warehouse.execute("DROP USER MAPPING FOR PUBLIC SERVER production")
        else:
            with pytest.raises(FdwarehouseError, match=f'invalid option "{word}"'):
                require_known_words("X_URL", [word])
            warehouse.shop.urls["reader"] = conninfo
            with pytest.raises(FdwarehouseError, match=f'invalid option "{word}"') as refused:
                warehouse.deploy()
            assert word in str(refused.value.hint)
            assert re.search("specify host, port, dbname", str(refused.value.hint))


def test_a_source_without_a_login_says_so(warehouse: Warehouse) -> None:
    for conninfo in ("postgresql://h/d", "host=h user=u", "postgresql://:p@h/d"):
        warehouse.shop.urls["reader"] = conninfo
        with pytest.raises(FdwarehouseError, match="has no user or no password"):
            warehouse.deploy()
    with failing("DW009"):
        warehouse.value("SELECT etl.conninfo_options('postgresql://a@b@c/d')")
