"""The writer of a table: one statement that writes what differs, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from fdwarehouse.compiler.changes import AFTER
from fdwarehouse.compiler.expressions import indent, wrapped
from fdwarehouse.compiler.plan import Plan
from fdwarehouse.compiler.printing import Printer
from fdwarehouse.compiler.tree import (
    Column,
    Definition,
    Item,
    Literal,
    Output,
    Select,
    SetOperation,
    Step,
    operation,
)
from fdwarehouse.identifiers import ident, literal, qualified


@dataclass(frozen=True)
class Target:
    """The table that is written."""

    schema: str
    name: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    """Name and type of each column of the definition, in order."""
    logged: tuple[str, ...] = ()
    """Columns of its change log; none where nobody reads one."""
    work_mem: str = "64MB"

    @property
    def qualified(self) -> str:
        """Its name, as SQL writes it."""
        return qualified(self.schema, self.name)

    @property
    def definition(self) -> str:
        """The view with its definition, as SQL writes it."""
        return qualified(self.schema, f"{self.name}_definition")

    @property
    def log(self) -> str:
        """Its change log, as SQL writes it."""
        return qualified(self.schema, f"{self.name}_changes")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns."""
        return tuple(name for name, _ in self.columns)

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the columns beside the key."""
        return tuple(n for n in self.names if n not in self.key)


def writer(target: Target, plan: Plan) -> str:
    """Write the function that brings a table up to date.

    Args:
        target: the table.
        plan: how its rows are found.
    """
    printer = Printer()
    expected = printer.read(_expected_rows(target, plan))
    scope = printer.read(plan.affected) if plan.affected else None
    assert expected == "expected_rows"
    ctes = [*printer.with_clause(), *_difference(target, plan, scope)]
    body = ",\n\n".join(ctes)
    name = qualified(target.schema, f"write_{target.name}")
    how = plan.describe().replace("'", "''")
    return f"""\
CREATE FUNCTION {name}(p_run_id bigint, p_after_run_id bigint)
RETURNS etl.row_counts
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
SET work_mem = {literal(target.work_mem)}
SET plan_cache_mode = force_custom_plan
BEGIN ATOMIC
{indent("WITH " + body)}

    SELECT
        (SELECT count(*) FROM expected_rows) AS rows_read,
        (SELECT count(*) FROM inserted_rows) AS rows_inserted,
        {"(SELECT count(*) FROM updated_rows)" if target.values else "0::bigint"} AS rows_updated,
        (SELECT count(*) FROM removed_rows) AS rows_deleted,
        0::bigint AS rows_rejected;
END;
COMMENT ON FUNCTION {name} IS
'Brings {target.qualified.replace("'", "''")} up to its definition. It is {how}. Arguments: the run; \
changes of later runs than this one are read, 0 for everything. Returns counts.';
"""


def _expected_rows(target: Target, plan: Plan) -> Step:
    everything = Select(
        tuple(Output(n, Column("s", n)) for n in target.names),
        (Item("s", Definition(target.definition, target.names)),),
    )
    comment = "Rows as they should be: those affected, or all."
    if plan.expected is None:
        return Step("expected_rows", "All rows, as they should be.", everything)
    all_rows = Select(
        everything.outputs, everything.items, (operation("=", AFTER, Literal(0)),)
    )
    return Step("expected_rows", comment, SetOperation("UNION", True, plan.expected, all_rows))


def _listed(names: tuple[str, ...], alias: str | None = None) -> list[str]:
    return [f"{alias}.{ident(n)}" if alias else ident(n) for n in names]


def _image(names: tuple[str, ...], alias: str) -> str:
    return f"row(\n{indent(wrapped(_listed(names, alias), 80))}\n)"


def _same(left: str, right: str, key: tuple[str, ...]) -> str:
    return " AND ".join(f"{left}.{ident(k)} = {right}.{ident(k)}" for k in key)


def _difference(target: Target, plan: Plan, scope: str | None) -> list[str]:
    parts = [_inserted(target)]
    if target.values:
        parts.append(_updated(target))
    parts.append(_gone(target, plan, scope))
    if not plan.is_key_unique:
        parts.append(_duplicates(target))
    parts.append(_removed(target, plan))
    if target.logged:
        parts += _logged(target)
    return parts


def _inserted(target: Target) -> str:
    returning = wrapped([f"new.{ident(c)}" for c in target.logged] or ["1"], 1)
    return f"""\
