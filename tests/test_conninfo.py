"""Connection strings are understood as libpq does, since deploy hands them to postgres_fdw."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.harness import Warehouse

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
    """What libpq takes from it; without a database it takes the one named like the user."""
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
