"""Functions, operators, types and views that an attacker plants where names are looked up."""

from psycopg import sql

from tests.harness import Database

# With names that the mechanics use, and arguments that match better than those of pg_catalog.
FUNCTIONS = [
    *("format(text, text)", "format(text, name)", "format(text, regclass)", "format(text, bigint)"),
    *("format(text, text, text)", "concat_ws(text, text, text)", "quote_literal(varchar)"),
    *("quote_ident(varchar)", "quote_nullable(varchar)", "btrim(varchar)", "lower(varchar)"),
    *("initcap(varchar)", "upper(varchar)", "to_regclass(varchar)", "to_regrole(varchar)"),
    *("set_config(varchar, varchar, boolean)", "current_setting(varchar, boolean)"),
    *("clock_timestamp()", "now()", "pg_backend_pid()", "current_database()", "pg_sleep(integer)"),
    *("array_position(text[], varchar)", "cardinality(varchar[])", "replace(text, text, varchar)"),
    *("hashtext(varchar)", "to_char(timestamp, varchar)", "unnest(varchar[])"),
]
OPERATORS = [
    f"{name} ({left}, {right})"
    for name in ("=", "<>", "<", "||")
    for left, right in (
        *(("varchar", "varchar"), ("text", "text"), ("text", "varchar"), ("name", "text")),
        *(("bigint", "bigint"), ("integer", "integer"), ("bigint", "integer"), ("name", "name")),
    )
] + ["~ (text, text)", "!~ (text, text)", "= (text[], text[])", "!~ (varchar, text)"]
TYPES = ["text", "jsonb", "regclass", "name", "timestamptz", "oid"]
RELATIONS = ["pg_locks", "pg_class", "pg_attribute", "pg_namespace", "runs", "models"]
CALLS = "public.trap_calls"


def open_public(database: Database) -> None:
    """Let all roles create objects in `public`, as before PostgreSQL 15, and count the calls."""
    database.execute(
        "GRANT ALL ON SCHEMA public TO PUBLIC",
        f"CREATE SEQUENCE {CALLS}",
        f"GRANT ALL ON SEQUENCE {CALLS} TO PUBLIC",
        """
        CREATE FUNCTION public.trap_was_sprung() RETURNS boolean LANGUAGE plpgsql AS
        $$BEGIN PERFORM pg_catalog.nextval('public.trap_calls'); RETURN true; END$$
        """,
        role="admin",
    )


def plant(database: Database, schema: str, *, role: str = "admin") -> None:
    """Create every trap that is not a relation in a schema."""
    where = sql.Identifier(schema).as_string()
    springs = "public.trap_was_sprung()"
    statements = [
        f"CREATE DOMAIN {where}.{type_} AS pg_catalog.{type_} CHECK ({springs})" for type_ in TYPES
    ]
    for function in FUNCTIONS:
        head = f"CREATE FUNCTION {where}.{_qualified(function)} RETURNS pg_catalog.text"
        body = f"BEGIN PERFORM {springs}; RETURN NULL; END"
        statements.append(f"{head} LANGUAGE plpgsql AS $${body}$$")
    for number, operator in enumerate(OPERATORS):
        name, _, operands = operator.partition(" ")
        left, right = _qualified(operands)[1:-1].split(", ")
        trap = f"{where}.trap_{number}"
        head = f"CREATE FUNCTION {trap}({left}, {right}) RETURNS boolean"
        made_of = f"FUNCTION = {trap}, LEFTARG = {left}, RIGHTARG = {right}"
        statements.append(f"{head} LANGUAGE plpgsql AS $$BEGIN RETURN {springs}; END$$")
        statements.append(f"CREATE OPERATOR {where}.{name} ({made_of})")
    for statement in statements:
        database.rows(statement, role=role)


def is_sprung(database: Database) -> bool:
    """Return whether any trap has been called, even if the call was rolled back."""
    return bool(database.value(f"SELECT is_called FROM {CALLS}", role="admin"))


def _qualified(signature: str) -> str:
    """Name the types of arguments so that they are PostgreSQL's own."""
    for type_ in ("timestamp", "text", "name", "regclass", "varchar"):
        head, parenthesis, arguments = signature.partition("(")
        signature = (
            head
            + parenthesis
            + ", ".join(
                argument.replace(type_, f"pg_catalog.{type_}", 1)
                if argument.rstrip("[])").strip() == type_
                else argument
                for argument in arguments.split(", ")
            )
        )
    return signature