inserted_rows AS (
    INSERT INTO {target.qualified} AS t (
{indent(wrapped([*_listed(target.names), "_run_id"], 80), 8)}
    )
    SELECT
        s.*,
        p_run_id
    FROM expected_rows AS s
    WHERE NOT EXISTS (SELECT FROM {target.qualified} AS t WHERE {_same("t", "s", target.key)})
    ORDER BY {", ".join(_listed(target.key, "s"))} -- an index that is filled in order is filled fast
    RETURNING
{indent(returning, 8)}
)"""


def _updated(target: Target) -> str:
    old = [f"old.{ident(c)} AS {ident('old_' + c)}" for c in target.logged]
    new = [f"new.{ident(c)}" for c in target.logged]
    assigned = wrapped([*_listed(target.values), "_run_id"], 80)
    values = wrapped([*_listed(target.values, "s"), "p_run_id"], 80)
    return f"""\
updated_rows AS (
    UPDATE {target.qualified} AS t
    SET (
{indent(assigned, 8)}
    ) = row(
{indent(values, 8)}
    )
    FROM expected_rows AS s
    WHERE
        {_same("t", "s", target.key)}
        AND record_image_ne(
{indent(_image(target.values, "t") + "," + chr(10) + _image(target.values, "s"), 12)}
        )
    RETURNING
{indent(wrapped([*old, *new] or ["1"], 1), 8)}
)"""


def _gone(target: Target, plan: Plan, scope: str | None) -> str:
    keys = wrapped(_listed(target.key, "t"), 1)
    lines = f"SELECT {keys}" if len(target.key) == 1 else f"SELECT\n{indent(keys)}"
    source = wrapped(_listed(target.key, "s"), 1)
    expected = f"SELECT {source}" if len(target.key) == 1 else f"SELECT\n{indent(source)}"
    old = f"{lines}\nFROM {target.qualified} AS t"
    if scope:
        joined = f"{lines}\nFROM {ident(scope)} AS d\nINNER JOIN {target.qualified} AS t\n"
        joined += f"    ON {_same('d', 't', plan.key)}"
        old = f"{joined}\nUNION ALL\n{old}\nWHERE p_after_run_id = 0"
    body = f"{old}\nEXCEPT\n{expected}\nFROM expected_rows AS s"
    return f"gone_keys AS (\n{indent(body)}\n)"


def _duplicates(target: Target) -> str:
    pairs = wrapped([f"{literal(k)}, s.{ident(k)}" for k in target.key], 1)
    return f"""\
duplicates AS (
    SELECT
        jsonb_build_object(
{indent(pairs, 12)}
        ) AS key,
        count(*) AS row_count
    FROM expected_rows AS s
    GROUP BY {", ".join(_listed(target.key, "s"))}
    HAVING count(*) > 1
    ORDER BY row_count DESC
    LIMIT 1
)"""


def _removed(target: Target, plan: Plan) -> str:
    check = ""
    if not plan.is_key_unique:
        check = f"""
        AND (
            SELECT
                etl.refuse_twins(
                    {literal(target.qualified)},
                    x.key,
                    x.row_count,
                    'Its SELECT has to return one row per key.'
                )
            FROM duplicates AS x
        ) IS NULL"""
    returning = wrapped([f"t.{ident(c)}" for c in target.logged] or ["1"], 1)
    where = f"WHERE {_same('t', 'g', target.key)}"
    if check:
        where = f"WHERE\n        {_same('t', 'g', target.key)}{check}"
    return f"""\
removed_rows AS (
    DELETE FROM {target.qualified} AS t
    USING gone_keys AS g
    {where}
    RETURNING
{indent(returning, 8)}
)"""


def _logged(target: Target) -> list[str]:
    names = wrapped(_listed(target.logged), 80)
    new = wrapped(["1", *_listed(target.logged, "u")], 80)
    old = wrapped(["-1", *[f"u.{ident('old_' + c)}" for c in target.logged]], 80)
    updated = f"""
    UNION ALL
    SELECT i.*
    FROM updated_rows AS u
    CROSS JOIN LATERAL (
        VALUES
        ({new}),
        ({old})
    ) AS i
    WHERE
        record_image_ne(
{indent(_image(target.logged, "u"), 12)},
{indent(_image(tuple("old_" + c for c in target.logged), "u"), 12)}
        )""" if target.values else ""
    readers = "model LIKE 'gold.%'" + (" OR model LIKE 'silver.%'" if target.schema == "silver" else "")
    return [
        f"""\
images AS (
    SELECT
        1 AS sign,
        i.*
    FROM inserted_rows AS i{updated}
    UNION ALL
    SELECT
        -1 AS sign,
        r.*
    FROM removed_rows AS r
)""",
        f"""\
logged_images AS (
    INSERT INTO {target.log} (
        run_id, sign,
{indent(names, 8)}
    )
    SELECT
        p_run_id,
        i.*
    FROM images AS i
    WHERE p_after_run_id > 0 -- after a full build all that reads it is full too
    RETURNING 1
)""",
        f"""\
forgotten_images AS (
    DELETE FROM {target.log}
    WHERE
        run_id <= (SELECT min(run_id) FROM etl.watermarks WHERE {readers})
        AND EXISTS (SELECT FROM logged_images)
)""",
    ]
