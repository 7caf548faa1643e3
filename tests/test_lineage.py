"""Where each column of a SELECT comes from, as a deploy computes it from the SELECT's tree."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from fdwarehouse.compiler.algebra.lineage import Lineage, Origin
from fdwarehouse.database.analysis.catalog import read_catalog
from fdwarehouse.database.analysis.lineage import lineage_of_definition
from tests.servers import Servers

CASES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    # SELECT, and of each column the direct and the indirect origins
    "column": (
        "SELECT o_id, status AS s FROM gold.o",
        {"o_id": ("o.o_id", ""), "s": ("o.status", "")},
    ),
    "star": (
        "SELECT * FROM gold.p",
        {"p_id": ("p.p_id", ""), "name": ("p.name", ""), "price": ("p.price", "")},
    ),
    "constant": ("SELECT 1 AS one FROM gold.p", {"one": ("", "p.p_id")}),
    "expression": (
        "SELECT quantity * price + 1 AS amount FROM gold.i",
        {"amount": ("i.quantity i.price", "")},
    ),
    "case": (
        "SELECT CASE WHEN status = 'x' THEN o_id ELSE 0 END AS c FROM gold.o",
        {"c": ("o.status o.o_id", "")},
    ),
    "filter": ("SELECT o_id FROM gold.o WHERE status = 'x'", {"o_id": ("o.o_id", "o.status")}),
    "inner join": (
        "SELECT i.quantity FROM gold.i INNER JOIN gold.o ON i.o_id = o.o_id",
        {"quantity": ("i.quantity", "i.o_id o.o_id")},
    ),
    "join using": (
        "SELECT o_id, quantity FROM gold.i INNER JOIN gold.o USING (o_id)",
        {"o_id": ("i.o_id", "o.o_id"), "quantity": ("i.quantity", "i.o_id o.o_id")},
    ),
    "full join": (
        "SELECT coalesce(i.o_id, o.o_id) AS o_id FROM gold.i FULL JOIN gold.o ON i.o_id = o.o_id",
        {"o_id": ("i.o_id o.o_id", "")},
    ),
    "join in parentheses": (
        (
            "SELECT o.status, p.name FROM gold.o LEFT JOIN (gold.i INNER JOIN gold.p USING (p_id)) "
            "ON o.o_id = i.o_id"
        ),
        {
            "status": ("o.status", "o.o_id i.o_id i.p_id p.p_id"),
            "name": ("p.name", "o.o_id i.o_id i.p_id p.p_id"),
        },
    ),
    "aggregate": (
        "SELECT p_id, sum(quantity) AS n, count(*) AS all_rows FROM gold.i GROUP BY p_id",
        {"p_id": ("i.p_id", ""), "n": ("i.quantity", "i.p_id"), "all_rows": ("", "i.p_id")},
    ),
    "count without columns": ("SELECT count(*) AS n FROM gold.i", {"n": ("", "i.i_id")}),
    "filter of an aggregate": (
        "SELECT sum(quantity) FILTER (WHERE price > 0) AS n FROM gold.i HAVING count(o_id) > 1",
        {"n": ("i.quantity", "i.price i.o_id")},
    ),
    "order of an aggregate": (
        (
            "SELECT array_agg(name ORDER BY price) AS names, "
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS median FROM gold.p"
        ),
        {"names": ("p.name", "p.price"), "median": ("p.price", "")},
    ),
    "grouping sets": (
        (
            "SELECT o_id, p_id, sum(quantity) AS n, grouping(p_id) AS g FROM gold.i "
            "GROUP BY ROLLUP (o_id, p_id)"
        ),
        {
            "o_id": ("i.o_id", "i.p_id"),
            "p_id": ("i.p_id", "i.o_id"),
            "n": ("i.quantity", "i.o_id i.p_id"),
            "g": ("i.p_id", "i.o_id"),
        },
    ),
    "aggregate that is not a function": (
        "SELECT o_id, json_objectagg(p_id VALUE quantity) AS j FROM gold.i GROUP BY o_id",
        {"o_id": ("i.o_id", ""), "j": ("i.p_id i.quantity", "i.o_id")},
    ),
    "window": (
        "SELECT i_id, sum(quantity) OVER (PARTITION BY o_id ORDER BY i_id) AS n FROM gold.i",
        {"i_id": ("i.i_id", ""), "n": ("i.quantity", "i.o_id i.i_id")},
    ),
    "named window": (
        (
            "SELECT row_number() OVER w AS n FROM gold.i "
            "WINDOW w AS (PARTITION BY o_id ORDER BY price)"
        ),
        {"n": ("", "i.o_id i.price")},
    ),
    "distinct on": (
        "SELECT DISTINCT ON (o_id) o_id, price FROM gold.i ORDER BY o_id, i_id",
        {"o_id": ("i.o_id", "i.i_id"), "price": ("i.price", "i.o_id i.i_id")},
    ),
    "cte": (
        (
            "WITH a AS (SELECT o_id AS x FROM gold.o WHERE status = 'x'), "
            "b (y) AS (SELECT x FROM a) SELECT y + 1 AS z FROM b"
        ),
        {"z": ("o.o_id", "o.status")},
    ),
    "recursive cte": (
        (
            "WITH RECURSIVE t (n, path) AS (SELECT p_id, name FROM gold.p UNION ALL "
            "SELECT t.n + i.quantity, t.path FROM t INNER JOIN gold.i ON t.n = i.p_id) "
            "SELECT n, path FROM t"
        ),
        {"n": ("p.p_id i.quantity", "i.p_id"), "path": ("p.name", "p.p_id i.p_id")},
    ),
    "subquery in from": (
        "SELECT s.n FROM (SELECT o_id, max(price) AS n FROM gold.i GROUP BY o_id) AS s",
        {"n": ("i.price", "i.o_id")},
    ),
    "union": (
        (
            "SELECT o_id AS id, status AS word FROM gold.o UNION ALL SELECT p_id, name FROM gold.p "
            "WHERE price > 0"
        ),
        {"id": ("o.o_id p.p_id", "p.price"), "word": ("o.status p.name", "p.price")},
    ),
    "except": (
        "SELECT o_id FROM gold.o EXCEPT SELECT o_id FROM gold.i",
        {"o_id": ("o.o_id", "i.o_id")},
    ),
    "limit of a union": (
        "(SELECT o_id FROM gold.o UNION SELECT o_id FROM gold.i) ORDER BY 1 LIMIT 3",
        {"o_id": ("o.o_id i.o_id", "")},
    ),
    "scalar subquery": (
        (
            "SELECT o.status, (SELECT max(i.price) FROM gold.i WHERE i.o_id = o.o_id) AS dearest "
            "FROM gold.o"
        ),
        {"status": ("o.status", ""), "dearest": ("i.price", "i.o_id o.o_id")},
    ),
    "exists": (
        "SELECT p.name FROM gold.p WHERE EXISTS (SELECT FROM gold.i WHERE i.p_id = p.p_id)",
        {"name": ("p.name", "i.p_id p.p_id")},
    ),
    "in": (
        "SELECT p_id IN (SELECT i.p_id FROM gold.i) AS sold FROM gold.p",
        {"sold": ("p.p_id i.p_id", "")},
    ),
    "row in": (
        "SELECT name FROM gold.p WHERE (p_id, price) = (SELECT i.p_id, i.price FROM gold.i)",
        {"name": ("p.name", "p.p_id p.price i.p_id i.price")},
    ),
    "lateral": (
        (
            "SELECT o.status, l.price FROM gold.o CROSS JOIN LATERAL ("
            "SELECT i.price FROM gold.i WHERE i.o_id = o.o_id ORDER BY i.i_id LIMIT 1) AS l"
        ),
        {
            "status": ("o.status", "i.o_id o.o_id i.i_id"),
            "price": ("i.price", "i.o_id o.o_id i.i_id"),
        },
    ),
    "function in from": (
        (
            "SELECT p.p_id, w.word, w.n FROM gold.p "
            "CROSS JOIN LATERAL regexp_split_to_table(p.name, ' ') WITH ORDINALITY AS w (word, n)"
        ),
        {"p_id": ("p.p_id", "p.name"), "word": ("p.name", ""), "n": ("p.name", "")},
    ),
    "function that returns a set": (
        "SELECT p_id, unnest(string_to_array(name, ' ')) AS word FROM gold.p",
        {"p_id": ("p.p_id", ""), "word": ("p.name", "")},
    ),
    "view": (
        "SELECT label FROM gold.v WHERE cheap",
        {"label": ("v.label", "v.cheap")},
    ),
    "inner view": ("SELECT label FROM gold.w", {"label": ("p.name", "p.price")}),
    "function of the project": (
        "SELECT o.status, gold.dearest() AS d FROM gold.o",
        {"status": ("o.status", "i.price"), "d": ("", "i.price")},
    ),
    "whole row": (
        "SELECT p_id, to_jsonb(p) AS j FROM gold.p AS p",
        {"p_id": ("p.p_id", ""), "j": ("p.p_id p.name p.price", "")},
    ),
    "left to PostgreSQL": (
        (
            "SELECT x.name, p.p_id FROM gold.p CROSS JOIN LATERAL json_table("
            "json_object('a': p.name), '$' COLUMNS (name text PATH '$.a')) AS x"
        ),
        {"name": ("p.name", "p.p_id"), "p_id": ("p.p_id", "p.name")},
    ),
    "left to PostgreSQL, with a row": (
        (
            "SELECT x.a FROM gold.o CROSS JOIN LATERAL json_table("
            "to_json(o), '$' COLUMNS (a text PATH '$.status')) AS x"
        ),
        {"a": ("", "o.o_id o.status")},
    ),
}


@pytest.fixture(scope="module")
def owner(servers: Servers) -> Iterator[psycopg.Connection]:
    name = servers.create_database("warehouse", "bare")
    with psycopg.connect(servers.url("warehouse", "admin", name)) as connection:
        connection.execute(
            "CREATE SCHEMA gold; "
            "CREATE TABLE gold.o (o_id integer PRIMARY KEY, status text); "
            "CREATE TABLE gold.p (p_id integer PRIMARY KEY, name text, price numeric); "
            "CREATE TABLE gold.i (i_id integer PRIMARY KEY, o_id integer, p_id integer, "
            "quantity integer, price numeric); "
            "CREATE VIEW gold.v AS SELECT name AS label, price < 5 AS cheap FROM gold.p; "
            "CREATE VIEW gold.w AS SELECT name AS label FROM gold.p WHERE price > 5; "
            "CREATE FUNCTION gold.dearest() RETURNS numeric LANGUAGE sql "
            "BEGIN ATOMIC SELECT max(price) FROM gold.i; END"
        )
        yield connection
    servers.drop_database("warehouse", name)


def traced(owner: psycopg.Connection, select: str) -> Lineage:
    with owner.transaction(force_rollback=True):
        owner.execute(f"CREATE VIEW gold.definition AS {select}".encode())
        owner.execute("SET LOCAL search_path = pg_catalog, pg_temp")
        row = owner.execute("SELECT pg_get_viewdef('gold.definition'::regclass)").fetchone()
        assert row is not None
        catalog = read_catalog(owner, ["gold.definition"])
        return lineage_of_definition(owner, "gold.definition", row[0], catalog, {"gold.v"})


def origins(words: str) -> frozenset[Origin]:
    return frozenset(Origin(f"gold.{t}", c) for t, c in (word.split(".") for word in words.split()))


@pytest.mark.parametrize("case", CASES)
def test_lineage_of_every_kind_of_select(owner: psycopg.Connection, case: str) -> None:
    select, expected = CASES[case]
    found = {name: (s.direct, s.indirect) for name, s in traced(owner, select).items()}
    assert found == {n: (origins(d), origins(i)) for n, (d, i) in expected.items()}
